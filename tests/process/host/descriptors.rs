//! Descriptors that a parent has left open, and doors at which accept(2) always fails.

use std::fs;
use std::net::TcpStream;
use std::process::Command;

use super::after;
use super::support::client::Client;
use super::support::herd::{Herd, at_line};
use super::support::wait::wait_until;

/// Opens this many descriptors of a shell, from a number on.
fn leave_open(count: usize, from: usize) -> String {
    let all = (from..from + count).map(|number| format!("exec {number}</dev/null; "));
    // Only bash has numbers of two digits.
    let all: String = all.collect();
    format!("exec bash -c '{all} exec \"$0\" \"$@\"' \"$0\" \"$@\"")
}

/// The descriptors that are kept back for links, journal and log are really there.
#[test]
fn descriptors_that_the_parent_left_open_are_counted() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.write_topologies();
    herd["A"].launch_as(after(&format!("ulimit -n 160; {}", leave_open(60, 20))));
    herd["A"].greeting();
    herd["B"].start();
    herd.wait_for_links();
    herd["B"].kill();
    let mut inside: Vec<TcpStream> = Vec::new();
    for _ in 0..150 {
        inside.extend(TcpStream::connect(("127.0.0.1", herd["A"].clients)));
    }
    herd["A"].logged("turned away: ");
    // A neighbour that is started again finds a link, and a log that was moved away a new one.
    herd["B"].start();
    let told = herd["B"].client().ask("IAMAT kiwi +1-2 1000000\n");
    let log = herd["A"].directory.join("A.log");
    fs::rename(&log, log.with_extension("old")).unwrap();
    herd["A"].signal("USR1");
    herd["A"].logged("the log is reopened");
    drop(inside);
    wait_until("there is room again", || {
        let client = Client::try_of(herd["A"].clients);
        client.is_some_and(|mut client| client.try_ask("hello\n"))
    });
    wait_until("A knows it", || {
        at_line(herd["A"].clients, "kiwi").as_ref() == Some(&told)
    });
}

/// Numbers beyond the limit, which was lowered later, take nothing away from it.
#[test]
fn only_descriptors_below_the_limit_count() {
    let said = |script: &str| {
        let mut shell = after(script);
        let output = shell.arg("limits").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, rest) = text.split_once("a server takes ").unwrap();
        rest.split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let none = said("ulimit -n 160");
    // The test's own parent may have left some open.
    assert!(none <= 120, "{none}");
    assert_eq!(
        said(&format!("ulimit -n 160; {}", leave_open(10, 20))),
        none - 10
    );
    let lowered = leave_open(10, 200).replace(" exec \"$0\"", " ulimit -n 160; exec \"$0\"");
    assert_eq!(said(&lowered), none);
}

#[test]
fn too_few_descriptors_are_said() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.launch_as(after("ulimit -n 40"));
    server.greeting();
    server.logged("descriptors are left, and links, journal and log need 40; raise ulimit -n");
}

/// A profile of seccomp(2) or a security module may forbid accept(2) with the error of a firewall.
#[test]
fn an_accept_that_always_fails_does_not_make_the_loop_spin() {
    if !Command::new("strace")
        .arg("-V")
        .output()
        .is_ok_and(|it| it.status.success())
    {
        println!("skipped: no strace here");
        return;
    }
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    let trace = server.directory.join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-D", "-e", "trace=accept4,epoll_wait"]);
    strace.args(["-e", "inject=accept4:error=EPERM", "-o"]);
    strace.arg(&trace).arg(env!("CARGO_BIN_EXE_herd"));
    server.launch_as(strace);
    server.greeting();
    let _visitor = Client::of(server.clients);
    server.logged("[ERROR] nobody can come in for now: Operation not permitted");
    // It tries again and again, and each time it waits. A batch may need a turn or two.
    wait_until("it has tried for the fifth time", || {
        let text = fs::read_to_string(&trace).unwrap();
        let (_, text) = text.split_once("accept4").unwrap();
        let waits = text.matches("epoll_wait").count();
        let spins = text.matches(", 0) ").count();
        let tries = text.matches("accept4").count() / 250;
        assert!(spins <= tries + 5, "{spins} of {waits} waits do not wait");
        tries >= 5
    });
}
