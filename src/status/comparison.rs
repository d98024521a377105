//! The servers that have different tables, as far as answers can show that.
//!
//! The servers do not answer at one instant, and news take their time from one to the next. So
//! different digests mean nothing while a table changes: only tables that are the same in two
//! answers, some time apart, are compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::Answer;
use crate::limits::LIMITS;
use crate::terminal::list;
use crate::topology::{Graph, Topology};
use crate::units::MILLISECOND;

/// The outcome of a comparison, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// One line for each part of the herd whose servers have different tables.
    pub differing: Vec<String>,
    /// The servers whose tables were not compared, because they changed.
    pub moving: Vec<String>,
}

/// Whether two servers of one part of the herd say that their tables differ.
pub fn seem_different(topology: &Topology, answers: &[Answer]) -> bool {
    let mut parts = parts(topology).into_iter();
    parts.any(|part| tables(topology, &part, answers).len() > 1)
}

/// How long to wait until the second question: news that were on their way have arrived then.
pub fn pause(answers: &[Answer]) -> u64 {
    let statuses = answers.iter().filter_map(Answer::status);
    let links = statuses.filter_map(|status| status["links"].as_array());
    let round_trips = links
        .flatten()
        .filter_map(|it| it["round_trip_ms"].as_f64());
    let longest = round_trips.fold(0.0, f64::max) as u64;
    let pause = LIMITS.status_again + longest.saturating_mul(2 * MILLISECOND);
    pause.min(LIMITS.status_wait)
}

/// Compares the tables that are the same in two answers of each server.
pub fn compare(topology: &Topology, before: &[Answer], answers: &[Answer]) -> Comparison {
    let mut comparison = Comparison::default();
    for part in parts(topology) {
        if tables(topology, &part, answers).len() < 2 {
            continue;
        }
        let is_up = |place: &usize| answers[*place].status().is_some();
        let stands_still = |place: &usize| {
            let (before, now) = (before[*place].status(), answers[*place].status());
            before.zip(now).is_some_and(|(before, now)| {
                ["run", "known", "digest"]
                    .iter()
                    .all(|key| before[key] == now[key])
            })
        };
        let asked = part.into_iter().filter(is_up);
        let (still, moving): (Vec<usize>, Vec<usize>) = asked.partition(stands_still);
        let tables = tables(topology, &still, answers);
        if tables.len() > 1 {
            let table = |(digest, names): (_, Vec<_>)| format!("{digest} at {}", names.join(", "));
            let tables = list(tables.into_iter().map(table));
            comparison
                .differing
                .push(format!("digests differ: {tables}"));
        }
        let moving = moving.into_iter().map(|it| &topology.servers[it].name);
        comparison.moving.extend(moving.cloned());
    }
    comparison
}

/// The servers that can tell each other news, part by part.
fn parts(topology: &Topology) -> Vec<Vec<usize>> {
    let graph = Graph::new(topology.servers.len(), topology.links.iter().copied());
    graph.parts()
}

/// The digests of some servers, with the names of those that have each.
fn tables<'a>(
    topology: &'a Topology,
    places: &[usize],
    answers: &'a [Answer],
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for place in places {
        if let Some(status) = answers[*place].status() {
            let digest = digest(status);
            let names = tables.entry(digest).or_default();
            names.push(&topology.servers[*place].name);
        }
    }
    tables
}

fn digest(status: &Value) -> &str {
    status["digest"].as_str().unwrap_or("no digest")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn herd() -> Topology {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server C ::1 clients=5 servers=6\nserver D ::1 clients=7 servers=8\n\
            link A B\nlink B C\n";
        Topology::parse("t", text.as_bytes()).unwrap()
    }

    fn answers(digests: [&str; 4]) -> Vec<Answer> {
        let answer = |digest: &str| match digest {
            "" => Answer::Down("why".into()),
            digest => Answer::Up(json!({"run": "1", "known": 7, "digest": digest})),
        };
        digests.into_iter().map(answer).collect()
    }

    #[track_caller]
    fn check(before: [&str; 4], now: [&str; 4], differing: &[&str], moving: &[&str]) {
        let comparison = compare(&herd(), &answers(before), &answers(now));
        let found = (comparison.differing, comparison.moving);
        let strings = |all: &[&str]| all.iter().map(|it| it.to_string()).collect::<Vec<_>>();
        assert_eq!(found, (strings(differing), strings(moving)));
    }

    #[test]
    fn tables_are_compared_that_stand_still() {
        // D has no link to the others, so it need not know what they know.
        check(["1", "1", "1", "2"], ["1", "1", "1", "2"], &[], &[]);
        assert!(!seem_different(&herd(), &answers(["1", "", "1", "2"])));
        // All are equal now, although one has moved.
        check(["1", "2", "1", "1"], ["2", "2", "2", "1"], &[], &[]);
        assert!(seem_different(&herd(), &answers(["1", "2", "1", "1"])));
        let differ = "digests differ: 1 at A, 2 at B, C";
        check(["1", "2", "2", "2"], ["1", "2", "2", "2"], &[differ], &[]);
        // A server that is down is not compared.
        let differ = "digests differ: 1 at A, 2 at C";
        check(["1", "", "2", "2"], ["1", "", "2", "2"], &[differ], &[]);
    }

    #[test]
    fn tables_that_move_are_not_compared() {
        let all = ["A", "B", "C"];
        check(["1", "2", "3", "9"], ["2", "3", "4", "9"], &[], &all);
        check(["1", "2", "2", "9"], ["3", "2", "2", "9"], &[], &["A"]);
        // Of two that stand still a difference is known, whatever the third one does.
        let differ = "digests differ: 1 at A, 2 at C";
        check(
            ["1", "2", "2", "9"],
            ["1", "3", "2", "9"],
            &[differ],
            &["B"],
        );
        // It has just come up, and gave only one answer.
        check(["1", "", "1", "9"], ["1", "2", "1", "9"], &[], &["B"]);
    }

    #[test]
    fn the_second_question_waits_for_slow_links() {
        let with = |ms: f64| {
            let status = json!({"links": [{"round_trip_ms": null}, {"round_trip_ms": ms}]});
            pause(&[Answer::Plain, Answer::Up(status)]) / MILLISECOND
        };
        assert_eq!((with(0.4), with(100.0), with(1e9)), (300, 500, 2000));
    }
}
