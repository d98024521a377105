//! The answers as tables for a person: what each server holds, what it does, where the time of its
//! loop goes, and its links.

use serde_json::Value;

use super::answer::{Answer, up};
use super::health::Health;
use super::layout::{coloured, fit};
use crate::terminal::{COLUMNS, Colour, Screen, age, one_line, table, wrap};
use crate::topology::Topology;

/// Tables, and then a line for each server without a status, each thing that is wrong and each
/// remark. A screen gets the columns and the tables that it has room for.
pub fn to_tables(
    topology: &Topology,
    answers: &[Answer],
    health: &Health,
    screen: Option<&Screen>,
) -> String {
    let notes = notes(topology, answers, health);
    let columns = screen.map(|screen| screen.columns);
    let fit = |text: &str, least: &[&str]| match columns {
        Some(columns) => fit(text, least, columns),
        None => table(text),
    };
    let up: Vec<(&str, &Value)> = up(topology, answers).collect();
    let rows = |head: &str, row: fn(&str, &Value) -> String| {
        let rows: String = up.iter().map(|(name, status)| row(name, status)).collect();
        format!("{head}{rows}")
    };
    let mut tables = vec![fit(
        &holdings(topology, answers),
        &["digest", "lookups", "journal"],
    )];
    if !up.is_empty() {
        tables.push(fit(&rows(TRAFFIC, traffic), &["total"]));
        tables.push(fit(
            &rows(LOOP, event_loop),
            &["ever", "log", "flush", "node"],
        ));
        tables.push(links(&up, columns.unwrap_or(COLUMNS)));
    }
    // The loop is for those who know it, and rates say less than links.
    while tables.len() > 2 && screen.is_some_and(|it| lines(&tables, &notes) >= it.rows) {
        tables.remove(tables.len() - 2);
    }
    let has_colour = screen.is_some_and(|screen| screen.has_colour);
    let notes: String = notes.iter().map(|note| note.shown(has_colour)).collect();
    if has_colour {
        tables.iter_mut().for_each(|table| *table = coloured(table));
    }
    tables.extend(Some(notes).filter(|notes| !notes.is_empty()));
    tables.join("\n")
}

/// A line below the tables, and what colour it has.
struct Note(String, Option<Colour>);

impl Note {
    fn shown(&self, has_colour: bool) -> String {
        let Note(text, colour) = self;
        let text = one_line(text);
        match colour.filter(|_| has_colour) {
            Some(colour) => colour.paint(&text) + "\n",
            None => text + "\n",
        }
    }
}

fn notes(topology: &Topology, answers: &[Answer], health: &Health) -> Vec<Note> {
    let servers = topology.servers.iter().zip(answers);
    let silent = servers.filter_map(|(server, answer)| match answer {
        Answer::Down(why) => Some(Note(
            format!("{} is down: {why}", server.name),
            Some(Colour::Red),
        )),
        Answer::Locked(why) => Some(Note(
            format!("{} is locked: {why}", server.name),
            Some(Colour::Yellow),
        )),
        Answer::Up(_) | Answer::Plain => None,
    });
    let mut notes: Vec<Note> = silent.collect();
    let plain = health.remarks.iter().chain(&health.moving);
    let reasons = health.reasons.iter();
    notes.extend(reasons.map(|it| Note(it.clone(), Some(Colour::Yellow))));
    notes.extend(plain.map(|it| Note(it.clone(), None)));
    notes
}

/// How many lines everything has, with the empty ones between.
fn lines(tables: &[String], notes: &[Note]) -> usize {
    let lines: usize = tables.iter().map(|table| table.lines().count() + 1).sum();
    lines + notes.len()
}

fn holdings(topology: &Topology, answers: &[Answer]) -> String {
    let names = topology.servers.iter().map(|server| server.name.as_str());
    let rows = names.zip(answers).map(|(name, answer)| match answer {
        Answer::Up(status) => holding(name, status),
        Answer::Down(_) => format!("\n{name}\tdown"),
        Answer::Locked(_) => format!("\n{name}\tlocked"),
        Answer::Plain => format!("\n{name}\tplain"),
    });
    HOLDINGS.to_string() + &rows.collect::<String>()
}

