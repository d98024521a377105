//! When descriptors run out: the links and those who are in go on, the others are not kept waiting
//! for nothing, and when there is room again it is used.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use super::iamat;
use super::support::client::{Client, ask_text};
use super::support::herd::{Herd, at_line, at_line_of};
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
        // It has begun a line, so it makes room for nobody.
        client.say("hel");
    }
    // From now on accept(2) fails, though there are fewer clients than the server would take.
    if !lower_limit(goloman, 20) {
        return;
    }
    let mut waiting = goloman.client();
    waiting.say("hello\n");
    wait_until("the lack is noted", || {
        goloman.count("nobody can come in") == 1
    });
    assert_eq!(inside[0].ask("lo\n"), "? hello");
    // No edge will tell of the one who waits.
    drop(inside);
    assert_eq!(waiting.line(), "? hello");
}

/// Has a server open no descriptor from this number on. False: there is no prlimit here.
fn lower_limit(server: &Server, limit: usize) -> bool {
    let mut prlimit = Command::new("prlimit");
    let pid = server.pid().to_string();
    let status = prlimit.args(["--pid", &pid, &format!("--nofile={limit}")]);
    let is_lower = status.status().is_ok_and(|status| status.success());
    if !is_lower {
        println!("skipped: no prlimit here");
    }
    is_lower
}

/// Leaves a server no descriptor: the limit is just above those that are open, and further clients
/// fill the gaps between them.
fn exhaust(server: &Server, inside: &mut Vec<Client>) -> bool {
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let numbers = open.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    let limit = numbers.iter().max().unwrap() + 1;
    for _ in numbers.len()..limit {
        inside.push(server.client());
    }
    for client in inside {
        assert_eq!(client.ask("hello\n"), "? hello");
    }
    lower_limit(server, limit)
}

#[test]
fn an_idle_client_makes_room_when_there_is_no_descriptor() {
    let herd = Herd::one_with(&["--no-journal"]);
    let goloman = &herd["Goloman"];
    let mut inside: Vec<Client> = (0..10).map(|_| served(goloman)).collect();
    if !exhaust(goloman, &mut inside) {
        return;
    }
    // One has begun a line, and so it stays.
    let mut busy = inside.remove(0);
    busy.say("hel");
    let all = inside.len();
    let mut late = served(goloman);
    // There is no descriptor again, but nobody waits for one.
    assert_eq!(late.ask("hello\n"), "? hello");
    let has_room = "it makes room for another connection";
    assert_eq!(goloman.count(has_room), 1);
    inside.retain_mut(|client| client.try_ask("hello\n"));
    assert_eq!(inside.len(), all - 1);
    let status = ask_text(goloman.servers, "STATUS\n");
    assert!(status.contains(r#""clients_idle":2"#), "{status}");
    assert_eq!(goloman.count(has_room), 2);
    assert_eq!(busy.ask("lo\n"), "? hello");
}

/// A client that has been answered.
fn served(server: &Server) -> Client {
    let mut client = server.client();
    assert_eq!(client.ask("hello\n"), "? hello");
    client
}

/// The link to a neighbour needs a descriptor, and the one from it another.
#[test]
fn idle_clients_make_room_for_links_when_there_is_no_descriptor() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd["A"].options = vec!["--no-journal".to_string()];
    herd.write_topologies();
    herd["A"].start();
    let mut inside: Vec<Client> = (0..10).map(|_| served(&herd["A"])).collect();
    if !exhaust(&herd["A"], &mut inside) {
        return;
    }
    inside[0].say("hel");
    herd["B"].start();
    herd.wait_for_links();
    assert_eq!(inside[0].ask("lo\n"), "? hello");
    let at = herd["B"].client().ask(iamat("kiwi"));
    wait_until("A is told", || {
        at_line_of(&mut inside[0], "kiwi").as_ref() == Some(&at)
    });
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
    assert_eq!(goloman.count("it makes room for another connection"), 1);
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
