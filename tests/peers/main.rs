//! Herds of real processes, ours and of other makes: what is said to one comes to all, both ways,
//! and nothing goes round for ever. The other makes are the doubles in `tests/peers`, which need
//! Python 3.11; a neighbour that behaves worse than any of them is played here.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use support::client::{Client, ask_text};
use support::herd::{Directory, at_line};
use support::mixed::{Mixed, has_python, script};
use support::ports::free_port;
use support::process::Server;
use support::wait::{PATIENCE, wait_for, wait_until};

const ASYNCIO: &[&str] = &["asyncio_herd.py"];
const PLAIN: &[&str] = &["plain_peer.py"];

/// Runs `check.py`, which prints each difference.
fn check(arguments: &[&str]) {
    if !has_python() {
        return;
    }
    let mut command = Command::new("python3");
    command.arg(script("check.py")).args(arguments);
    let done = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{complaints}");
    assert!(said.contains(" right"), "{said}");
}

#[test]
fn the_doubles_are_what_they_say() {
    check(&[]);
}

#[test]
fn our_clients_door_is_that_of_their_table() {
    check(&[env!("CARGO_BIN_EXE_herd")]);
}

/// The whole line.
fn all(line: &str) -> String {
    line.to_string()
}

#[test]
fn asyncio_between_ours_carries_everything() {
    if !has_python() {
        return;
    }
    let links = [["A", "B"], ["B", "C"]];
    let herd = Mixed::running(&["A", "C"], &[("B", ASYNCIO)], &links);
    let doors = herd.doors();
    for time in 1..=10 {
        for (name, _) in &doors {
            herd.say(name, &format!("IAMAT of{name} +1-2 {time}.000000001"));
        }
        for (name, _) in &doors {
            herd.agreed(&format!("of{name}"), &format!(" {time}.000000001"), all);
        }
    }
    // One client walks from server to server, and two places of one time end the same.
    for time in 11..40 {
        let (name, _) = &doors[time % 3];
        herd.say(name, &format!("IAMAT walker +1-2 {time}"));
    }
    herd.agreed("walker", " 39", all);
    herd.say("A", "IAMAT tie +1-2 5");
    herd.say("C", "IAMAT tie +2-2 5.0");
    herd.agreed("tie", "+2-2 5.0", all);
}

#[test]
fn one_of_the_default_herd_is_asyncio() {
    if !has_python() {
        return;
    }
    let text = fs::read_to_string(script("../../topology.txt")).unwrap();
    let words = |line: &'static str| line.split_whitespace().collect::<Vec<_>>();
    let lines: Vec<Vec<&str>> = Box::leak(text.into_boxed_str())
        .lines()
        .map(words)
        .collect();
    let servers = lines.iter().filter(|line| line.first() == Some(&"server"));
    let names: Vec<&str> = servers.map(|line| line[1]).collect();
    let links = lines.iter().filter(|line| line.first() == Some(&"link"));
    let links: Vec<[&str; 2]> = links.map(|line| [line[1], line[2]]).collect();
    assert_eq!(names.len(), 5);
    for theirs in ["Goloman", "Welsh"] {
        let ours: Vec<&str> = names
            .iter()
            .filter(|name| **name != theirs)
            .copied()
            .collect();
        let herd = Mixed::running(&ours, &[(theirs, ASYNCIO)], &links);
        for name in &names {
            herd.say(name, &format!("IAMAT of{name} +1-2 1520023934.918963997"));
        }
        for name in &names {
            herd.agreed(&format!("of{name}"), ".918963997", all);
        }
    }
}

#[test]
fn every_habit_is_lived_with() {
    if !has_python() {
        return;
    }
    let habits = [
        "no-newline",
        "visited",
        "sender",
        "reads-200",
        "reads-to-eof",
        "answers",
        "float",
        "exponent",
        "float-time",
    ];
    for habit in habits {
        lives_with(habit);
    }
}

