//! A name that is typed on the terminal starts its server again.

use std::io::Write;

use super::support::process::send_signal;
use super::support::wait::wait_until;
use super::{Herd, Script, Up};

#[test]
fn a_name_starts_a_server_again() {
    let herd = Herd::new();
    let program = env!("CARGO_BIN_EXE_herd");
    let (topology, run) = (herd.path("t.txt"), herd.path("run"));
    let command = format!("exec {program} up -t {topology} -d {run}");
    let Some((mut session, mut keys, mut screen)) = Script::start(&command, &[]) else {
        return;
    };
    let mut types = |text: &str| keys.write_all(text.as_bytes()).unwrap();
    let greeting = screen.shows("Ctrl-C ends all servers");
    assert!(
        greeting.contains("To start it again, type its name here, and Enter."),
        "{greeting}"
    );
    let pid = Up::pid_in(&greeting.replace('\r', ""));
    assert!(send_signal("KILL", &pid));
    screen.shows("herd: B ended: killed by SIGKILL; to start it again, type B and Enter");
    assert!(!herd.answers(1));
    // Neither an empty line nor an end is a name; the line goes on after it.
    types("\n\u{4}Q\n");
    screen.shows("no server is called Q; a name starts one that has ended: B.");
    types("A\n");
    screen.shows("A runs (pid ");
    types("B\n");
    screen.shows("B is open now.");
    herd.tell(1, ["kiwi".to_string()]);
    herd.waits_for(0, "kiwi");
    // It is one of ours.
    types("\u{3}");
    assert_eq!(session.0.wait().unwrap().code(), Some(0));
    wait_until("all are gone", || (0..3).all(|index| !herd.answers(index)));
}

/// A job in the background that reads its terminal would be stopped.
#[test]
fn a_herd_in_the_background_reads_nothing() {
    let herd = Herd::new();
    let program = env!("CARGO_BIN_EXE_herd");
    let (topology, run) = (herd.path("t.txt"), herd.path("run"));
    let command = format!(
        "set -m; {program} up -t {topology} -d {run} & \
         read line; echo got $line; kill %1; wait %1; echo ended $?"
    );
    let Some((mut session, mut keys, mut screen)) =
        Script::start(&command, &[("SHELL", "/bin/bash")])
    else {
        return;
    };
    screen.shows("Ctrl-C ends all servers");
    keys.write_all(b"hello\n").unwrap();
    screen.shows("got hello");
    screen.shows("ended 0");
    session.0.wait().unwrap();
}
