//! The answers in Prometheus' text format 0.0.4: families of samples, each with its help and type.
//!
//! Names follow Prometheus' conventions: base units, and `_total` for what only grows. A server
//! that gave no status has one sample, of `herd_up`. A field that is null, or that a server of
//! another version lacks, has no sample.

use serde_json::Value;

use super::answer::{Answer, up};
use super::health::Health;
use crate::topology::Topology;

/// The families that come from the status of each server, a line for each: its name and type, the
/// unit and the path of its fields, and its help.
///
/// `/*word` in a path takes every field of an object, or the elements of an array by their names,
/// and makes `word` a label. A last part `=one|other` is 1 if the field is one of these words.
const FAMILIES: &str = include_str!("families.txt");

/// All samples of a herd, grouped by family.
pub fn to_samples(topology: &Topology, answers: &[Answer], health: &Health) -> String {
    let servers = topology.servers.iter().zip(answers);
    let asked = servers.filter(|(_, answer)| !matches!(answer, Answer::Plain));
    let labelled = |name: &str| vec![("server".to_string(), name.to_string())];
    let is_up = asked.map(|(server, answer)| {
        let is_up = answer.status().is_some();
        (labelled(&server.name), f64::from(u8::from(is_up)))
    });
    let about = up(topology, answers).map(|(name, status)| {
        let mut labels = labelled(name);
        for key in ["version", "run"] {
            let text = status[key].as_str().unwrap_or_default();
            labels.push((key.to_string(), text.to_string()));
        }
        (labels, 1.0)
    });
    let problems = (vec![], health.problems().len() as f64);
    let mut text = family("herd_up gauge 1 if the server told its status.", is_up);
    text += &family(
        "herd_info gauge 1, with the server's version and run.",
        about,
    );
    text += &family(
        "herd_problems gauge Things that are wrong, as herd status finds them.",
        [problems],
    );
    for line in FAMILIES.lines() {
        let [name, kind, unit, path, help] = words(line);
        let divisor = match unit {
            "ms" => 1e3,
            "us" => 1e6,
            _ => 1.0,
        };
        let mut samples = Vec::new();
        for (server, status) in up(topology, answers) {
            collect(status, path, labelled(server), &mut samples);
        }
        let samples = samples.into_iter();
        let samples = samples.map(|(labels, value)| (labels, value / divisor));
        text += &family(&format!("{name} {kind} {help}"), samples);
    }
    text
}

/// The labels of a sample, and its value.
type Sample = (Vec<(String, String)>, f64);

/// A family; nothing if it has no samples. `head` is its name, its type and its help.
fn family(head: &str, samples: impl IntoIterator<Item = Sample>) -> String {
    let [name, kind, help] = words(head);
    let lines = samples.into_iter().map(|(labels, value)| {
        let pairs = labels.iter();
        let pairs = pairs.map(|(label, text)| format!("{label}=\"{}\"", escaped(text)));
        let pairs = pairs.collect::<Vec<String>>().join(",");
        match pairs.is_empty() {
            true => format!("{name} {value}\n"),
            false => format!("{name}{{{pairs}}} {value}\n"),
        }
    });
    let lines: String = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{lines}"),
    }
}

/// Collects the samples under `path` of a field.
fn collect(field: &Value, path: &str, labels: Vec<(String, String)>, samples: &mut Vec<Sample>) {
    let Some((part, rest)) = path.strip_prefix('/').map(|path| match path.find('/') {
        Some(end) => path.split_at(end),
        None => (path, ""),
    }) else {
        let flag = field.as_bool().map(|is_so| f64::from(u8::from(is_so)));
        samples.extend(flag.or(field.as_f64()).map(|value| (labels, value)));
        return;
    };
    if let Some(label) = part.strip_prefix('*') {
        let fields = field.as_object().into_iter().flatten();
        let fields = fields.map(|(key, field)| (key.as_str(), field));
        let elements = field.as_array().into_iter().flatten();
        let elements = elements.filter_map(|it| Some((it["name"].as_str()?, it)));
        for (word, field) in fields.chain(elements) {
            let mut labels = labels.clone();
            labels.push((label.to_string(), word.to_string()));
            collect(field, rest, labels, samples);
        }
    } else if let Some((key, words)) = part.split_once('=') {
        let is_one = |text: &str| words.split('|').any(|word| word == text);
        let is_one = field[key].as_str().map(is_one);
        collect(&is_one.into(), rest, labels, samples);
    } else {
        collect(&field[part], rest, labels, samples);
    }
}

