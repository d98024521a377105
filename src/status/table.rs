//! The answers as tables for a person: what each server holds, what it does, where the time of its
//! loop goes, and its links.

use serde_json::Value;

use super::answer::Answer;
use crate::terminal::{COLUMNS, one_line, row, table, wrap};
use crate::topology::Topology;

/// All tables, and then a line for each server that is down, each of `differing` and each complaint
/// of a server.
pub fn to_tables(topology: &Topology, answers: &[Answer], differing: &[String]) -> String {
    let servers = || topology.servers.iter().zip(answers);
    let up: Vec<(&str, &Value)> = servers()
        .filter_map(|(server, answer)| match answer {
            Answer::Up(status) => Some((server.name.as_str(), status)),
            Answer::Down(_) | Answer::Plain => None,
        })
        .collect();
    let mut holdings = vec![head(HOLDINGS)];
    holdings.extend(servers().map(|(server, answer)| match answer {
        Answer::Up(status) => holding(&server.name, status),
        Answer::Down(_) => row([&server.name, "down"]),
        Answer::Plain => row([&server.name, "plain"]),
    }));
    let mut parts = vec![table(&holdings)];
    if !up.is_empty() {
        parts.push(with_head(TRAFFIC, &up, traffic));
        parts.push(with_head(LOOP, &up, event_loop));
        parts.push(links(&up));
    }
    let mut notes: Vec<String> = servers()
        .filter_map(|(server, answer)| match answer {
            Answer::Down(why) => Some(format!("{} is down: {why}", server.name)),
            _ => None,
        })
        .collect();
    notes.extend_from_slice(differing);
    notes.extend(
        up.iter()
            .flat_map(|(name, status)| complaints(name, status)),
    );
    if !notes.is_empty() {
        parts.push(notes.iter().map(|note| one_line(note) + "\n").collect());
    }
    parts.join("\n")
}

/// The files that a server says it cannot write, and the limits that it has reached.
fn complaints(name: &str, status: &Value) -> Vec<String> {
    let files = ["journal", "log"].into_iter();
    let files = files.filter_map(|file| Some((file, status[file]["why"].as_str()?)));
    let files = files.map(|(file, why)| format!("{name} cannot write its {file}: {why}"));
    let limits = status["limits_hit"].as_object().into_iter().flatten();
    let limits = limits.map(|(limit, count)| {
        let times = match count.as_u64() {
            Some(1) => "once".to_string(),
            Some(2) => "twice".to_string(),
            _ => format!("{count} times"),
        };
        format!("{name} reached its limit {limit:?} {times}")
    });
    files.chain(limits).collect()
}

fn with_head(names: &str, up: &[(&str, &Value)], row: fn(&str, &Value) -> Vec<String>) -> String {
    let rows = up.iter().map(|(name, status)| row(name, status));
    table(&[head(names)].into_iter().chain(rows).collect::<Vec<_>>())
}

fn head(names: &str) -> Vec<String> {
    names.split('|').map(String::from).collect()
}

const HOLDINGS: &str = "server|up for|clients|known|digest|lookups|journal";

fn holding(name: &str, status: &Value) -> Vec<String> {
    let (lookups, journal) = (&status["lookups"], &status["journal"]);
    let lookups = match lookups["failed"].as_u64() {
        None | Some(0) => cell(&lookups["in_flight"]),
        Some(failed) => format!("{}, {failed} failed", cell(&lookups["in_flight"])),
    };
    let journal = match (cell(&journal["state"]), journal["lines"].as_u64()) {
        (state, Some(lines)) if state == "ok" => format!("{lines} lines"),
        (state, _) => state,
    };
    row([
        name,
        &age(&status["up_seconds"]),
        &cell(&status["clients"]),
        &cell(&status["known"]),
        &cell(&status["digest"]),
        &lookups,
        &journal,
    ])
}

/// Per second over the last seconds, and since the start.
const TRAFFIC: &str = "server|IAMAT/s|total|WHATSAT/s|total|AT in/s|total|AT out/s|total";

fn traffic(name: &str, status: &Value) -> Vec<String> {
    let verbs = ["iamat", "whatsat", "at_in", "at_out"].into_iter();
    let cells = verbs.flat_map(|verb| [&status["rates"][verb], &status["totals"][verb]]);
    [name.to_string()]
        .into_iter()
        .chain(cells.map(cell))
        .collect()
}

