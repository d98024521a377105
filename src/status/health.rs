//! The judgement on a herd: reasons to call somebody, and facts that are only worth knowing.

use serde_json::Value;

use super::answer::{Answer, up};
use super::comparison::Comparison;
use super::links::{not_up, refused};
use crate::limits::LIMITS;
use crate::terminal::age;
use crate::topology::Topology;
use crate::units::SECOND;

/// How a herd is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The servers that are down.
    pub down: Vec<String>,
    /// The servers that want the secret.
    pub locked: Vec<String>,
    /// Reasons to act beside those, a line for each.
    pub reasons: Vec<String>,
    /// Facts that are worth knowing and no reason to act, a line for each.
    pub remarks: Vec<String>,
    /// A line that says so if tables could not be compared.
    pub moving: Option<String>,
}

/// The levels, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Well,
    /// Nothing that is known is wrong, but a server wants the secret.
    Locked,
    Degraded,
    Down,
}

impl Health {
    /// Judges the answers of a herd.
    pub fn of(topology: &Topology, answers: &[Answer], comparison: Comparison) -> Health {
        let named = |is_so: fn(&Answer) -> bool| {
            let all = topology.servers.iter().zip(answers);
            let those = all.filter(|(_, answer)| is_so(answer));
            those.map(|(server, _)| server.name.clone()).collect()
        };
        let mut health = Health {
            down: named(|answer| matches!(answer, Answer::Down(_))),
            locked: named(|answer| matches!(answer, Answer::Locked(_))),
            reasons: comparison.differing,
            ..Health::default()
        };
        health.reasons.extend(not_up(topology, answers));
        health.reasons.extend(refused(topology, answers));
        for (name, status) in up(topology, answers) {
            health.reasons.extend(different(name, status));
            health.reasons.extend(skewed(name, status));
            health.reasons.extend(failing(name, status));
            health.reasons.extend(full(name, status));
            health.judge_limits(name, status);
            health.remarks.extend(places_refuse(name, status));
        }
        if !comparison.moving.is_empty() {
            let names = comparison.moving.join(", ");
            health.moving = Some(format!("tables were moving; not compared: {names}"));
        }
        health
    }

    pub fn level(&self) -> Level {
        match self {
            _ if !self.down.is_empty() => Level::Down,
            _ if !self.reasons.is_empty() => Level::Degraded,
            _ if !self.locked.is_empty() => Level::Locked,
            _ => Level::Well,
        }
    }

    /// All that is wrong.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.down.is_empty() {
            problems.push(format!("down: {}", self.down.join(", ")));
        }
        if !self.locked.is_empty() {
            let names = self.locked.join(", ");
            problems.push(format!("locked: {names}; give --secret-file FILE"));
        }
        problems.extend_from_slice(&self.reasons);
        problems
    }

    /// The limits that a server has reached.
    fn judge_limits(&mut self, name: &str, status: &Value) {
        let since = status["up_since"].as_str().unwrap_or("its start");
        let costly = LIMITS.costly();
        for (limit, count) in status["limits_hit"].as_object().into_iter().flatten() {
            let times = match count.as_u64() {
                Some(1) => "once".to_string(),
                Some(2) => "twice".to_string(),
                _ => format!("{count} times"),
            };
            let ago = status["limits_hit_ago"][limit].as_u64();
            let last = ago.map_or(String::new(), |ago| format!(", last {} ago", age(ago)));
            let line = format!("{name} reached limit {limit} {times} since {since}{last}");
            let is_late = ago.is_some_and(|ago| ago <= LIMITS.status_lately / SECOND);
            match is_late && costly.contains(&limit.as_str()) {
                true => self.reasons.push(line),
                false => self.remarks.push(line),
            }
        }
    }
}

/// It told its neighbours everything, and still finds another table there.
fn different(name: &str, status: &Value) -> Option<String> {
    let links = status["links"].as_array()?.iter();
    let differ = links.filter(|link| link["differs"] == true);
    let names: Vec<&str> = differ.filter_map(|link| link["name"].as_str()).collect();
    let line = format!(
        "told everything by {name}, and yet different: {}",
        names.join(", ")
    );
    (!names.is_empty()).then_some(line)
}

/// Its neighbours' clocks differ too much from its own, by the seconds that they are ahead.
fn skewed(name: &str, status: &Value) -> Option<String> {
    let links = status["links"].as_array()?.iter();
    let skews = links.filter_map(|link| {
        let (name, skew) = (link["name"].as_str()?, link["skew_seconds"].as_f64()?);
        Some(format!("{name} {skew:+.3} s"))
    });
    let skews: Vec<String> = skews.collect();
    let line = format!("clocks differ from that of {name}: {}", skews.join(", "));
    (!skews.is_empty()).then_some(line)
}

/// The files that it cannot write.
fn failing(name: &str, status: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for file in ["journal", "log"] {
        if let Some(why) = status[file]["why"].as_str() {
            lines.push(format!("{name} cannot write its {file}: {why}"));
        }
    }
    if let Some(why) = status["journal"]["not_compacted"].as_str() {
        lines.push(format!("{name} cannot compact its journal: {why}"));
    }
    lines
}

/// It lets no further client in, unless one that is idle makes room.
fn full(name: &str, status: &Value) -> Option<String> {
    let (clients, most) = (status["clients"].as_u64()?, status["clients_max"].as_u64()?);
    let is_full = clients >= most && most > 0;
    is_full.then(|| format!("{name} has all the clients that it may have: {clients}"))
}

