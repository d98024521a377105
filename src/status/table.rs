//! The answers as tables for a person: what each server holds, what it does, where the time of its
//! loop goes, and its links.

use serde_json::Value;

use super::answer::Answer;
use crate::terminal::{COLUMNS, one_line, table, wrap};
use crate::topology::Topology;

/// All tables, and then a line for each server that is down, each thing that is `wrong` and each
/// complaint of a server.
pub fn to_tables(topology: &Topology, answers: &[Answer], wrong: &[String]) -> String {
    let names = topology.servers.iter().map(|server| server.name.as_str());
    let mut holdings = HOLDINGS.to_string();
    let (mut up, mut notes, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
    for (name, answer) in names.zip(answers) {
        holdings += &match answer {
            Answer::Up(status) => {
                up.push((name, status));
                complain(name, status, &mut complaints);
                holding(name, status)
            }
            Answer::Down(why) => {
                notes.push(format!("{name} is down: {why}"));
                format!("\n{name}\tdown")
            }
            Answer::Plain => format!("\n{name}\tplain"),
        };
    }
    let mut parts = vec![table(&holdings)];
    let rows = |head: &str, row: fn(&str, &Value) -> String| {
        let rows: String = up.iter().map(|(name, status)| row(name, status)).collect();
        table(&format!("{head}{rows}"))
    };
    if !up.is_empty() {
        parts.extend([rows(TRAFFIC, traffic), rows(LOOP, event_loop), links(&up)]);
    }
    notes.extend_from_slice(wrong);
    notes.append(&mut complaints);
    if !notes.is_empty() {
        parts.push(notes.iter().map(|note| one_line(note) + "\n").collect());
    }
    parts.join("\n")
}

/// Adds the files that a server says it cannot write, and the limits that it has reached.
fn complain(name: &str, status: &Value, complaints: &mut Vec<String>) {
    for file in ["journal", "log"] {
        if let Some(why) = status[file]["why"].as_str() {
            complaints.push(format!("{name} cannot write its {file}: {why}"));
        }
    }
    if let Some(why) = status["journal"]["not_compacted"].as_str() {
        complaints.push(format!("{name} cannot compact its journal: {why}"));
    }
    for (limit, count) in status["limits_hit"].as_object().into_iter().flatten() {
        let times = match count.as_u64() {
            Some(1) => "once".to_string(),
            Some(2) => "twice".to_string(),
            _ => format!("{count} times"),
        };
        complaints.push(format!("{name} reached its limit {limit:?} {times}"));
    }
}

const HOLDINGS: &str = "server\tup for\tclients\tknown\tdigest\tlookups\tjournal";

fn holding(name: &str, status: &Value) -> String {
    let [clients, known, digest] = ["clients", "known", "digest"].map(|it| cell(&status[it]));
    let (lookups, journal) = (&status["lookups"], &status["journal"]);
    let lookups = match (cell(&lookups["in_flight"]), lookups["failed"].as_u64()) {
        (in_flight, None | Some(0)) => in_flight,
        (in_flight, Some(failed)) => format!("{in_flight}, {failed} failed"),
    };
    let journal = match (cell(&journal["state"]), journal["lines"].as_u64()) {
        (state, Some(lines)) if state == "ok" => format!("{lines} lines"),
        (state, _) => state,
    };
    let up_for = age(&status["up_seconds"]);
    format!("\n{name}\t{up_for}\t{clients}\t{known}\t{digest}\t{lookups}\t{journal}")
}

/// Per second over the last seconds, and since the start.
const TRAFFIC: &str = "server\tIAMAT/s\ttotal\tWHATSAT/s\ttotal\tAT in/s\ttotal\tAT out/s\ttotal";

fn traffic(name: &str, status: &Value) -> String {
    let cells = ["iamat", "whatsat", "at_in", "at_out"].map(|verb| {
        let (rate, total) = (&status["rates"][verb], &status["totals"][verb]);
        format!("\t{}\t{}", cell(rate), cell(total))
    });
    format!("\n{name}{}", cells.concat())
}

/// The loop over the last seconds; the longest turn also since the start.
const LOOP: &str = "server\tturns/s\tevents/turn\tlongest\tever\twait\tread\tnode\tflush\tlog";

fn event_loop(name: &str, status: &Value) -> String {
    let metrics = &status["loop"];
    let turns = cell(&status["turns_per_second"]);
    let events = cell(&metrics["events_per_turn"]);
    let longest = duration(&status["longest_turn_us"]);
    let ever = duration(&metrics["longest_turn_us_ever"]);
    let shares = ["wait", "read", "node", "flush", "log"].map(|phase| {
        let share = metrics["shares"][phase].as_f64();
        share.map_or("\t-".to_string(), |share| {
            format!("\t{:.1}%", share * 100.0)
        })
    });
    format!(
        "\n{name}\t{turns}\t{events}\t{longest}\t{ever}{}",
        shares.concat()
    )
}

/// Each server's links, as many on a line as fit.
fn links(up: &[(&str, &Value)]) -> String {
    let names = up.iter().map(|(name, _)| name.chars().count());
    let width = names.fold("server".len(), usize::max) + 2;
    let mut rows = "server\tlinks".to_string();
    for (name, status) in up {
        let links = status["links"].as_array().into_iter().flatten();
        let lines = wrap(links.map(link), ", ", COLUMNS.saturating_sub(width));
        let text = match lines.is_empty() {
            true => "none".to_string(),
            false => lines.join("\n\t"),
        };
        rows += &format!("\n{name}\t{text}");
    }
    table(&rows)
}

fn link(link: &Value) -> String {
    let (name, state) = (cell(&link["name"]), cell(&link["state"]));
    let lag = link["lag"].as_u64().filter(|lag| *lag > 0);
    let is_silent = link["hears"] == false && state != "plain";
    let skew = link["skew_seconds"].as_f64();
    let far = link["round_trip_ms"].as_f64().filter(|ms| *ms >= FAR_MS);
    let remarks = [
        lag.map(|lag| format!("{lag} behind")),
        is_silent.then(|| "not heard".to_string()),
        far.map(|ms| format!("round trip {ms:.0} ms")),
        skew.map(|skew| format!("clock {skew:+.3} s")),
    ];
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    match remarks.is_empty() {
        true => format!("{name} {state}"),
        false => format!("{name} {state} ({})", remarks.join(", ")),
    }
}

/// A round trip that is worth mentioning.
const FAR_MS: f64 = 100.0;

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
            "journal": {"state": "ok", "lines": 7, "bytes": 900, "not_compacted": "busy"},
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
            {"name": "C", "state": "up", "lag": 2, "hears": true, "round_trip_ms": 812.3},
            {"name": "D", "state": "up", "lag": 0, "hears": true, "skew_seconds": -7.5},
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
A       B dialling (5 behind, not heard), C up (2 behind, round trip 812 ms),
        D up (clock -7.500 s), Old plain

B is down: nobody\\nlistens
digests differ
A cannot write its log: no\\nroom
A cannot compact its journal: busy
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
        assert_eq!(holding("x", &Value::Null), "\nx\t-\t-\t-\t-\t-\t-");
    }
}
