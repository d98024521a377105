//! The answers of `herd status` as tables for a person, at most 100 columns wide for names as
//! long as ours: what each server holds, what it does, how its loop fares, and its links.

use super::asking::Answer;
use super::failure::one_line;
use super::status::cell;
use super::table::{row, table};
use crate::topology::Topology;
use serde_json::Value;

/// Where a list of links goes on in the next line.
const COLUMNS: usize = 100;

/// All of it, with a line for each problem at its end; `differing` are such lines already.
pub(super) fn text(topology: &Topology, answers: &[Answer], differing: &[String]) -> String {
    let servers = || topology.servers.iter().zip(answers);
    let up: Vec<(&str, &Value)> = servers()
        .filter_map(|(server, answer)| match answer {
            Answer::Up(status) => Some((server.name.as_str(), status)),
            Answer::Down(_) | Answer::Plain => None,
        })
        .collect();
    let mut holdings = vec![row([
        "server", "up since", "clients", "known", "digest", "lookups", "journal",
    ])];
    holdings.extend(servers().map(|(server, answer)| match answer {
        Answer::Up(status) => holding(&server.name, status),
        Answer::Down(_) => row([&server.name, "down"]),
        Answer::Plain => row([&server.name, "plain"]),
    }));
    let mut out = table(&holdings);
    if !up.is_empty() {
        out += &format!("\n{}", table(&with_head(&DOINGS, &up, doing)));
        out += &format!("\n{}", table(&with_head(&FARINGS, &up, faring)));
        out += &format!("\n{}", links(&up));
    }
    let mut ends = String::new();
    for (server, answer) in servers() {
        if let Answer::Down(why) = answer {
            ends += &format!("{} is down: {}\n", server.name, one_line(why));
        }
    }
    for line in differing {
        ends += &format!("{}\n", one_line(line));
    }
    for (name, status) in &up {
        for file in ["journal", "log"] {
            if let Some(why) = status[file]["why"].as_str() {
                ends += &format!("{name} cannot write its {file}: {}\n", one_line(why));
            }
        }
        let hits = status["limits_hit"].as_object().into_iter().flatten();
        for (limit, count) in hits {
            ends += &format!("{name} hit its limit {} {count} times\n", one_line(limit));
        }
    }
    match ends.is_empty() {
        true => out,
        false => format!("{out}\n{ends}"),
    }
}

fn with_head(
    head: &[&str],
    up: &[(&str, &Value)],
    row: fn(&str, &Value) -> Vec<String>,
) -> Vec<Vec<String>> {
    let mut rows = vec![head.iter().map(|cell| cell.to_string()).collect()];
    rows.extend(up.iter().map(|(name, status)| row(name, status)));
    rows
}

fn holding(name: &str, status: &Value) -> Vec<String> {
    let (lookups, journal) = (&status["lookups"], &status["journal"]);
    let lookups = match lookups["failed"].as_u64() {
        None | Some(0) => cell(&lookups["in_flight"]),
        Some(failed) => format!("{}, {failed} failed", cell(&lookups["in_flight"])),
    };
    let journal = match journal["lines"].as_u64() {
        None | Some(0) => cell(&journal["state"]),
        Some(lines) => format!("{}, {lines} lines", cell(&journal["state"])),
    };
    row([
        name,
        &cell(&status["up_since"]),
        &cell(&status["clients"]),
        &cell(&status["known"]),
        &cell(&status["digest"]),
        &lookups,
        &journal,
    ])
}

/// Per second of late, and since the start.
const DOINGS: [&str; 9] = [
    "server",
    "IAMAT/s",
    "in all",
    "WHATSAT/s",
    "in all",
    "AT in/s",
    "in all",
    "AT out/s",
    "in all",
];

fn doing(name: &str, status: &Value) -> Vec<String> {
    let mut row = row([name]);
    for verb in ["iamat", "whatsat", "at_in", "at_out"] {
        row.extend([cell(&status["rates"][verb]), cell(&status["totals"][verb])]);
    }
    row
}

/// The loop of late; the longest turn also since the start.
const FARINGS: [&str; 10] = [
    "server",
    "turns/s",
    "events/turn",
    "longest",
    "ever",
    "wait",
    "read",
    "node",
    "flush",
    "log",
];

fn faring(name: &str, status: &Value) -> Vec<String> {
    let account = &status["loop"];
    let mut row = row([
        name,
        &cell(&status["turns_per_second"]),
        &cell(&account["events_per_turn"]),
        &time(&status["longest_turn_us"]),
        &time(&account["longest_turn_us_ever"]),
    ]);
    for phase in ["wait", "read", "node", "flush", "log"] {
        let share = account["shares"][phase].as_f64();
        row.push(share.map_or("-".to_string(), |share| format!("{:.1} %", share * 100.0)));
    }
    row
}