/// The loop over the last seconds; the longest turn also since the start.
const LOOP: &str = "server|turns/s|events/turn|longest|ever|wait|read|node|flush|log";

fn event_loop(name: &str, status: &Value) -> Vec<String> {
    let metrics = &status["loop"];
    let mut row = row([
        name,
        &cell(&status["turns_per_second"]),
        &cell(&metrics["events_per_turn"]),
        &duration(&status["longest_turn_us"]),
        &duration(&metrics["longest_turn_us_ever"]),
    ]);
    row.extend(["wait", "read", "node", "flush", "log"].map(|phase| {
        let share = metrics["shares"][phase].as_f64();
        share.map_or("-".to_string(), |share| format!("{:.1}%", share * 100.0))
    }));
    row
}

/// Each server's links, as many on a line as fit.
fn links(up: &[(&str, &Value)]) -> String {
    let names = up.iter().map(|(name, _)| name.chars().count());
    let width = names.chain(["server".len()]).max().unwrap_or_default() + 2;
    let mut rows = vec![row(["server", "links"])];
    for (name, status) in up {
        let links = status["links"].as_array().into_iter().flatten();
        let mut lines = wrap(links.map(link), ", ", COLUMNS.saturating_sub(width));
        if lines.is_empty() {
            lines.push("none".to_string());
        }
        let names = [*name].into_iter().chain(std::iter::repeat(""));
        rows.extend(names.zip(&lines).map(|(name, line)| row([name, line])));
    }
    table(&rows)
}

fn link(link: &Value) -> String {
    let lag = link["lag"].as_u64().filter(|lag| *lag > 0);
    let is_silent = link["hears"] == false && link["state"] != "plain";
    let remarks = [
        lag.map(|lag| format!("{lag} behind")),
        is_silent.then(|| "not heard".to_string()),
    ];
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    let text = format!("{} {}", cell(&link["name"]), cell(&link["state"]));
    match remarks.is_empty() {
        true => text,
        false => format!("{text} ({})", remarks.join(", ")),
    }
}

/// A field of a status as text; `-` if there is none.
fn cell(field: &Value) -> String {
    match field {
        Value::Null => "-".to_string(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

/// Seconds, for a person: the two largest units.
fn age(field: &Value) -> String {
    let Some(seconds) = field.as_u64() else {
        return "-".to_string();
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

/// Microseconds, for a person.
fn duration(field: &Value) -> String {
    match field.as_u64() {
        None => "-".to_string(),
        Some(us @ 0..1_000) => format!("{us} µs"),
        Some(us) => format!("{:.1} ms", us as f64 / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(links: Value) -> Value {
        json!({
            "up_seconds": 11_520, "clients": 2, "known": 1000,
            "digest": "ad3a063add3bf23b", "links": links,
            "lookups": {"in_flight": 1, "failed": 2},
            "totals": {"iamat": 10, "whatsat": 20, "at_in": 30, "at_out": 40},
            "rates": {"iamat": 1.5, "whatsat": 0.0, "at_in": 3.0, "at_out": 4.0},
            "turns_per_second": 12.5, "longest_turn_us": 850,
            "loop": {
                "events_per_turn": 1.25, "longest_turn_us_ever": 12345,
                "shares": {"wait": 0.9, "read": 0.05, "node": 0.03, "flush": 0.02, "log": 0.0},
            },
            "journal": {"state": "ok", "lines": 7, "bytes": 900},
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
server  up for      clients  known  digest            lookups      journal
A       3 h 12 min  2        1000   ad3a063add3bf23b  1, 2 failed  7 lines
B       down
Old     plain

server  IAMAT/s  total  WHATSAT/s  total  AT in/s  total  AT out/s  total
A       1.5      10     0.0        20     3.0      30     4.0       40

server  turns/s  events/turn  longest  ever     wait   read  node  flush  log
A       12.5     1.25         850 µs   12.3 ms  90.0%  5.0%  3.0%  2.0%   0.0%

server  links
A       B dialling (5 behind, not heard), Old plain

B is down: nobody\\nlistens
digests differ
A cannot write its log: no\\nroom
A reached its limit \"clients\" 3 times
";
        let differing = ["digests differ".to_string()];
        assert_eq!(to_tables(&topology, &answers, &differing), want);
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