/// A of ours, P of theirs, B and C of ours, in a line.
fn lives_with(habit: &str) {
    let theirs: &[&str] = &["plain_peer.py", "--habit", habit];
    let links = [["A", "P"], ["P", "B"], ["B", "C"]];
    let herd = Mixed::running(&["A", "B", "C"], &[("P", theirs)], &links);
    // Its own differences are of its own form; a time that became a float is another time.
    let fields = |line: &str| -> String {
        let fields: Vec<&str> = line.split(' ').collect();
        assert!(fields.len() == 6, "{habit}: {line}");
        match habit {
            "float" | "exponent" if fields[1] == "P" => [&fields[..2], &fields[3..]].concat(),
            "float-time" => fields[..5].to_vec(),
            _ => fields,
        }
        .join(" ")
    };
    const ROUNDS: usize = 3;
    for round in 1..=ROUNDS {
        for name in ["A", "P", "B", "C"] {
            let client = format!("of{name}");
            let place = format!("+{round}.5-118.445127");
            let iamat = format!("IAMAT {client} {place} 152002393{round}.918963997");
            herd.say(name, &iamat);
            let lines = herd.agreed(&client, &place, fields);
            for line in &lines[..3] {
                let difference = line.split(' ').nth(2).unwrap();
                assert!(is_ours(difference), "{habit}: {line}");
            }
            if habit != "float-time" {
                assert!(lines[0] == lines[1] && lines[1] == lines[2], "{lines:?}");
            }
        }
    }
    // Each hears from P what was said elsewhere; and B, over its link, what C said, which P sends
    // back, for it only knows who heard it first.
    for (server, heard) in herd.ours.iter().zip([3, 4]) {
        wait_until(&format!("{habit}: {} has heard all", server.name), || {
            server.log().matches(" < AT ").count() == heard * ROUNDS
        });
    }
    // Each told P just what was said on its side, once.
    for (server, said_there) in herd.ours.iter().zip([1, 2]) {
        let told = server.count("[INFO] P > AT ");
        assert_eq!(told, said_there * ROUNDS, "{habit}: {}", server.name);
        let warning = "P is plain: any program of this machine can speak for it";
        assert_eq!(server.count(warning), 1, "{habit}: {}", server.name);
    }
    assert_eq!(herd.ours[2].count("is plain"), 0);
}

/// A sign, digits, a point and nine digits.
fn is_ours(difference: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let parts = difference.strip_prefix(['+', '-']).unwrap_or_default();
    parts
        .split_once('.')
        .is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest) && rest.len() == 9)
}

#[test]
fn who_was_down_gets_the_newest_once_per_client() {
    if !has_python() {
        return;
    }
    let mut herd = Mixed::running(&["A"], &[("P", PLAIN)], &[["A", "P"]]);
    herd.say("A", "IAMAT before +1-2 1");
    herd.agreed("before", " 1", all);
    let moves = |herd: &Mixed, first: usize| {
        let mut client = herd.ours[0].client();
        for time in first..first + 50 {
            for mover in 0..10 {
                let reply = client.ask(format!("IAMAT m{mover} +1-2 {time}\n"));
                assert!(reply.starts_with("AT A "), "{reply}");
            }
        }
    };
    let told = |herd: &Mixed| herd.ours[0].count("[INFO] P > AT ");
    let all_newest = |herd: &Mixed, time: usize| {
        for mover in 0..10 {
            herd.agreed(&format!("m{mover}"), &format!(" {time}"), all);
        }
    };

    herd.theirs[0].shut();
    moves(&herd, 100);
    herd.theirs[0].open();
    all_newest(&herd, 149);
    assert_eq!(told(&herd), 1 + 10);

    // A client of theirs is news for us, and for them none.
    herd.say("P", "IAMAT theirs +3-4 1");
    herd.agreed("theirs", " 1", all);

    herd.theirs[0].kill();
    moves(&herd, 200);
    herd.theirs[0].start();
    all_newest(&herd, 249);
    assert_eq!(told(&herd), 1 + 10 + 10);
    assert_eq!(herd.ours[0].count("link to P down: "), 2);
    // It is not told again what it forgot: it cannot say that it did.
    assert_eq!(at_line(herd.theirs[0].clients, "before"), None);
}

