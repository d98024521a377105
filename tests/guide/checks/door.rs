//! Steps 2 and 3: who comes in, and which bytes are read.

use std::io::{self, Read};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Door, Trial, tells_from_the_step_before, trial};
use crate::steps::s03_edges::{Echo, Server};
use crate::steps::{STEPS, s02_door};
use crate::support::wait::wait_until;

/// Twenty come before the server looks for the first time, which is one event.
fn all_come_in(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let clients: io::Result<Vec<_>> = (0..20).map(|_| door.client()).collect();
    door.serve()?;
    for mut client in clients? {
        client.say("hello\n")?;
        client.hears("hello\n")?;
    }
    Ok(())
}

#[test]
fn step_2_lets_in_all_who_come_at_once() {
    tells_from_the_step_before(2, all_come_in);
}

/// Forty want to be in at once, and there are descriptors for some twenty. The others wait until
/// those have left.
pub fn lives_without_descriptors(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut server = with_few_descriptors(&door)?;
    let outcome = each_leaves_in_turn(&door);
    let _ = server.kill();
    server.wait()?;
    outcome
}

fn each_leaves_in_turn(door: &Door) -> io::Result<()> {
    let mut first = door.client()?;
    first.say("hello\n")?;
    first.hears("hello\n")?;
    let clients: io::Result<Vec<_>> = (0..40).map(|_| door.client()).collect();
    let mut clients = clients?;
    for client in &mut clients {
        client.say("hello\n")?;
    }
    // Each makes room for one more when it goes.
    clients
        .into_iter()
        .try_for_each(|mut client| client.hears("hello\n"))
}

/// The step in a process of its own, which has the door for its standard input.
fn with_few_descriptors(door: &Door) -> io::Result<std::process::Child> {
    // The broken loops have this module elsewhere.
    let (_, module) = module_path!().split_once("::").expect("CRATE::MODULE");
    let serves = format!("{module}::serves");
    Command::new("sh")
        .args(["-c", "ulimit -n 30 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe()?)
        .args([&serves, "--exact", "--ignored"])
        .env(STEP, door.trial.number.to_string())
        .stdin(std::os::fd::OwnedFd::from(door.socket.try_clone()?))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// The number of the step that the child process serves.
const STEP: &str = "HERD_GUIDE_STEP";

#[test]
#[ignore = "the test below starts it"]
fn serves() {
    let number: usize = std::env::var(STEP).unwrap().parse().unwrap();
    let door = io::stdin().as_fd().try_clone_to_owned().unwrap();
    STEPS[number - 1].1(door.into()).unwrap();
}

#[test]
fn step_2_goes_on_when_it_lacks_descriptors() {
    tells_from_the_step_before(2, lives_without_descriptors);
}

/// A server that closes first leaves its side of the connection in TIME_WAIT. A child of another
/// test may have the old door for a moment, until it has become another program.
#[test]
fn a_door_opens_again_at_once() {
    let door = s02_door::open(([127, 0, 0, 1], 0).into()).unwrap();
    let address = door.local_addr().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    drop(door.accept().unwrap());
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop((client, door));
    wait_until("the door opens", || s02_door::open(address).is_ok());
}

/// All bytes of a paste are there before the server looks: one event, and three reads.
fn reads_all(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut client = door.client()?;
    let paste: Vec<u8> = (0..40 << 10).map(|at| (at % 251) as u8).collect();
    client.say(&paste)?;
    door.serve()?;
    client.hears(&paste)
}

#[test]
fn step_3_reads_all_of_a_paste() {
    tells_from_the_step_before(3, reads_all);
}

/// A read stops at the urgent byte, although more bytes are there.
fn reads_past_an_urgent_byte(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut client = door.client()?;
    client.say("one\n")?;
    client.say_urgently(b"!")?;
    client.say("two\n")?;
    door.serve()?;
    client.hears("one\ntwo\n")
}

#[test]
fn step_3_reads_past_an_urgent_byte() {
    tells_from_the_step_before(3, reads_past_an_urgent_byte);
}

/// The end comes with the last bytes, and there is no event for it alone.
fn reads_the_end(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    let mut client = door.client()?;
    client.say("bye\n")?;
    client.says_no_more()?;
    door.serve()?;
    client.hears("bye\n")?;
    client.hears_the_end()
}

#[test]
fn step_3_reads_the_end_behind_the_last_bytes() {
    tells_from_the_step_before(3, reads_the_end);
}

/// While nothing happens the loop sleeps in the kernel, and whoever comes wakes it.
#[test]
fn step_3_sleeps_while_nothing_happens() {
    let door = Door::open(trial(3, 30)).unwrap();
    let mut server = Server::<Echo>::new(door.socket.try_clone().unwrap().into()).unwrap();
    let (says, hears) = mpsc::channel();
    thread::spawn(move || says.send(server.turn().is_ok()));
    let woke = hears.recv_timeout(Duration::from_secs(1));
    assert!(woke.is_err(), "a turn is over, and nothing has happened");
    let _client = door.client().unwrap();
    assert_eq!(hears.recv(), Ok(true));
}