const HOLDINGS: &str = "server\tpid\tversion\tup for\tclients\tknown\tdigest\tlookups\tjournal";

fn holding(name: &str, status: &Value) -> String {
    let keys = ["pid", "version", "clients", "known", "digest"];
    let [pid, version, clients, known, digest] = keys.map(|key| cell(&status[key]));
    let (lookups, journal) = (&status["lookups"], &status["journal"]);
    let lookups = match (cell(&lookups["in_flight"]), lookups["failed"].as_u64()) {
        (in_flight, None | Some(0)) => in_flight,
        (in_flight, Some(failed)) => format!("{in_flight}, {failed} failed"),
    };
    let journal = match (cell(&journal["state"]), journal["lines"].as_u64()) {
        (state, Some(1)) if state == "ok" => "1 line".to_string(),
        (state, Some(lines)) if state == "ok" => format!("{lines} lines"),
        (state, _) => state,
    };
    let up_for = status["up_seconds"].as_u64();
    let up_for = up_for.map_or("-".to_string(), age);
    format!(
        "\n{name}\t{pid}\t{version}\t{up_for}\t{clients}\t{known}\t{digest}\t{lookups}\t{journal}"
    )
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

/// Each server's links, as many on a line as fit its columns.
fn links(up: &[(&str, &Value)], columns: usize) -> String {
    let names = up.iter().map(|(name, _)| name.chars().count());
    let width = names.fold("server".len(), usize::max) + 2;
    let mut rows = "server\tlinks".to_string();
    for (name, status) in up {
        let links = status["links"].as_array().into_iter().flatten();
        let lines = wrap(links.map(link), ", ", columns.saturating_sub(width).max(1));
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
            "pid": 4711, "version": "0.1.0", "up_seconds": 11_520, "clients": 2, "known": 1000,
            "digest": "ad3a063add3bf23b", "links": links,
            "lookups": {"in_flight": 1, "failed": 2},
            "totals": {"iamat": 10, "whatsat": 20, "at_in": 30, "at_out": 40},
            "rates": {"iamat": 1.5, "whatsat": 0.0, "at_in": 3.0, "at_out": 4.0},
            "turns_per_second": 12.5, "longest_turn_us": 850,
            "loop": {
                "events_per_turn": 1.25, "longest_turn_us_ever": 12345,
                "shares": {"wait": 1.0, "read": 0.05, "node": 0.03, "flush": 0.02, "log": 0.0},
            },
            "journal": {"state": "ok", "lines": 7, "bytes": 900},
        })
    }

    fn herd() -> (Topology, Vec<Answer>, Health) {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server C ::1 clients=5 servers=6\nserver Old ::1 clients=7 plain\n\
            link A B\nlink A Old\n";
        let topology = Topology::parse("t", text.as_bytes()).unwrap();
        let links = json!([
            {"name": "B", "state": "dialling", "lag": 5, "hears": false},
            {"name": "C", "state": "up", "lag": 2, "hears": true, "round_trip_ms": 812.3},
            {"name": "D", "state": "up", "lag": 0, "hears": true, "skew_seconds": -7.5},
            {"name": "Old", "state": "plain", "lag": 0, "hears": false},
        ]);
        let down = Answer::Down("nobody\nlistens".into());
        let locked = Answer::Locked("it wants proof".into());
        let answers = vec![Answer::Up(status(links)), down, locked, Answer::Plain];
        let health = Health {
            reasons: vec!["A cannot write its log: no\nroom".into()],
            remarks: vec!["A reached limit dead once".into()],
            moving: Some("not compared".into()),
            ..Health::default()
        };
        (topology, answers, health)
    }

    fn screen(columns: usize, rows: usize) -> Screen {
        Screen {
            columns,
            rows,
            has_cursor: true,
            has_colour: false,
        }
    }

    #[test]
    fn a_herd_is_shown_in_tables() {
        let (topology, answers, health) = herd();
        let want = "\
server  pid     version  up for      clients  known  digest            lookups      journal
A       4711    0.1.0    3 h 12 min  2        1000   ad3a063add3bf23b  1, 2 failed  7 lines
B       down
C       locked
Old     plain

server  IAMAT/s  total  WHATSAT/s  total  AT in/s  total  AT out/s  total
A       1.5      10     0.0        20     3.0      30     4.0       40

server  turns/s  events/turn  longest  ever     wait    read  node  flush  log
A       12.5     1.25         850 µs   12.3 ms  100.0%  5.0%  3.0%  2.0%   0.0%

server  links
A       B dialling (5 behind, not heard), C up (2 behind, round trip 812 ms),
        D up (clock -7.500 s), Old plain

B is down: nobody\\nlistens
C is locked: it wants proof
A cannot write its log: no\\nroom
A reached limit dead once
not compared
";
        assert_eq!(to_tables(&topology, &answers, &health, None), want);
    }

    #[test]
    fn a_screen_gets_what_it_has_room_for() {
        let (topology, answers, health) = herd();
        let shown = |screen: Screen| to_tables(&topology, &answers, &health, Some(&screen));
        let heads = |text: &str| {
            let heads = text.lines().filter(|line| line.starts_with("server "));
            let names = heads.map(|head| head.split("  ").nth(1).unwrap().trim().to_string());
            names.collect::<Vec<_>>()
        };
        for columns in [60, 80, 100] {
            for (rows, tables) in [
                (24, &["pid", "IAMAT/s", "turns/s", "links"][..]),
                (21, &["pid", "IAMAT/s", "links"]),
                (17, &["pid", "links"]),
            ] {
                let text = shown(screen(columns, rows));
                let width = text.lines().map(|line| line.chars().count()).max();
                assert!(width.unwrap() <= columns, "{text}");
                let is_whole = columns >= 80;
                assert!(!is_whole || heads(&text) == tables, "{rows}: {text}");
                assert!(!is_whole || text.lines().count() < rows, "{rows}: {text}");
                assert!(text.contains("B is down: ") && text.contains("B dialling"));
            }
        }
        let narrow = shown(screen(80, 40));
        assert!(
            !narrow.contains("digest") && narrow.contains("lookups"),
            "{narrow}"
        );
        assert!(
            narrow.contains("4711    0.1.0") && narrow.contains("total"),
            "{narrow}"
        );
    }

    #[test]
    fn states_have_colours_where_there_are_some() {
        let (topology, answers, health) = herd();
        let with_colour = Screen {
            has_colour: true,
            ..screen(100, 50)
        };
        let text = to_tables(&topology, &answers, &health, Some(&with_colour));
        for painted in [
            "B       \x1b[31mdown\x1b[0m\n",
            "C       \x1b[33mlocked\x1b[0m\n",
            "A       B \x1b[33mdialling\x1b[0m (5 behind, \x1b[33mnot heard\x1b[0m), C up (2",
            "\n\x1b[31mB is down: nobody\\nlistens\x1b[0m\n",
            "\n\x1b[33mA cannot write its log: no\\nroom\x1b[0m\nA reached limit dead once\n",
        ] {
            assert!(text.contains(painted), "{painted:?}: {text:?}");
        }
        let plain = to_tables(&topology, &answers, &health, Some(&screen(100, 50)));
        assert!(!plain.contains('\x1b'), "{plain:?}");
    }

    #[test]
    fn many_links_take_several_lines_and_missing_fields_show() {
        let link = |number| json!({"name": format!("neighbour{number}"), "state": "up", "lag": 0});
        let many = status((0..20).map(link).collect());
        let text = links(&[("hub", &many), ("lonely", &Value::Null)], COLUMNS);
        assert!(
            text.lines().all(|line| line.chars().count() <= COLUMNS),
            "{text}"
        );
        assert_eq!(text.matches("neighbour").count(), 20);
        assert!(
            text.lines().count() > 3 && text.ends_with("lonely  none\n"),
            "{text}"
        );
        assert_eq!(holding("x", &Value::Null), "\nx\t-\t-\t-\t-\t-\t-\t-\t-");
    }
}