/// Microseconds, for a person.
fn time(field: &Value) -> String {
    match field.as_u64() {
        None => "-".to_string(),
        Some(us @ 0..1_000) => format!("{us} µs"),
        Some(us) => format!("{:.1} ms", us as f64 / 1e3),
    }
}

/// Each server's links, as many in a line as fit.
fn links(up: &[(&str, &Value)]) -> String {
    let mut rows = vec![row(["server", "links"])];
    let names = up.iter().map(|(name, _)| name.chars().count());
    let width = COLUMNS.saturating_sub(names.max().unwrap_or_default().max("server".len()) + 2);
    for (name, status) in up {
        let mut line = String::new();
        let mut name = *name;
        for link in status["links"].as_array().into_iter().flatten() {
            let link = link_text(link);
            if !line.is_empty() && line.chars().count() + 2 + link.chars().count() > width {
                rows.push(row([name, &format!("{line},")]));
                (name, line) = ("", String::new());
            }
            line += if line.is_empty() { "" } else { ", " };
            line += &link;
        }
        rows.push(row([name, if line.is_empty() { "none" } else { &line }]));
    }
    table(&rows)
}

fn link_text(link: &Value) -> String {
    let mut text = format!("{} {}", cell(&link["name"]), cell(&link["state"]));
    match link["lag"].as_u64() {
        None | Some(0) => {}
        Some(lag) => text += &format!(" ({lag} behind)"),
    }
    if link["hears"] == false && link["state"] != "plain" {
        text += " (not heard)";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(links: Value) -> Value {
        json!({
            "up_since": "2026-03-02T20:52:15Z", "clients": 2, "known": 1000,
            "digest": "ad3a063add3bf23b", "links": links,
            "lookups": {"in_flight": 1, "failed": 2},
            "totals": {"iamat": 10, "whatsat": 20, "at_in": 30, "at_out": 40},
            "rates": {"iamat": 1.5, "whatsat": 0.0, "at_in": 3.0, "at_out": 4.0},
            "turns_per_second": 12.5, "longest_turn_us": 850,
            "loop": {
                "events_per_turn": 1.25, "longest_turn_us_ever": 12345,
                "shares": {"wait": 0.9, "read": 0.05, "node": 0.03, "flush": 0.02, "log": 0.0},
            },
            "journal": {"state": "on", "lines": 7, "bytes": 900},
            "log": {"state": "failing", "why": "no\nroom", "lost": 5},
            "limits_hit": {"clients": 3},
        })
    }

    #[test]
    fn a_herd_is_shown_in_tables() {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server Old ::1 clients=7 plain\nlink A B\nlink A Old\n";
        let topology = Topology::parse("t", text.as_bytes()).unwrap();
        let links = json!([
            {"name": "B", "state": "dialling", "lag": 5, "hears": false},
            {"name": "Old", "state": "plain", "lag": 0, "hears": false},
        ]);
        let down = Answer::Down("nobody\nlistens".into());
        let answers = [Answer::Up(status(links)), down, Answer::Plain];
        let want = "\
server  up since              clients  known  digest            lookups      journal
A       2026-03-02T20:52:15Z  2        1000   ad3a063add3bf23b  1, 2 failed  on, 7 lines
B       down
Old     plain

server  IAMAT/s  in all  WHATSAT/s  in all  AT in/s  in all  AT out/s  in all
A       1.5      10      0.0        20      3.0      30      4.0       40

server  turns/s  events/turn  longest  ever     wait    read   node   flush  log
A       12.5     1.25         850 µs   12.3 ms  90.0 %  5.0 %  3.0 %  2.0 %  0.0 %

server  links
A       B dialling (5 behind) (not heard), Old plain

B is down: nobody\\nlistens
digests differ
A cannot write its log: no\\nroom
A hit its limit clients 3 times
";
        assert_eq!(
            super::text(&topology, &answers, &["digests differ".into()]),
            want
        );
    }

    #[test]
    fn many_links_take_several_lines_and_missing_fields_show() {
        let link = |number| json!({"name": format!("neighbour{number}"), "state": "up", "lag": 0});
        let many = status((0..20).map(link).collect());
        let text = links(&[("hub", &many), ("lonely", &Value::Null)]);
        assert!(
            text.lines().all(|line| line.chars().count() <= COLUMNS),
            "{text}"
        );
        assert_eq!(text.matches("neighbour").count(), 20);
        assert!(
            text.lines().count() > 3 && text.ends_with("lonely  none\n"),
            "{text}"
        );
        assert_eq!(
            holding("x", &Value::Null),
            row(["x", "-", "-", "-", "-", "-", "-"])
        );
    }
}
