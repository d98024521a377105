//! The quiz of the book: predictions, one a chapter. Numbers come from the program where it can
//! say them, so that an answer changes with it; words are kept as hashes.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::RangeInclusive;

use herd::limits::Limits;
use herd::node::{Action, Door, Event, Node};
use herd::reactor::{Conn, ReadOutcome, Readiness};
use herd::units::{ConnId, MILLISECOND, Mono, Now, SECOND, Wall};
use xxhash_rust::xxh3::xxh3_64;

use crate::steps::s11_core;

/// The right answer to a question.
enum Answer {
    Number(RangeInclusive<u64>),
    /// The hash of a word.
    Word(u64),
}

impl Answer {
    fn about(number: u64, more_or_less: u64) -> Answer {
        Answer::Number(number.saturating_sub(more_or_less)..=number + more_or_less)
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Answer::Number(range) => text.parse().is_ok_and(|number| range.contains(&number)),
            Answer::Word(hash) => xxh3_64(text.to_lowercase().as_bytes()) == *hash,
        }
    }
}

/// All answers, by the names of their questions in `tests/guide/solutions/predict.txt`.
fn answers() -> Vec<(&'static str, Answer)> {
    let exactly = |number: u64| Answer::about(number, 0);
    vec![
        ("dictionary", Answer::Word(0x23a0_0212_eefc_5dce)),
        ("waiting", exactly(wait_of_half_a_line())),
        ("door", exactly(Limits::PRODUCT.accept_batch as u64)),
        ("edges", exactly(reads_of(40 << 10))),
        ("lines", exactly(replies_to_pieces())),
        ("writing", exactly(writes_of_a_packet())),
        (
            "marks",
            Answer::about(bytes_until_it_is_read_again(), 1 << 10),
        ),
        ("fairness", exactly(lines_of_a_turn())),
        ("names", Answer::Word(0xf6ae_01a7_c7a5_1d8e)),
        ("time", exactly(seconds_of_a_drip())),
        ("threads", exactly(lookups_of_a_client())),
        ("order", exactly(lines_before_a_lookup())),
        // `tests/tidy` sees to it: the core has no socket, clock, thread or file.
        ("core", exactly(0)),
        ("flood", exactly(2 * 10 - 5 + 1)),
        ("cores", Answer::about(share_of_an_echo(), 5)),
    ]
}

/// A server without neighbours, and its only client.
struct Trial {
    node: Node,
    now: Now,
    conn: ConnId,
}

impl Trial {
    fn new() -> Trial {
        let (conn, from) = (ConnId::new(1, 0), ([127, 0, 0, 1], 40_000).into());
        let mut node = s11_core::core();
        let now = Now {
            mono: Mono(0),
            wall: Wall(1_500_000_000 * i128::from(SECOND)),
        };
        let door = Door::Clients;
        node.handle(now, Event::Accepted { conn, door, from });
        Trial { node, now, conn }
    }

    /// The client sends a packet. Returns what the server does then.
    fn sends(&mut self, bytes: &[u8]) -> Vec<Action> {
        let conn = self.conn;
        self.node.handle(self.now, Event::Received { conn, bytes });
        self.actions()
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.node.poll_action()).collect()
    }

    fn waits(&mut self, seconds: u64) -> Vec<Action> {
        self.now.mono.0 += seconds * SECOND;
        self.node.handle(self.now, Event::Tick);
        self.actions()
    }

    /// The client takes this many bytes.
    fn takes(&mut self, count: usize) -> Vec<Action> {
        self.node.advance(self.now, self.conn, count);
        self.waits(0)
    }

    fn replies(&self) -> u64 {
        let unsent = self.node.unsent(self.conn);
        unsent.iter().filter(|byte| **byte == b'\n').count() as u64
    }
}

fn wait_of_half_a_line() -> u64 {
    let mut trial = Trial::new();
    trial.sends(b"IAM");
    trial.waits(10);
    let at = trial.node.poll_timeout().unwrap();
    (at.0 - trial.now.mono.0) / MILLISECOND
}