#[test]
fn two_at_one_address_do_not_play_ball() {
    if !has_python() {
        return;
    }
    let links = [["A", "P"], ["A", "Q"]];
    let herd = Mixed::running(&["A"], &[("P", PLAIN), ("Q", PLAIN)], &links);
    const ROUNDS: usize = 5;
    for time in 1..=ROUNDS {
        for name in ["A", "P", "Q"] {
            herd.say(name, &format!("IAMAT of{name} +1-2 {time}"));
            herd.agreed(&format!("of{name}"), &format!(" {time}"), all);
        }
    }
    // Each is told the other's news, and sends it back once, for it only knows who heard it first.
    wait_until("A has heard all", || {
        herd.ours[0].count(" < AT ") == 4 * ROUNDS
    });
    // News of P is for Q, and the other way round; news of A's clients is for both.
    assert_eq!(herd.ours[0].count("[INFO] P > AT "), 2 * ROUNDS);
    assert_eq!(herd.ours[0].count("[INFO] Q > AT "), 2 * ROUNDS);
    for name in ["P", "Q"] {
        assert_eq!(herd.ours[0].count(&format!("{name} is plain: any ")), 1);
    }
}

#[test]
fn a_line_that_it_cannot_take_holds_up_no_other() {
    if !has_python() {
        return;
    }
    let theirs: &[&str] = &["plain_peer.py", "--habit", "reads-200"];
    let herd = Mixed::running(&["A"], &[("P", theirs)], &[["A", "P"]]);
    let long = "k".repeat(300);
    herd.say("A", &format!("IAMAT {long} +1-2 1"));
    herd.say("A", "IAMAT short +1-2 1");
    herd.agreed("short", " 1", all);
    herd.ours[0].logged("[WARN] P resets one line and takes others");
}

/// Ours, and the door of a plain neighbour that the test plays.
fn played() -> (Server, TcpListener, Directory) {
    let directory = Directory::new();
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = Server::new("A", [free_port(), free_port()], directory.0.clone());
    let (clients, servers) = (server.clients, server.servers);
    let theirs = door.local_addr().unwrap().port();
    let text = format!(
        "server A 127.0.0.1 clients={clients} servers={servers}\n\
         server P 127.0.0.1 clients={theirs} plain\nlink A P\n"
    );
    fs::write(&server.topology, text).unwrap();
    server.start();
    (server, door, directory)
}

/// The next who comes to that door.
fn accepted(door: &TcpListener) -> TcpStream {
    door.set_nonblocking(true).unwrap();
    let (stream, _) = wait_for("A dials P", || door.accept().ok());
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The first line of what it says.
fn first_line(stream: &TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn one_that_never_closes_holds_up_only_itself() {
    let (mut server, door, _directory) = played();
    let mut client = Client::of(server.clients);
    for name in ["one", "two", "three"] {
        let reply = client.ask(format!("IAMAT {name} +1-2 5\n"));
        assert!(reply.starts_with("AT A "), "{reply}");
    }
    let held: Vec<TcpStream> = ["one", "two", "three"]
        .iter()
        .map(|name| {
            let mut stream = accepted(&door);
            let mut all = String::new();
            stream.read_to_string(&mut all).unwrap();
            assert!(all.starts_with("AT A ") && all.ends_with(&format!(" {name} +1-2 5\n")));
            stream
        })
        .collect();
    // The last is still open at both ends when we are killed. It has been told.
    server.kill();
    drop(held);
    server.start();
    assert!(at_line(server.clients, "one").is_some());
}

#[test]
fn one_that_closes_at_once_is_told_again() {
    let (server, door, _directory) = played();
    let reply = ask_text(server.clients, "IAMAT kiwi +1-2 5\nIAMAT teal +1-2 5\n");
    let (sender, heard) = mpsc::channel();
    thread::spawn(move || {
        // As who has no room for us does, and a forwarder behind which nobody listens: often its
        // end is there before our line has left.
        for _ in 0..6 {
            drop(door.accept().unwrap());
        }
        let mut streams = door.incoming().map(Result::unwrap);
        while sender.send(first_line(&streams.next().unwrap())).is_ok() {}
    });
    let mut lines = [(); 2].map(|()| heard.recv_timeout(PATIENCE).expect("both lines"));
    lines.sort();
    let mut want: Vec<String> = reply.split_inclusive('\n').map(str::to_string).collect();
    want.sort();
    assert_eq!(lines[..], want[..]);
    server.logged("link to P down: ");
}
