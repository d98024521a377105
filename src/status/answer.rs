//! The answer of each server, and all of them as JSON for programs.

use serde_json::{Value, json};

use crate::topology::Topology;

/// The outcome of the question to one server.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Its status.
    Up(Value),
    /// Why there is none.
    Down(String),
    /// It is there, and tells its status only to somebody with its secret: what to do.
    Locked(String),
    /// It is plain, and was not asked.
    Plain,
}

impl Answer {
    /// Its status, if it gave one.
    pub fn status(&self) -> Option<&Value> {
        match self {
            Answer::Up(status) => Some(status),
            Answer::Down(_) | Answer::Locked(_) | Answer::Plain => None,
        }
    }
}

/// The servers that gave a status, by name.
pub fn up<'a>(
    topology: &'a Topology,
    answers: &'a [Answer],
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let all = topology.servers.iter().zip(answers);
    all.filter_map(|(server, answer)| Some((server.name.as_str(), answer.status()?)))
}

/// The answers as a JSON array, one server per line.
pub fn to_json(topology: &Topology, answers: &[Answer]) -> String {
    let servers = topology.servers.iter().zip(answers);
    let lines = servers.map(|(server, answer)| match answer {
        Answer::Up(status) => status.to_string(),
        Answer::Down(why) => json!({"name": server.name, "up": false, "error": why}).to_string(),
        Answer::Locked(why) => {
            json!({"name": server.name, "locked": true, "error": why}).to_string()
        }
        Answer::Plain => json!({"name": server.name, "plain": true}).to_string(),
    });
    format!("[\n{}\n]\n", lines.collect::<Vec<String>>().join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_an_array_with_every_server_in_it() {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server C ::1 clients=5 servers=6\nserver Old ::1 clients=7 plain\nlink A B\n";
        let herd = Topology::parse("t", text.as_bytes()).unwrap();
        let up = Answer::Up(json!({"name": "A", "up": true, "digest": "1"}));
        let down = Answer::Down("\"quoted\"".into());
        let locked = Answer::Locked("why".into());
        let text = to_json(&herd, &[up, down, locked, Answer::Plain]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["digest"], "1");
        let want = json!({"name": "B", "up": false, "error": "\"quoted\""});
        assert_eq!(value[1], want);
        assert_eq!(
            value[2],
            json!({"name": "C", "locked": true, "error": "why"})
        );
        assert_eq!(value[3], json!({"name": "Old", "plain": true}));
        assert_eq!(text.lines().count(), 6);
    }
}