/// A socket with bytes, which counts the calls of read(2).
struct Socket {
    bytes: usize,
    calls: u64,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        let count = self.bytes.min(buffer.len());
        self.bytes -= count;
        match count {
            0 => Err(ErrorKind::WouldBlock.into()),
            _ => Ok(count),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn reads_of(bytes: usize) -> u64 {
    let mut conn = Conn::new(Socket { bytes, calls: 0 });
    conn.event(Readiness {
        readable: true,
        ..Readiness::default()
    });
    let mut buffer = vec![0; Limits::PRODUCT.client_read];
    while let ReadOutcome::Bytes(_) = conn.read(&mut buffer) {}
    conn.stream.calls
}

fn replies_to_pieces() -> u64 {
    let mut trial = Trial::new();
    trial.sends(b"one\ntwo\r\n\nthree");
    let conn = trial.conn;
    trial.node.handle(trial.now, Event::Ended { conn });
    trial.actions();
    trial.replies()
}

fn writes_of_a_packet() -> u64 {
    let actions = Trial::new().sends(&b"hello\n".repeat(100));
    let flushes = actions.iter().filter(|it| matches!(it, Action::Flush(_)));
    flushes.count() as u64
}

fn bytes_until_it_is_read_again() -> u64 {
    let mut trial = Trial::new();
    let conn = trial.conn;
    while !trial
        .sends(&b"hello\n".repeat(100))
        .contains(&Action::Pause(conn))
    {}
    (1..)
        .find(|_| trial.takes(1).contains(&Action::Resume(conn)))
        .unwrap()
}

fn lines_of_a_turn() -> u64 {
    let mut trial = Trial::new();
    trial.sends(&b"\n".repeat(5000));
    trial.replies()
}

fn seconds_of_a_drip() -> u64 {
    let mut trial = Trial::new();
    (0..)
        .find(|seconds| {
            if seconds % 10 == 0 {
                trial.sends(b"x");
            }
            trial.waits(1);
            trial.replies() > 0
        })
        .map_or(0, |seconds: u64| seconds + 1)
}

const IAMAT: &str = "IAMAT kiwi +34-118 1500000000\n";
const WHATSAT: &str = "WHATSAT kiwi 10 5\n";

fn lookups_of_a_client() -> u64 {
    let mut trial = Trial::new();
    let actions = trial.sends((IAMAT.to_string() + &WHATSAT.repeat(100)).as_bytes());
    let lookups = actions.iter();
    let lookups = lookups.filter(|it| matches!(it, Action::LookUp(..)));
    lookups.count() as u64
}

fn lines_before_a_lookup() -> u64 {
    let mut trial = Trial::new();
    trial.sends(format!("{IAMAT}{WHATSAT}{IAMAT}hello\n").as_bytes());
    trial.replies()
}

/// The CPU of an echo in C in per cent of ours, as the README has it.
fn share_of_an_echo() -> u64 {
    let readme = include_str!("../../README.md");
    let mut rows = readme.lines();
    let row = rows.find(|it| it.starts_with("| measured by `make bench`"));
    let cells = row.unwrap().split('|').filter_map(|cell| {
        let number = cell.trim().strip_suffix(" µs")?;
        number.parse::<f64>().ok()
    });
    let cells: Vec<f64> = cells.collect();
    (100.0 * cells[1] / cells[0]).round() as u64
}

/// The answers of a file: `NAME: ANSWER` in each line that is not a comment.
fn given(text: &str) -> BTreeMap<&str, &str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, answer)| (name.trim(), answer.trim()))
        .collect()
}

/// The names of the questions whose answers are wrong or missing.
fn wrong(text: &str) -> Vec<&'static str> {
    let given = given(text);
    let answers = answers().into_iter();
    let wrong = answers.filter(|(name, answer)| !given.get(name).is_some_and(|it| answer.is(it)));
    wrong.map(|(name, _)| name).collect()
}

/// `HERD_ANSWERS` names a reader's file.
#[test]
fn your_predictions_come_true() {
    let text = match std::env::var_os("HERD_ANSWERS") {
        Some(file) => std::fs::read_to_string(file).unwrap(),
        None => include_str!("solutions/predict.txt").to_string(),
    };
    let wrong = wrong(&text);
    let count = answers().len();
    assert!(
        wrong.is_empty(),
        "{} of {count} come true; think again about: {}",
        count - wrong.len(),
        wrong.join(", ")
    );
}

#[test]
fn a_wrong_prediction_is_named() {
    let text = include_str!("solutions/predict.txt");
    let names: Vec<&str> = answers().iter().map(|(name, _)| *name).collect();
    assert_eq!(given(text).len(), names.len());
    assert_eq!(wrong(""), names);
    assert_eq!(wrong(&text.replace(": 3\n", ": 4\n")), ["edges"]);
    assert_eq!(wrong(&text.replace("nobody", "somebody")), ["names"]);
}
