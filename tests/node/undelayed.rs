//! Watchers delay nobody: with them, a client has its reply in the same turn of its server, after
//! the same writes.

use crate::support::stories::story::Story;

/// Commands of a client, each while another one sends a flood of moves.
const ROUNDS: usize = 12;
/// Moves of the flood, and how many lines of one connection a turn obeys.
const MOVES: usize = 40;
const SETTINGS: &str = "world lines_per_turn=8 watch_steps=3 watch_outbox=500";

/// The way of a reply: the turns before the one that wrote it, and the writes before it there.
#[derive(Debug, PartialEq, Eq)]
struct Wait {
    turns: usize,
    writes: Vec<String>,
}

/// The way of each reply to `c`, while those watch that `come` lets in.
fn waits(come: &[&str]) -> (Vec<Wait>, Story) {
    let mut story = Story::new();
    let mut obey = |command: &str| drop(story.obey(command).unwrap());
    obey(SETTINGS);
    obey("herd Goloman-Hands");
    obey("connect flood Goloman");
    obey("connect c Goloman");
    come.iter().for_each(|command| obey(command));
    let mut waits = Vec::new();
    for round in 1..=ROUNDS {
        let moves = (0..MOVES).map(|it| format!(r"IAMAT m{it} +1-1 900.{round:09}\n"));
        let moves: String = moves.collect();
        story.world().unwrap().turns();
        story.obey(&format!("flood sends \"{moves}\" &")).unwrap();
        let ask = format!(r#"c sends "IAMAT c +1-1 900.{round:09}\n""#);
        story.obey(&ask).unwrap();
        let turns = story.world().unwrap().turns();
        let mine = turns.into_iter().filter(|it| it.place == 0);
        let place = |wrote: &[String]| wrote.iter().position(|it| it == "c");
        let reply = mine.enumerate().find_map(|(number, turn)| {
            let writes = turn.wrote[..place(&turn.wrote)?].to_vec();
            let turns = number;
            Some(Wait { turns, writes })
        });
        waits.push(reply.expect("a reply"));
    }
    (waits, story)
}

/// The answer to a question about the world.
fn answer(story: &mut Story, question: &str) -> String {
    story.obey(question).unwrap().join("\n")
}

#[test]
fn a_watcher_under_load_delays_no_reply_by_a_turn_or_a_write() {
    let reader = [
        "stranger fast Goloman from 127.0.0.1",
        r#"fast sends "WATCH\n""#,
    ];
    let idler = [
        "stranger slow Goloman from 127.0.0.1",
        "slow stops reading",
        r#"slow sends "WATCH after=0\n""#,
    ];
    let (alone, _) = waits(&[]);
    assert!(alone.iter().all(|it| it.turns > 0), "{alone:?}");
    let linked = alone
        .iter()
        .any(|it| it.writes.contains(&"Hands".to_string()));
    assert!(linked, "the neighbour hears first: {alone:?}");
    for come in [&reader[..], &idler[..], &[&reader[..], &idler].concat()] {
        let (waits, mut story) = waits(come);
        assert_eq!(waits, alone, "{come:?}");
        // There was a load: the watchers had their share of many turns, or have an outbox full.
        let hits = answer(&mut story, "hits Goloman");
        assert!(hits.contains("met watch_steps"), "{come:?}: {hits}");
        if come.len() > reader.len() {
            let owed = answer(&mut story, "owed Goloman slow");
            let bytes: usize = owed.split(' ').nth(2).unwrap().parse().unwrap();
            assert!((500..700).contains(&bytes), "{owed}");
        }
    }
}
