//! When descriptors run out: the links and those who are in go on, the others are not kept waiting
//! for nothing, and when there is room again it is used.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use super::iamat;
use super::support::client::{Client, ask_text};
use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::wait::{PATIENCE, wait_for, wait_until};

/// Whether the server answers on a connection, or has closed it.
fn is_served(mut connection: &TcpStream) -> bool {
    let mut answer = Vec::new();
    // To a connection that is closed already each of these may fail: then there is no answer.
    let _ = connection.write_all(b"hello\n");
    let _ = connection.shutdown(Shutdown::Write);
    let _ = connection.read_to_end(&mut answer);
    match &answer[..] {
        b"? hello\n" => true,
        b"" => false,
        other => panic!("{}", other.escape_ascii()),
    }
}

fn connect(port: u16) -> TcpStream {
    let connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection
}

/// The program, with so few descriptors that it takes few clients.
fn limited() -> Command {
    let mut limited = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_herd");
    limited.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\"", program]);
    limited
}

#[test]
fn surplus_clients_are_closed_at_once_and_links_have_their_descriptors() {
    let mut herd = Herd::running("topology.txt");
    herd["Goloman"].kill();
    herd["Goloman"].launch_as(limited());
    herd["Goloman"].greeting();
    herd.wait_for_links();

    // The first of 100 are let in. They stay, so all others are surplus.
    let goloman = herd["Goloman"].clients;
    let mut inside = Client::of(goloman);
    let first = inside.ask(iamat("first"));
    assert!(first.starts_with("AT Goloman "));
    let all: Vec<TcpStream> = (0..100).map(|_| connect(goloman)).collect();
    assert!(!is_served(&all[99]));
    wait_until("the log says so", || {
        herd["Goloman"].count("turned away") > 0
    });
    // A neighbour that is started again finds a link.
    herd["Hands"].kill();
    herd["Hands"].start();
    herd.wait_for_links();
    wait_until("Hands is told", || {
        at_line(herd["Hands"].clients, "first").as_ref() == Some(&first)
    });
    // Once they have gone, there is room.
    drop((all, inside));
    wait_until("a client is let in again", || is_served(&connect(goloman)));
}

#[test]
fn who_waits_at_the_door_comes_in_when_there_is_a_descriptor() {
    let herd = Herd::one();
    let goloman = &herd["Goloman"];
    let mut inside: Vec<Client> = (0..20).map(|_| goloman.client()).collect();
    for client in &mut inside {
        client.ask("hello\n");
    }
    // From now on accept(2) fails, though there are fewer clients than the server would take.
    let mut prlimit = Command::new("prlimit");
    let status = prlimit
        .args(["--pid", &goloman.pid().to_string(), "--nofile=20"])
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("skipped: no prlimit here");
        return;
    }
    let mut waiting = goloman.client();
    waiting.say("hello\n");
    wait_until("the lack is noted", || {
        goloman.count("nobody can come in") == 1
    });
    assert_eq!(inside[0].ask("hello\n"), "? hello");
    // No edge will tell of the one who waits.
    drop(inside);
    assert_eq!(waiting.line(), "? hello");
}

/// The clients that a server takes at once, by its status. That is part of its first metrics, a
/// second after the start.
fn clients_max(server: &Server) -> usize {
    wait_for("the status says how many clients come in", || {
        let status = ask_text(server.servers, "STATUS\n");
        let (_, rest) = status.split_once(r#""clients_max":"#)?;
        let most: usize = rest.split(',').next()?.parse().ok()?;
        (most > 0).then_some(most)
    })
}

#[test]
fn the_client_that_has_been_idle_longest_makes_room_for_another() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    herd["Goloman"].launch_as(limited());
    herd["Goloman"].greeting();
    let goloman = &herd["Goloman"];
    let mut inside: Vec<Client> = (0..clients_max(goloman))
        .map(|_| goloman.client())
        .collect();
    for client in &mut inside {
        assert_eq!(client.ask("hello\n"), "? hello");
    }
    // The first has begun a line, and so it stays.
    inside[0].say("hel");
    let mut late = Vec::new();
    wait_until("there is room for one more", || {
        let mut connection = connect(goloman.clients);
        let mut answer = [0; 8];
        let is_served = connection.write_all(b"hello\n").is_ok()
            && matches!(connection.read(&mut answer), Ok(count) if count > 0);
        late.extend(is_served.then_some(connection));
        is_served
    });
    assert_eq!(
        inside.remove(1).rest(),
        b"",
        "the second had been idle longest"
    );
    assert_eq!(inside[0].ask("lo\n"), "? hello");
    for client in &mut inside {
        assert_eq!(client.ask("hello\n"), "? hello");
    }
    assert_eq!(goloman.count("it makes room for another client"), 1);
    let status = ask_text(goloman.servers, "STATUS\n");
    assert!(status.contains(r#""clients_idle":1"#), "{status}");
}

/// The kernel's timers of the connections that came in at a port: 2 is the one for the next
/// question whether the other host is there (proc(5)).
fn timers(port: u16) -> Vec<u8> {
    let text = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let here = format!(":{port:04X}");
    let lines = text.lines().skip(1).map(str::split_whitespace);
    let of_port = lines.map(Iterator::collect::<Vec<_>>).filter(|fields| {
        let is_established = fields[3] == "01";
        is_established && fields[1].ends_with(&here)
    });
    let timer = |fields: Vec<&str>| fields[5].split(':').next().unwrap().parse().unwrap();
    of_port.map(timer).collect()
}

#[test]
fn the_hosts_of_silent_clients_are_asked_whether_they_are_there() {
    let herd = Herd::one();
    let goloman = &herd["Goloman"];
    let mut clients: Vec<Client> = (0..5).map(|_| goloman.client()).collect();
    for client in &mut clients {
        assert_eq!(client.ask("hello\n"), "? hello");
    }
    wait_until("nothing else is under way", || {
        timers(goloman.clients) == [2; 5]
    });
}
