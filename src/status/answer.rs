//! The answer of each server, all of them as JSON for programs, and what they say is wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::terminal::list;
use crate::topology::{Graph, Topology};

/// The outcome of the question to one server.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Its status.
    Up(Value),
    /// Why there is none.
    Down(String),
    /// It is plain, and was not asked.
    Plain,
}

/// The answers as a JSON array, one server per line.
pub fn to_json(topology: &Topology, answers: &[Answer]) -> String {
    let servers = topology.servers.iter().zip(answers);
    let lines = servers.map(|(server, answer)| match answer {
        Answer::Up(status) => status.to_string(),
        Answer::Down(why) => json!({"name": server.name, "up": false, "error": why}).to_string(),
        Answer::Plain => json!({"name": server.name, "plain": true}).to_string(),
    });
    format!("[\n{}\n]\n", lines.collect::<Vec<String>>().join(",\n"))
}

/// One line that names the servers that are down, if any is.
pub fn down(topology: &Topology, answers: &[Answer]) -> Option<String> {
    let servers = topology.servers.iter().zip(answers);
    let down = servers.filter(|(_, answer)| matches!(answer, Answer::Down(_)));
    let names: Vec<&str> = down.map(|(server, _)| server.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("down: {}", names.join(", ")))
}

/// One line for each link that cannot come about before somebody corrects something.
pub fn refused(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let mut lines = Vec::new();
    for (server, answer) in topology.servers.iter().zip(answers) {
        if let Answer::Up(status) = answer {
            let links = status["links"].as_array().into_iter().flatten();
            for link in links {
                if let (Some(name), Some(why)) = (link["name"].as_str(), link["why"].as_str()) {
                    lines.push(format!("{} has trouble with {name}: {why}", server.name));
                }
            }
        }
    }
    lines
}

/// One line for each server that told its neighbours everything, and still finds another table
/// there.
pub fn staying_different(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let servers = topology.servers.iter().zip(answers);
    let lines = servers.filter_map(|(server, answer)| {
        let Answer::Up(status) = answer else {
            return None;
        };
        let links = status["links"].as_array()?.iter();
        let differ = links.filter(|link| link["differs"] == true);
        let names: Vec<&str> = differ.filter_map(|link| link["name"].as_str()).collect();
        let (name, names_text) = (&server.name, names.join(", "));
        let line = format!("told everything by {name}, and yet different: {names_text}");
        (!names.is_empty()).then_some(line)
    });
    lines.collect()
}

/// One line for each server whose neighbours' clocks differ too much from its own, with the seconds
/// by which they are ahead.
pub fn skewed(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let servers = topology.servers.iter().zip(answers);
    let lines = servers.filter_map(|(server, answer)| {
        let Answer::Up(status) = answer else {
            return None;
        };
        let links = status["links"].as_array()?.iter();
        let skews = links.filter_map(|link| {
            let (name, skew) = (link["name"].as_str()?, link["skew_seconds"].as_f64()?);
            Some(format!("{name} {skew:+.3} s"))
        });
        let skews: Vec<String> = skews.collect();
        let (name, skews_text) = (&server.name, skews.join(", "));
        let line = format!("clocks differ from that of {name}: {skews_text}");
        (!skews.is_empty()).then_some(line)
    });
    lines.collect()
}

/// One line for each part of the herd whose servers do not have equal tables.
pub fn differing(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let name = |place: usize| topology.servers[place].name.as_str();
    let mut lines = Vec::new();
    let graph = Graph::new(topology.servers.len(), topology.links.iter().copied());
    for part in graph.parts() {
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for place in part {
            if let Answer::Up(status) = &answers[place] {
                let digest = status["digest"].as_str().unwrap_or("no digest");
                tables.entry(digest).or_default().push(name(place));
            }
        }
        if tables.len() > 1 {
            let table = |(digest, names): (_, Vec<_>)| format!("{digest} at {}", names.join(", "));
            let tables = list(tables.into_iter().map(table));
            lines.push(format!("digests differ: {tables}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn herd() -> Topology {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server C ::1 clients=5 servers=6\nserver Old ::1 clients=7 plain\nlink A B\n";
        Topology::parse("t", text.as_bytes()).unwrap()
    }

    fn up(name: &str, digest: &str) -> Answer {
        Answer::Up(json!({"name": name, "up": true, "digest": digest}))
    }

    #[test]
    fn servers_that_are_down_or_differ_are_named() {
        let check = |answers: [Answer; 3], want: &[&str]| {
            let answers: Vec<Answer> = answers.into_iter().chain([Answer::Plain]).collect();
            let found = down(&herd(), &answers).into_iter();
            let found: Vec<String> = found.chain(differing(&herd(), &answers)).collect();
            assert_eq!(found, want);
        };
        check([up("A", "1"), up("B", "1"), up("C", "1")], &[]);
        // C has no link to the others, so it need not know what they know.
        check([up("A", "1"), up("B", "1"), up("C", "2")], &[]);
        check(
            [up("A", "1"), up("B", "2"), up("C", "2")],
            &["digests differ: 1 at A, 2 at B"],
        );
        check(
            [up("A", "1"), Answer::Down("why".into()), up("C", "2")],
            &["down: B"],
        );
    }

    #[test]
    fn neighbours_that_stay_different_are_named() {
        let links = json!([{"name": "B", "differs": true}, {"name": "C", "differs": false}]);
        let mut status = json!({"name": "A", "up": true, "digest": "1", "links": links});
        let check = |status: &Value, want: &[&str]| {
            let answers = [Answer::Up(status.clone()), up("B", "1"), up("C", "1")];
            assert_eq!(staying_different(&herd(), &answers), want);
        };
        check(&status, &["told everything by A, and yet different: B"]);
        status["links"][0]["differs"] = false.into();
        check(&status, &[]);
    }

    #[test]
    fn clocks_that_differ_are_named() {
        let links = json!([
            {"name": "B", "skew_seconds": 3600.25}, {"name": "C", "skew_seconds": null},
            {"name": "Old"}, {"name": "D", "skew_seconds": -7.0},
        ]);
        let status = json!({"name": "A", "up": true, "digest": "1", "links": links});
        let answers = [Answer::Up(status), up("B", "1"), up("C", "1")];
        let want = ["clocks differ from that of A: B +3600.250 s, D -7.000 s"];
        assert_eq!(skewed(&herd(), &answers), want);
    }

    #[test]
    fn programs_get_an_array_with_every_server_in_it() {
        let down = Answer::Down("\"quoted\"".into());
        let text = to_json(&herd(), &[up("A", "1"), down, up("C", "1"), Answer::Plain]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["digest"], "1");
        let want = json!({"name": "B", "up": false, "error": "\"quoted\""});
        assert_eq!(value[1], want);
        assert_eq!(value[3], json!({"name": "Old", "plain": true}));
        assert_eq!(text.lines().count(), 6);
    }
}
