//! The links of the topology that are not up, by the word of the servers at their ends.

use serde_json::Value;

use super::answer::{Answer, up};
use crate::topology::Topology;

/// One line for each link that is not up in both directions. A server that is down is a reason by
/// itself, and not one for each of its links.
pub fn not_up(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let mut lines = Vec::new();
    for &(one, other) in &topology.links {
        let ends = [one, other];
        let is_asked = |place: &usize| matches!(answers[*place], Answer::Up(_) | Answer::Locked(_));
        if !ends.iter().all(is_asked) {
            continue;
        }
        let directions = [[one, other], [other, one]];
        let states = directions.map(|[from, to]| state(topology, answers, from, to));
        let is_told = ends.into_iter().zip([other, one]);
        let is_told = is_told.filter_map(|(at, to)| seen(topology, answers, at, to));
        // The reason for a refusal is a line of its own.
        if is_told.into_iter().any(|link| link["why"].is_string()) {
            continue;
        }
        let name = |place: usize| &topology.servers[place].name;
        let wrong = directions.into_iter().zip(states);
        let wrong = wrong.filter_map(|([from, to], state)| {
            Some(format!("{} to {} {}", name(from), name(to), state?))
        });
        let wrong: Vec<String> = wrong.collect();
        if !wrong.is_empty() {
            lines.push(format!("link not up: {}", wrong.join(", ")));
        }
    }
    lines
}

/// One line for each link that cannot come about before somebody corrects something.
pub fn refused(topology: &Topology, answers: &[Answer]) -> Vec<String> {
    let mut lines = Vec::new();
    for (server, status) in up(topology, answers) {
        for link in status["links"].as_array().into_iter().flatten() {
            if let (Some(name), Some(why)) = (link["name"].as_str(), link["why"].as_str()) {
                lines.push(format!("{server} has trouble with {name}: {why}"));
            }
        }
    }
    lines
}

/// How the link from one server to another is, if it is not up. The server that is told knows it,
/// too, if the other one does not answer us.
fn state(topology: &Topology, answers: &[Answer], from: usize, to: usize) -> Option<String> {
    if answers[from].status().is_some() {
        let link = seen(topology, answers, from, to);
        let state = link.map_or(Some("unknown to it"), |link| link["state"].as_str());
        return state.filter(|it| *it != "up").map(String::from);
    }
    let link = seen(topology, answers, to, from)?;
    (link["hears"] == false).then(|| "not heard".to_string())
}

/// A link, by the word of the server at one end.
fn seen<'a>(
    topology: &Topology,
    answers: &'a [Answer],
    at: usize,
    other: usize,
) -> Option<&'a Value> {
    let links = answers[at].status()?["links"].as_array()?;
    let name = topology.servers[other].name.as_str();
    links.iter().find(|link| link["name"] == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn herd() -> Topology {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server Old ::1 clients=7 plain\nlink A B\nlink A Old\n";
        Topology::parse("t", text.as_bytes()).unwrap()
    }

    fn with(links: Value) -> Answer {
        Answer::Up(json!({"links": links}))
    }

    fn link(name: &str, state: &str) -> Answer {
        with(json!([{"name": name, "state": state, "hears": state == "up", "why": null}]))
    }

    #[track_caller]
    fn check(one: Answer, other: Answer, want: &[&str]) {
        assert_eq!(not_up(&herd(), &[one, other, Answer::Plain]), want);
    }

    #[test]
    fn a_link_that_is_not_up_is_named_once() {
        let (up, dialling) = (link("B", "up"), link("B", "dialling"));
        check(up.clone(), link("A", "up"), &[]);
        check(
            dialling.clone(),
            link("A", "up"),
            &["link not up: A to B dialling"],
        );
        let both = "link not up: A to B dialling, B to A down";
        check(dialling.clone(), link("A", "down"), &[both]);
        // Its topology has no such link.
        let unknown = "link not up: A to B dialling, B to A unknown to it";
        check(dialling.clone(), with(json!([])), &[unknown]);
        // A server that is down counts once, and not here.
        check(dialling, Answer::Down("why".into()), &[]);
        let locked = Answer::Locked("why".into());
        check(link("B", "up"), locked.clone(), &[]);
        let half = with(json!([{"name": "B", "state": "up", "hears": false}]));
        check(half, locked, &["link not up: B to A not heard"]);
    }

    #[test]
    fn a_refusal_has_a_line_with_its_reason() {
        let links = json!([{"name": "B", "state": "refused", "hears": false, "why": "it minds"}]);
        let answers = [with(links), link("A", "down"), Answer::Plain];
        assert!(not_up(&herd(), &answers).is_empty());
        assert_eq!(
            refused(&herd(), &answers),
            ["A has trouble with B: it minds"]
        );
    }
}
