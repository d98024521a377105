//! `herd up --follow`: the lines of all logs as they are written, in the order of their times.
//!
//! The logs are files in any case, so they are the source: servers notice nothing of a reader, and
//! what a slow terminal does not take stays in the files. Lines that only keep links alive are left
//! out.

use std::net::SocketAddr;

use super::members::Herd;
use super::tail::Tail;
use crate::limits::{LIMITS, count};
use crate::terminal::{Colour, Screen, one_line};

/// Lines between servers that are no news of a client.
const HEARTBEATS: [&str; 7] = [
    "HELLO", "AUTH", "SINCE", "MARK", "COMPARE", "DIGESTS", "AUDIT",
];
/// Ends of lines about the connections of clients that come, say something and go.
const COMINGS: [&str; 2] = [" opened at the clients' door", " closed: done"];

const COLOURS: [Colour; 5] = [
    Colour::Green,
    Colour::Cyan,
    Colour::Magenta,
    Colour::Blue,
    Colour::Yellow,
];

/// The logs of all members.
pub struct Follow {
    /// The name of each, padded and perhaps coloured.
    logs: Vec<(String, Tail)>,
    /// How many characters of a line are shown after the name.
    width: usize,
}

/// A line of a log.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    /// As text, which sorts like the times.
    time: String,
    text: String,
}

impl Follow {
    /// Follows the logs from their ends.
    pub fn new(herd: &Herd) -> Follow {
        let names: Vec<&str> = (0..herd.members.len()).map(|it| herd.name(it)).collect();
        let longest = names.iter().map(|it| it.chars().count()).max();
        let longest = longest.unwrap_or(0);
        let screen = Screen::here();
        let is_coloured = screen.is_some_and(|screen| screen.has_colour);
        let shown = |place: usize| {
            let name = format!("{:longest$}", names[place]);
            match is_coloured {
                true => COLOURS[place % COLOURS.len()].paint(&name),
                false => name,
            }
        };
        let logs = herd.members.iter().enumerate();
        let logs = logs.map(|(place, member)| (shown(place), Tail::new(&member.log)));
        // A pipe's reader can cut lines by itself.
        let columns = screen.map_or(LIMITS.child_line, |screen| screen.columns);
        Follow {
            logs: logs.collect(),
            width: columns.saturating_sub(longest + 2),
        }
    }

    /// The news since the last look, as far as it can be shown.
    pub fn text(&mut self) -> String {
        let mut shown: Vec<(Line, &str)> = Vec::new();
        let mut notes = Vec::new();
        for (name, tail) in &mut self.logs {
            let (mut lines, mut bytes) = (0, 0);
            let (mut few, mut more) = (Vec::new(), 0);
            let skipped = tail.read(|line| {
                (lines, bytes) = (lines + 1, bytes + line.len() as u64 + 1);
                match news(&line) {
                    Some(line) if few.len() < LIMITS.follow_lines => few.push(line),
                    line => more += u64::from(line.is_some()),
                }
            });
            shown.extend(few.into_iter().map(|line| (line, &**name)));
            // Bytes that were not read held about as many lines as those that were.
            let unread = (skipped * lines).checked_div(bytes).unwrap_or(0);
            if more + unread > 0 {
                let about = if unread > 0 { "about " } else { "" };
                let lines = count(more + unread);
                notes.push(format!("{name}  ... {about}{lines} more lines skipped\n"));
            }
        }
        // Lines of the same time, such as those of one turn, stay as they are.
        shown.sort_by(|(one, _), (other, _)| one.time.cmp(&other.time));
        let width = self.width;
        let lines = shown.iter();
        let lines = lines.map(|(line, name)| format!("{name}  {}\n", cut(&line.text, width)));
        within(LIMITS.follow_text, lines.chain(notes))
    }
}

/// As many of the lines as have room in this number of bytes, and how many have not.
fn within(most: usize, lines: impl Iterator<Item = String>) -> String {
    let (mut text, mut more) = (String::new(), 0);
    for line in lines {
        match more == 0 && text.len() + line.len() <= most {
            true => text += &line,
            false => more += 1,
        }
    }
    match more {
        0 => text,
        _ => text + &format!("... {} more lines skipped\n", count(more)),
    }
}

/// A line of a log, unless it is no news.
fn news(line: &str) -> Option<Line> {
    let mut parts = line.splitn(3, ' ');
    let (time, level, text) = match [parts.next(), parts.next(), parts.next()] {
        [Some(time), Some(level), Some(text)] if level.starts_with('[') => (time, level, text),
        // A line that somebody else has written there.
        _ => ("", "", line),
    };
    let mut words = text.split(' ');
    // A client has an address instead of a name, and may say anything.
    let is_server = words
        .next()
        .is_some_and(|who| who.parse::<SocketAddr>().is_err());
    let is_between_servers = is_server && matches!(words.next(), Some("<" | ">"));
    let is_heartbeat =
        is_between_servers && words.next().is_some_and(|it| HEARTBEATS.contains(&it));
    if is_heartbeat || COMINGS.iter().any(|end| text.ends_with(end)) {
        return None;
    }
    let level = match level {
        "[WARN]" => "warning: ",
        "[ERROR]" => "error: ",
        _ => "",
    };
    Some(Line {
        // Digits that are left out at the end are noughts.
        time: time.trim_end_matches('Z').to_string(),
        text: one_line(&format!("{level}{text}")),
    })
}

/// A line of at most `width` characters.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text
            .chars()
            .take(width.saturating_sub(3))
            .chain("...".chars())
            .collect(),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_are_no_news() {
        let text = |line: &str| news(&format!("2026-11-26T03:24:17.35Z {line}")).map(|it| it.text);
        for line in [
            "[INFO] Bob < HELLO Bob Ann 1 2 - compare=1",
            "[INFO] Bob > MARK 1 1 bc9e7e96861a8efa",
            "[INFO] Bob < SINCE 1 1 1 bc9e time=1",
            "[INFO] 127.0.0.1:3 opened at the clients' door",
            "[INFO] 127.0.0.1:3 closed: done",
        ] {
            assert_eq!(text(line), None, "{line}");
        }
        for (line, want) in [
            ("[INFO] Bob > AT A +1 k +1+1 1", "Bob > AT A +1 k +1+1 1"),
            ("[INFO] 127.0.0.1:3 < MARK", "127.0.0.1:3 < MARK"),
            ("[WARN] link to Bob down", "warning: link to Bob down"),
            ("[INFO] a < \u{1b}[2J", "a < \\u{1b}[2J"),
        ] {
            assert_eq!(text(line).as_deref(), Some(want), "{line}");
        }
        assert_eq!(news("my poems").unwrap().text, "my poems");
    }

    #[test]
    fn long_lines_are_cut() {
        assert_eq!(cut("éabcdef", 7), "éabcdef");
        assert_eq!(cut("éabcdefg", 7), "éabc...");
        assert_eq!(cut("éabcdefg", 0), "...");
    }
    #[test]
    fn text_has_a_bound() {
        let lines = || {
            ["one\n", "two\n", "three\n", "4\n"]
                .into_iter()
                .map(String::from)
        };
        assert_eq!(within(16, lines()), "one\ntwo\nthree\n4\n");
        assert_eq!(within(10, lines()), "one\ntwo\n... 2 more lines skipped\n");
    }
}
