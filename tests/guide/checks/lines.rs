//! Steps 4 and 5: where a line ends, which bytes are written, and how a connection ends.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Door, Trial, tells_from_the_step_before, trial};
use crate::steps::s03_edges::{self, Server};
use crate::steps::s04_lines::LINE_MAX;
use crate::steps::{s05_outbox::Speaker, s06_marks::Patient, s07_budget::Fair};

/// Half a line, and the same lines byte by byte and all at once.
pub fn finds_lines(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    // The answer says that the start of the second line was read with the first.
    client.say("one\nhel")?;
    client.hears("? one\n")?;
    client.say("lo\n")?;
    client.hears("? hello\n")?;
    for byte in b"hello\n\nyou there\n" {
        client.say([*byte])?;
    }
    client.hears("? hello\n? \n? you there\n")?;
    client.say("hello\n\nyou there\n")?;
    client.hears("? hello\n? \n? you there\n")
}

#[test]
fn step_4_finds_lines_however_they_are_cut() {
    tells_from_the_step_before(4, finds_lines);
}

/// A line that is too long is cut, and its client hears no more.
pub fn cuts_long_lines(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut client = door.client()?;
    client.say("x".repeat(LINE_MAX + 1))?;
    door.serve()?;
    client.hears(format!("? {}\n", "x".repeat(LINE_MAX)))?;
    client.hears_the_end()
}

#[test]
fn step_4_cuts_a_line_that_is_too_long() {
    tells_from_the_step_before(4, cuts_long_lines);
}

/// A thousand lines of 1 KiB, each with its number.
fn lines() -> Vec<String> {
    let line = |number: usize| format!("{number} {}\n", "x".repeat(1000));
    (0..1000).map(line).collect()
}

fn answers(lines: &[String]) -> String {
    lines.iter().map(|line| format!("? {line}")).collect()
}

/// The client says everything before it hears anything: its answers are more than the kernel takes.
fn sends_everything(trial: Trial) -> io::Result<()> {
    let door = Door::small(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    let lines = lines();
    client.say(lines.concat())?;
    client.says_no_more()?;
    client.hears(answers(&lines))?;
    client.hears_the_end()
}

#[test]
fn step_5_sends_every_byte_although_the_socket_takes_few() {
    tells_from_the_step_before(5, sends_everything);
}

/// The last line has no LF: the end is its end.
pub fn answers_the_last_line(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    client.say("one\ntwo")?;
    client.says_no_more()?;
    client.hears("? one\n? two\n")?;
    client.hears_the_end()
}

#[test]
fn step_5_answers_a_client_that_has_said_everything() {
    tells_from_the_step_before(5, answers_the_last_line);
}

/// The client is still sending when the server has heard enough. A reset would be an error.
pub fn lingers(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut client = door.client()?;
    client.say("x".repeat(40 << 10))?;
    door.serve()?;
    client.hears(format!("? {}\n", "x".repeat(LINE_MAX)))?;
    client.hears_the_end()?;
    client.say("more")
}

#[test]
fn step_5_does_not_reset_a_connection_that_it_ends() {
    tells_from_the_step_before(5, lingers);
}

/// The client has heard the end and takes its time. Nothing happens, so the loop falls asleep.
fn sleeps_while_it_lingers<C: s03_edges::Client + 'static>(number: usize) {
    let door = Door::open(trial(number, 30)).unwrap();
    let mut client = door.client().unwrap();
    client.say("x".repeat(LINE_MAX + 1)).unwrap();
    let listener = door.socket.try_clone().unwrap().into();
    let (says, turns) = mpsc::channel();
    thread::spawn(move || {
        let mut server = Server::<C>::new(listener).unwrap();
        while server.turn().is_ok() && says.send(()).is_ok() {}
    });
    client
        .hears(format!("? {}\n", "x".repeat(LINE_MAX)))
        .unwrap();
    client.hears_the_end().unwrap();
    let mut later = (0..1000).map(|_| turns.recv_timeout(Duration::from_secs(1)));
    assert!(
        later.any(|turn| turn.is_err()),
        "turn after turn, and nothing happens"
    );
}

#[test]
fn step_5_sleeps_while_a_client_lingers() {
    sleeps_while_it_lingers::<Speaker>(5);
}

#[test]
fn steps_6_and_7_sleep_while_a_client_lingers() {
    sleeps_while_it_lingers::<Patient>(6);
    sleeps_while_it_lingers::<Fair>(7);
}
