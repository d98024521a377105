//! The answers of a herd in short, for a page that shows them: the judgement, the servers and the
//! links, as one value for programs. Its words are the servers' own, so whoever shows them escapes
//! them.

use serde_json::{Value, json};

use super::answer::Answer;
use super::health::{Health, Level};
use crate::topology::Topology;

/// `level` (`OK`, `LOCKED`, `DEGRADED`, `DOWN`), `problems` and `remarks` as `herd status` says
/// them, `servers` in the order of the topology, and `links`, each with the words of both ends.
pub fn summary(topology: &Topology, answers: &[Answer], health: &Health) -> Value {
    let servers = topology.servers.iter().zip(answers);
    let servers = servers.map(|(server, answer)| self::server(&server.name, answer));
    let links = topology.links.iter().map(|&(one, other)| {
        let name = |place: usize| topology.servers[place].name.as_str();
        json!({
            "ends": [name(one), name(other)],
            "states": [
                direction(&answers[one], name(other)),
                direction(&answers[other], name(one)),
            ],
        })
    });
    json!({
        "level": word(health.level()),
        "problems": health.problems(),
        "remarks": health.remarks.iter().chain(&health.moving).collect::<Vec<_>>(),
        "servers": servers.collect::<Vec<Value>>(),
        "links": links.collect::<Vec<Value>>(),
    })
}

/// The word of a level, for people and monitoring.
pub fn word(level: Level) -> &'static str {
    match level {
        Level::Well => "OK",
        Level::Locked => "LOCKED",
        Level::Degraded => "DEGRADED",
        Level::Down => "DOWN",
    }
}

fn server(name: &str, answer: &Answer) -> Value {
    let status = match answer {
        Answer::Up(status) => status,
        Answer::Down(why) => return json!({"name": name, "state": "down", "why": why}),
        Answer::Locked(why) => return json!({"name": name, "state": "locked", "why": why}),
        Answer::Plain => return json!({"name": name, "state": "plain"}),
    };
    let hits = status["limits_hit"].as_object().into_iter().flatten();
    let hits = hits.map(|(limit, count)| format!("{limit} {count}"));
    json!({
        "name": name,
        "state": "up",
        "up_seconds": status["up_seconds"],
        "known": status["known"],
        "digest": status["digest"],
        "clients": status["clients"],
        "rates": status["rates"],
        "shares": status["loop"]["shares"],
        "longest_turn_us": status["longest_turn_us"],
        "limits_hit": hits.collect::<Vec<String>>(),
    })
}

/// A link by the word of the server at one end; null if that says nothing.
fn direction(answer: &Answer, to: &str) -> Value {
    let links = answer
        .status()
        .and_then(|status| status["links"].as_array());
    let link = links.into_iter().flatten().find(|link| link["name"] == to);
    link.map_or(Value::Null, |link| {
        json!({
            "state": link["state"],
            "lag": link["lag"],
            "round_trip_ms": link["round_trip_ms"],
            "hears": link["hears"],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::comparison::Comparison;
    use super::*;

    #[test]
    fn every_server_and_link_is_in_it_whoever_answers() {
        let text = "server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server Old ::1 clients=7 plain\nlink A B\nlink A Old\n";
        let topology = Topology::parse("t", text.as_bytes()).unwrap();
        let link = json!({"name": "B", "state": "dialling", "lag": 3, "hears": false});
        let a = Answer::Up(json!({
            "name": "A", "known": 7, "links": [link, "nonsense"], "limits_hit": {"records": 2},
        }));
        let answers = [a, Answer::Down("gone".into()), Answer::Plain];
        let health = Health::of(&topology, &answers, Comparison::default());
        let found = summary(&topology, &answers, &health);
        assert_eq!(found["level"], "DOWN");
        assert_eq!(found["problems"], json!(["down: B"]));
        assert_eq!(found["servers"][0]["known"], 7);
        assert_eq!(found["servers"][0]["limits_hit"], json!(["records 2"]));
        let down = json!({"name": "B", "state": "down", "why": "gone"});
        assert_eq!(found["servers"][1], down);
        assert_eq!(found["servers"][2]["state"], "plain");
        let states = &found["links"][0]["states"];
        assert_eq!((&states[0]["lag"], &states[1]), (&json!(3), &Value::Null));
        assert_eq!(found["links"][1]["ends"], json!(["A", "Old"]));
        assert_eq!(found["links"][1]["states"], json!([null, null]));
    }
}
