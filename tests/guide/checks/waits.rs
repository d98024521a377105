//! Steps 9 and 10: a client that the server waits for, and clients that wait for a worker.

use std::io::{self, ErrorKind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use super::{Client, Door, Trial, tells_from_the_step_before, trial};
use crate::steps::{s09_deadlines, s10_workers};

/// Half a line is answered in the end, and the client has to go.
fn ends_half_a_line(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    client.say("one\nhalf")?;
    client.hears("? one\n? half\n")?;
    client.hears_the_end()
}

#[test]
fn step_9_ends_half_a_line() {
    tells_from_the_step_before(9, ends_half_a_line);
}

/// Another byte of the same line is no reason to wait longer.
fn ends_a_drip(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    let pause = Duration::from_millis(20);
    client.0.set_read_timeout(Some(pause))?;
    for _ in 0..trial.patience.as_millis() / pause.as_millis() {
        client.say("x")?;
        if client.0.peek(&mut [0]).is_ok() {
            return Ok(());
        }
    }
    Err(ErrorKind::TimedOut.into())
}

#[test]
fn step_9_ends_a_line_that_drips() {
    tells_from_the_step_before(9, ends_a_drip);
}

/// A client that takes no answers is closed, and one that was told the end and never ends, too.
fn ends_silence(trial: Trial) -> io::Result<()> {
    let door = Door::small(trial)?;
    door.serve()?;
    let mut stuck = door.client()?;
    let mut open = door.client()?;
    // It may be gone before it has said all this.
    let _ = stuck.say(format!("{}\n", "x".repeat(4 << 10)).repeat(100));
    open.say("x".repeat(10 << 10))?;
    for client in [&mut stuck, &mut open] {
        client.is_gone()?;
    }
    Ok(())
}

impl Client {
    /// Waits until bytes that it says are answered with a reset: nobody has the other end.
    fn is_gone(&mut self) -> io::Result<()> {
        let patience = self.0.read_timeout()?.unwrap_or_default();
        self.0.set_nonblocking(true)?;
        let pause = Duration::from_millis(20);
        for _ in 0..patience.as_millis() / pause.as_millis() {
            match io::Write::write(&mut self.0, b"x") {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Ok(()),
                _ => thread::sleep(pause),
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}

#[test]
fn step_9_closes_a_client_that_neither_reads_nor_ends() {
    tells_from_the_step_before(9, ends_silence);
}

/// The loop turns for the words, for the deadlines and for the ends, and sleeps otherwise.
#[test]
fn step_9_sleeps_until_its_deadline() {
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    let mut counted = trial(9, 30);
    counted.serve = |listener| {
        let mut server = s09_deadlines::Server::new(listener)?;
        loop {
            server.turn()?;
            TURNS.fetch_add(1, Ordering::Relaxed);
        }
    };
    ends_half_a_line(counted).unwrap();
    let turns = TURNS.load(Ordering::Relaxed);
    assert!(turns < 20, "{turns} turns for two lines and an end");
}

/// Step 10 with work that goes on when somebody permits it.
fn serve_with_gate(door: &Door) -> io::Result<Sender<()>> {
    let (permit, permits) = mpsc::channel();
    let permits = Mutex::new(permits);
    let listener = door.socket.try_clone()?.into();
    thread::spawn(move || {
        s10_workers::serve_with(listener, move |job| {
            let _ = permits.lock().unwrap().recv();
            [&job.text[..], b" is done\n"].concat()
        })
    });
    Ok(permit)
}

/// While a worker is at it, others have their answers, and the client has none out of order.
fn answers_in_order(door: &Door, permit: impl FnOnce()) -> io::Result<()> {
    let (mut slow, mut quick) = (door.client()?, door.client()?);
    slow.say("slow one\nhello\n")?;
    quick.say("hello\n")?;
    quick.hears("? hello\n")?;
    // A second exchange: by now the first client was served, too.
    quick.say("hello\n")?;
    quick.hears("? hello\n")?;
    slow.0.set_nonblocking(true)?;
    if slow.0.peek(&mut [0]).is_ok() {
        return Err(io::Error::other("an answer came before the work was done"));
    }
    slow.0.set_nonblocking(false)?;
    permit();
    slow.hears("slow one is done\n? hello\n")
}

#[test]
fn step_10_answers_others_while_a_worker_works_and_each_in_order() {
    let door = Door::open(trial(10, 30)).unwrap();
    let permit = serve_with_gate(&door).unwrap();
    answers_in_order(&door, || permit.send(()).unwrap()).unwrap();
    let door = Door::open(trial(9, 1)).unwrap();
    door.serve().unwrap();
    answers_in_order(&door, || {}).unwrap_err();
}

/// The next client in the place of one that has left does not get its answer.
#[test]
fn step_10_has_no_answer_for_somebody_else() {
    let door = Door::open(trial(10, 30)).unwrap();
    let permit = serve_with_gate(&door).unwrap();
    let (mut first, mut third) = (door.client().unwrap(), door.client().unwrap());
    first.say("slow one\n").unwrap();
    super::reset(first);
    third.say("hello\n").unwrap();
    third.hears("? hello\n").unwrap();
    // By now the first is gone, and its place is free.
    let mut second = door.client().unwrap();
    second.say("hello\n").unwrap();
    second.hears("? hello\n").unwrap();
    permit.send(()).unwrap();
    second.say("slow two\n").unwrap();
    permit.send(()).unwrap();
    second.hears("slow two is done\n").unwrap();
}