/// The service that it asks for places refused, and says why in the log.
fn places_refuse(name: &str, status: &Value) -> Option<String> {
    let refused = status["lookups"]["refused"].as_object()?.iter();
    let kinds: Vec<String> = refused
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    let line = format!("the place service of {name} refused: {}", kinds.join(", "));
    (!kinds.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A, B and C, of which A and B have a link.
    fn herd() -> Topology {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server C ::1 clients=5 servers=6\nserver Old ::1 clients=7 plain\nlink A B\n";
        Topology::parse("t", text.as_bytes()).unwrap()
    }

    fn up(name: &str) -> Value {
        let other = if name == "A" { "B" } else { "A" };
        json!({
            "name": name, "up": true, "digest": "1", "clients": 1, "clients_max": 2,
            "up_since": "2026-11-26T01:00:00Z",
            "links": [{
                "name": other, "state": "up", "hears": true, "why": null, "differs": false,
                "skew_seconds": null,
            }],
            "journal": {"state": "ok", "why": null, "not_compacted": null},
            "log": {"state": "ok", "why": null},
            "limits_hit": {}, "limits_hit_ago": {},
        })
    }

    /// The judgement, if the status of A is changed.
    fn judged(change: impl Fn(&mut Value)) -> Health {
        let mut status = up("A");
        change(&mut status);
        let [a, b, c] = [status, up("B"), up("C")].map(Answer::Up);
        let answers = [a, b, c, Answer::Plain];
        Health::of(&herd(), &answers, Comparison::default())
    }

    #[test]
    fn a_herd_is_well_if_nothing_is_wrong() {
        let health = judged(|_| {});
        assert_eq!((health.level(), health), (Level::Well, Health::default()));
    }

    #[test]
    fn refusals_of_the_place_service_are_worth_knowing() {
        let health = judged(|a| a["lookups"]["refused"] = json!({"REQUEST_DENIED": 2}));
        assert_eq!(health.level(), Level::Well);
        assert_eq!(
            health.remarks,
            ["the place service of A refused: REQUEST_DENIED 2"]
        );
    }

    #[test]
    fn each_thing_that_is_wrong_degrades_the_herd() {
        type Change = fn(&mut Value);
        let changes: [(Change, &str); 8] = [
            (
                |a| a["links"][0]["state"] = "down".into(),
                "link not up: A to B down",
            ),
            (
                |a| a["links"][0]["why"] = "it minds".into(),
                "A has trouble with B: it minds",
            ),
            (
                |a| a["links"][0]["differs"] = true.into(),
                "told everything by A, and yet different: B",
            ),
            (
                |a| a["links"][0]["skew_seconds"] = (-7.0).into(),
                "clocks differ from that of A: B -7.000 s",
            ),
            (
                |a| a["journal"]["why"] = "full".into(),
                "A cannot write its journal: full",
            ),
            (
                |a| a["log"]["why"] = "gone".into(),
                "A cannot write its log: gone",
            ),
            (
                |a| a["journal"]["not_compacted"] = "busy".into(),
                "A cannot compact its journal: busy",
            ),
            (
                |a| a["clients"] = 2.into(),
                "A has all the clients that it may have: 2",
            ),
        ];
        for (change, want) in changes {
            let health = judged(change);
            assert_eq!(health.problems(), [want]);
            assert_eq!(health.level(), Level::Degraded);
        }
    }

    #[test]
    fn a_limit_that_costs_answers_counts_for_a_minute() {
        let hit = |limit: &str, count: u64, ago: Value| {
            judged(|a| {
                a["limits_hit"][limit] = count.into();
                a["limits_hit_ago"][limit] = ago.clone();
            })
        };
        let since = "since 2026-11-26T01:00:00Z";
        let health = hit("lookup_queue", 2, 60.into());
        let line = format!("A reached limit lookup_queue twice {since}, last 1 min ago");
        assert_eq!(health.reasons, [line]);
        let health = hit("lookup_queue", 1, 61.into());
        let line = format!("A reached limit lookup_queue once {since}, last 1 min ago");
        assert_eq!((health.level(), health.remarks), (Level::Well, vec![line]));
        let health = hit("lines_per_turn", 3, 0.into());
        let line = format!("A reached limit lines_per_turn 3 times {since}, last 0 s ago");
        assert_eq!((health.level(), health.remarks), (Level::Well, vec![line]));
        // A server of an earlier version does not say when.
        assert_eq!(hit("lookup_queue", 1, Value::Null).level(), Level::Well);
    }

    #[test]
    fn servers_that_are_down_or_locked_are_named() {
        let [down, locked] = [Answer::Down, Answer::Locked].map(|it| it("why".into()));
        let a = Answer::Up(up("A"));
        let answers = [a.clone(), down, locked.clone(), Answer::Plain];
        let health = Health::of(&herd(), &answers, Comparison::default());
        assert_eq!(health.level(), Level::Down);
        let want = ["down: B", "locked: C; give --secret-file FILE"];
        assert_eq!(health.problems(), want);
        let answers = [a, Answer::Up(up("B")), locked, Answer::Plain];
        let health = Health::of(&herd(), &answers, Comparison::default());
        assert_eq!(
            (health.level(), health.problems().len()),
            (Level::Locked, 1)
        );
        let comparison = Comparison {
            differing: vec!["digests differ".into()],
            moving: vec!["A".into()],
        };
        let health = Health::of(&herd(), &answers, comparison);
        assert_eq!(health.level(), Level::Degraded);
        let moving = health.moving.as_deref();
        assert_eq!(moving, Some("tables were moving; not compared: A"));
    }
}