/// The first words of a line, and the rest of it as the last one.
fn words<const N: usize>(line: &str) -> [&str; N] {
    let mut rest = line;
    std::array::from_fn(|place| {
        let end = rest.find(' ').filter(|_| place + 1 < N);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.trim_start();
        word
    })
}

/// A label's text as the format wants it.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"");
    text.replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_herd_is_told_in_samples() {
        let text = "server A ::1 clients=1 servers=2\nserver B\\\" ::1 clients=3 servers=4\n\
            server Old ::1 clients=7 plain\nlink A B\\\"\nlink A Old\n";
        let topology = Topology::parse("t", text.as_bytes()).unwrap();
        let status = json!({
            "version": "0.1.0", "run": "r\n", "known": 7,
            "totals": {"iamat": 3}, "invalid": {"verb": 1, "time": 2}, "longest_turn_us": 850,
            "links": [
                {"name": "B\\\"", "state": "up", "hears": true, "round_trip_ms": 1.5},
                {"name": "C", "state": "down", "hears": false, "round_trip_ms": null},
                {"name": "Old", "state": "plain", "hears": false, "lag": 4},
            ],
            "journal": {"state": "failing"}, "log": {"state": "ok", "lost": 0},
        });
        let down = Answer::Down("gone".into());
        let health = Health {
            down: vec!["B".into()],
            reasons: vec!["A minds".into()],
            ..Health::default()
        };
        let text = to_samples(
            &topology,
            &[Answer::Up(status), down, Answer::Plain],
            &health,
        );
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let want = [
            r#"herd_up{server="A"} 1"#,
            r#"herd_up{server="B\\\""} 0"#,
            r#"herd_info{server="A",version="0.1.0",run="r\n"} 1"#,
            "herd_problems 2",
            r#"herd_known_clients{server="A"} 7"#,
            r#"herd_iamats_total{server="A"} 3"#,
            r#"herd_invalid_lines_total{server="A",reason="time"} 2"#,
            r#"herd_invalid_lines_total{server="A",reason="verb"} 1"#,
            r#"herd_link_up{server="A",neighbour="B\\\""} 1"#,
            r#"herd_link_up{server="A",neighbour="C"} 0"#,
            r#"herd_link_up{server="A",neighbour="Old"} 1"#,
            r#"herd_link_heard{server="A",neighbour="B\\\""} 1"#,
            r#"herd_link_heard{server="A",neighbour="C"} 0"#,
            r#"herd_link_heard{server="A",neighbour="Old"} 0"#,
            r#"herd_link_lag_clients{server="A",neighbour="Old"} 4"#,
            r#"herd_link_round_trip_seconds{server="A",neighbour="B\\\""} 0.0015"#,
            r#"herd_loop_longest_turn_seconds{server="A"} 0.00085"#,
            r#"herd_journal_failing{server="A"} 1"#,
            r#"herd_log_failing{server="A"} 0"#,
            r#"herd_log_lost_lines_total{server="A"} 0"#,
        ];
        assert_eq!(samples, want);
        let head = "# HELP herd_known_clients Clients in the table.\n\
            # TYPE herd_known_clients gauge\nherd_known_clients{";
        assert!(text.contains(head), "{text}");
    }

    #[test]
    fn names_follow_the_conventions() {
        for line in FAMILIES.lines() {
            let [name, kind, unit, path, help] = words(line);
            assert!(["gauge", "counter"].contains(&kind), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            assert_eq!(
                name.ends_with("_seconds"),
                path.contains("seconds") || unit != "1",
                "{line}"
            );
            assert!(path.starts_with('/') && help.ends_with('.'), "{line}");
        }
    }
}
