//! The words above and below the ladder of a way, and its picture.

use super::way::{Fate, Kind, Row, Way};
use crate::limits::count;
use crate::terminal::list;

/// The longest name, location or time that is shown whole.
const SHOWN: usize = 32;

/// Two lines: the client and its place, and the first arrival.
pub fn title(client: &str, way: &Way) -> [String; 2] {
    let [client, place, time] =
        [client, &way.key.location(), &way.key.time()].map(|text| cut(text, SHOWN));
    let at = way.begin;
    let first = match way.said() {
        Some((server, from)) => format!("{} heard it at {at} from {from}", cut(server, SHOWN)),
        None => format!(
            "{} heard it (in no log); first arrival at {at}",
            cut(&way.key.server(), SHOWN)
        ),
    };
    [format!("{client} at {place}, time {time}"), first]
}

/// The words below it: clocks that are wrong, how many lines there were, and who knew when.
pub fn notes(way: &Way) -> Vec<String> {
    let shifted = way.columns.iter().filter(|it| it.shift != 0);
    let mut notes: Vec<String> = shifted
        .map(|it| {
            let which = if it.shift > 0 { "behind" } else { "ahead" };
            let by = span(it.shift.abs());
            format!(
                "clock of {}: at least {by} {which}; shown shifted (~)",
                cut(&it.name, SHOWN)
            )
        })
        .collect();
    if way.is_contradictory {
        notes.push(
            "no shift of the clocks makes every arrow point forward, so none is made: a clock was \
             set meanwhile"
                .to_string(),
        );
    }
    let without = names(way, Fate::NoLog);
    if !without.is_empty() {
        let who = if without.len() == 1 { "it" } else { "they" };
        let names = list(without);
        notes.push(format!("no log of {names}: when {who} knew is not known"));
    }
    if way.more > 0 {
        let more = count(way.more);
        notes.push(format!(
            "{more} more lines, none of them news, are left out"
        ));
    }
    notes.push(format!("{}; {}", lines(way), knew(way)));
    notes
}

/// `7 lines, 4 of them news`.
fn lines(way: &Way) -> String {
    let told: Vec<&Row> = way.rows.iter().filter(|it| !is_said(it)).collect();
    let news = told.iter().filter(|it| it.is_news()).count();
    match told.len() as u64 + way.more {
        0 => "no lines between servers".to_string(),
        1 => format!("1 line, {}", if news == 1 { "news" } else { "no news" }),
        lines => format!(
            "{} lines, {} of them news",
            count(lines),
            count(news as u64)
        ),
    }
}

fn is_said(row: &Row) -> bool {
    matches!(row.kind, Kind::Said(_))
}

/// `all 5 knew after 226.3 µs`, or who did not.
fn knew(way: &Way) -> String {
    let [missed, newer] = [Fate::Missed, Fate::Newer].map(|fate| names(way, fate));
    let known: Vec<(i128, &str)> = way
        .columns
        .iter()
        .filter_map(|it| match it.fate {
            Fate::Knew(at) => Some((at, &it.name[..])),
            Fate::First => Some((0, &it.name[..])),
            _ => None,
        })
        .collect();
    let last = known.iter().map(|it| it.0).max().unwrap_or_default();
    let last = span(last);
    let which = match way.with(Fate::NoLog).is_empty() {
        true => "",
        false => " with a log",
    };
    let (count, all) = (known.len(), known.len() + missed.len() + newer.len());
    let mut text = match known[..] {
        [(_, name)] if all == 1 => format!("{} knew after {last}", cut(name, SHOWN)),
        _ if count == all => format!("all {all}{which} knew after {last}"),
        _ => format!("{count} of {all}{which} knew after {last}"),
    };
    if !newer.is_empty() {
        text += &format!("; {} heard a newer update first", list(newer));
    }
    if !missed.is_empty() {
        text += &format!("; {} did not hear it", list(missed));
    }
    text
}

/// The servers with this fate.
fn names(way: &Way, fate: Fate) -> Vec<String> {
    way.with(fate).iter().map(|name| cut(name, SHOWN)).collect()
}

/// `80 ns`, `226.3 µs`, `3.21 ms`, `12.30 s`, `3600 s`.
pub fn span(nanoseconds: i128) -> String {
    let value = nanoseconds as f64;
    match nanoseconds.unsigned_abs() {
        0 => "0 µs".to_string(),
        1..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", value / 1e6),
        1_000_000_000..100_000_000_000 => format!("{:.2} s", value / 1e9),
        _ => format!("{:.0} s", value / 1e9),
    }
}

/// A text of at most `most` characters.
pub fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 3).chain("...".chars()).collect(),
        false => text.to_string(),
    }
}

/// The words that a row needs beside its arrow.
pub fn label(row: &Row) -> String {
    match &row.kind {
        Kind::Said(_) => "IAMAT".to_string(),
        Kind::Plain(from, true) => format!("from {from}, plain"),
        Kind::Plain(from, false) => format!("from {from}, plain, again"),
        Kind::News => String::new(),
        Kind::Again => "again".to_string(),
        Kind::Older => "it knew a newer one".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_unit_that_reads_best() {
        for (nanoseconds, want) in [
            (0, "0 µs"),
            (999, "999 ns"),
            (226_349, "226.3 µs"),
            (-3_210_000, "-3.21 ms"),
            (12_300_000_000, "12.30 s"),
            (3_600_000_000_000, "3600 s"),
        ] {
            assert_eq!(span(nanoseconds), want);
        }
        assert_eq!([cut("abcde", 5), cut("abcdef", 5)], ["abcde", "ab..."]);
    }
}
