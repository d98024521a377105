//! Steps 6 and 7: how much a client may ask for, and how many others wait for it.

use std::io::{self, Write};
use std::time::Duration;

use super::{Client, Door, Trial, tells_from_the_step_before, trial};
use crate::steps::s03_edges::{self, Server};
use crate::steps::s06_marks::{HIGH, Patient};
use crate::steps::s07_budget::{Fair, LINES};

/// All that the client would say, and far more than it may: the kernel's buffers hold 128 KiB on
/// each way, the outbox a little more than its high mark.
const OFFERED: usize = 8 << 20;
const TAKEN_MAX: usize = 2 * (128 << 10) + 2 * HIGH;

/// A client asks and does not read. After that it reads, and hears everything.
pub fn slows_the_sender(trial: Trial) -> io::Result<()> {
    let door = Door::small(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    let line = format!("{}\n", "x".repeat(1023));
    let mut lines = OFFERED / line.len();
    // A write that takes nothing for this long has met the closed window.
    client.0.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut said = 0;
    while said < OFFERED {
        match client.0.write(&line.as_bytes()[said % line.len()..]) {
            Ok(count) => said += count,
            Err(_) => break,
        }
    }
    if said > TAKEN_MAX {
        return Err(io::Error::other(format!("it took {said} bytes")));
    }
    lines = lines.min(said / line.len());
    client.hears(format!("? {line}").repeat(lines))?;
    client.say(&line.as_bytes()[said % line.len()..])?;
    client.hears(format!("? {line}"))
}

#[test]
fn step_6_reads_no_more_from_a_client_that_does_not_read() {
    tells_from_the_step_before(6, slows_the_sender);
}

/// Runs turns until somebody else has an answer, and returns how many lines of the flood were
/// answered by then. Nothing is under way between two turns.
fn lines_before_the_polite<C: s03_edges::Client>(trial: Trial) -> io::Result<usize> {
    let door = Door::open(trial)?;
    let (mut rude, mut polite) = (door.client()?, door.client()?);
    rude.say("a\n".repeat(8 << 10))?;
    polite.say("hello\n")?;
    let mut server = Server::<C>::new(door.socket.try_clone()?.into())?;
    polite
        .0
        .set_read_timeout(Some(Duration::from_millis(300)))?;
    while !has_answer(&polite) {
        server.turn()?;
    }
    polite.hears("? hello\n")?;
    count_lines(&mut rude)
}

fn has_answer(client: &Client) -> bool {
    client.0.peek(&mut [0]).is_ok()
}

/// How many lines have come that nobody has read.
fn count_lines(client: &mut Client) -> io::Result<usize> {
    client.0.set_nonblocking(true)?;
    let (mut count, mut buffer) = (0, [0; 4096]);
    while let Ok(read) = io::Read::read(&mut client.0, &mut buffer) {
        count += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(count)
}

/// Two turns may pass before the polite client is served: it may come in after the rude one.
#[test]
fn step_7_answers_a_polite_client_between_the_lines_of_a_flood() {
    let before = lines_before_the_polite::<Patient>(trial(6, 30)).unwrap();
    let with_budget = lines_before_the_polite::<Fair>(trial(7, 30)).unwrap();
    assert!(with_budget <= 2 * LINES, "{with_budget} lines came first");
    assert!(before > 2 * LINES, "only {before} lines came first");
}

/// The lines came in one packet, and no event will remind the server of those beyond the budget.
#[test]
fn step_7_answers_all_lines_of_a_flood() {
    let door = Door::open(trial(7, 30)).unwrap();
    let mut client = door.client().unwrap();
    client.say("a\n".repeat(100 * LINES)).unwrap();
    door.serve().unwrap();
    client.hears("? a\n".repeat(100 * LINES)).unwrap();
}
