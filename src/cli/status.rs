//! `herd status`: how is every server of the herd, and do they all know the same?

use super::asking::{Answer, ask_all};
use super::failure::Failure;
use super::graph::Graph;
use super::{options, print, secret, sheet};
use crate::topology::Topology;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HELP: &str = "\
herd status: ask every server of the herd how it is.

    herd status                                   the herd of topology.txt
    herd status -t tests/topologies/alford.txt    another one
    herd status --json                            for programs: an array, a server each
    herd status --secret-file secret              from another machine

Exit status: 0 all are up and know the same; 1 not so, and standard error says which.";

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_topology(&mut known);
    secret::declare_file(&mut known);
    known.optflag("", "json", "an array for programs instead of tables");
    let Some(matches) = options::parse("status", HELP, known, arguments)? else {
        return Ok(());
    };
    if let Some(word) = matches.free.first() {
        return Err(Failure::wrong(format_args!(
            "status takes no {word:?}; name the topology with -t FILE"
        )));
    }
    let secret = secret::chosen(&matches)?;
    let topology = Topology::load(&options::topology_path(&matches))?;
    let answers = ask_all(&topology, secret.as_ref())?;
    let differing = differing(&topology, &answers);
    let text = match matches.opt_present("json") {
        true => for_programs(&topology, &answers),
        false => sheet::text(&topology, &answers, &differing),
    };
    print(&text)?;
    let problems: Vec<String> = down(&topology, &answers)
        .into_iter()
        .chain(differing)
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::failed(problems.join("; "))),
    }
}

/// An array, a server a line.
fn for_programs(topology: &Topology, answers: &[Answer]) -> String {
    let servers = topology.servers.iter().zip(answers);
    let lines = servers.map(|(server, answer)| match answer {
        Answer::Up(status) => status.to_string(),
        Answer::Down(why) => json!({"name": server.name, "up": false, "error": why}).to_string(),
        Answer::Plain => json!({"name": server.name, "plain": true}).to_string(),
    });
    format!("[\n{}\n]\n", lines.collect::<Vec<String>>().join(",\n"))
}

/// Who is down.
fn down(topology: &Topology, answers: &[Answer]) -> Option<String> {
    let servers = topology.servers.iter().zip(answers);
    let is_down = |answer: &Answer| matches!(answer, Answer::Down(_));
    let down: Vec<&str> = servers
        .filter(|(_, answer)| is_down(answer))
        .map(|(server, _)| server.name.as_str())
        .collect();
    (!down.is_empty()).then(|| format!("down: {}", down.join(", ")))
}

/// Who does not know the same as others of its part of the herd, a line for each part.
fn differing(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let name = |place: &usize| topology.servers[*place].name.as_str();
    let mut lines = Vec::new();
    for part in Graph::whole(topology).parts() {
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for place in &part {
            if let Answer::Up(status) = &answers[*place] {
                let digest = status["digest"].as_str().unwrap_or("no digest");
                tables.entry(digest).or_default().push(name(place));
            }
        }
        if tables.len() > 1 {
            let who = tables
                .iter()
                .map(|(digest, who)| format!("{digest} at {}", who.join(", ")));
            lines.push(format!(
                "digests differ: {}",
                who.collect::<Vec<String>>().join(", ")
            ));
        }
    }
    lines
}

/// A field of a status as text; `-` if there is none.
pub(super) fn cell(field: &Value) -> String {
    match field {
        Value::Null => "-".to_string(),
        Value::String(text) => super::failure::one_line(text),
        other => other.to_string(),
    }
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
    fn who_is_down_or_differs_is_named() {
        let check = |answers: [Answer; 3], want: &[&str]| {
            let answers: Vec<Answer> = answers.into_iter().chain([Answer::Plain]).collect();
            let found = down(&herd(), &answers).into_iter();
            let found: Vec<String> = found.chain(differing(&herd(), &answers)).collect();
            assert_eq!(found, want);
        };
        check([up("A", "1"), up("B", "1"), up("C", "1")], &[]);
        // C has no link to the others: it need not know what they know.
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
    fn programs_get_an_array_with_everybody_in_it() {
        let down = Answer::Down("\"quoted\"".into());
        let text = for_programs(&herd(), &[up("A", "1"), down, up("C", "1"), Answer::Plain]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["digest"], "1");
        let want = json!({"name": "B", "up": false, "error": "\"quoted\""});
        assert_eq!(value[1], want);
        assert_eq!(value[3], json!({"name": "Old", "plain": true}));
        assert_eq!(text.lines().count(), 6);
    }
}
