//! The doors: descriptors run out, connections come and go in every rude way, the process ends.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::gauge::{TICKS, descriptors, memory, more, ticks};
use super::sheet::{Form, Sheet, best, median};
use super::support::client::Client;
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::{Herd, at_line};
use super::support::ports::is_open;
use super::support::process::Server;
use super::support::wait::{wait_for, wait_until};
use super::traffic::{connect, iamat};

/// Descriptors that the server may have.
const DESCRIPTORS: usize = 64;

/// A connection on which a question was asked: is it answered? None: it was closed instead.
fn is_served(mut stream: &TcpStream) -> Option<bool> {
    let _ = stream.write_all(b"hello\n");
    match stream.read(&mut [0; 64]) {
        Ok(8) => Some(true),
        Ok(0) | Err(_) => None,
        Ok(_) => Some(false),
    }
}

/// Connects and asks again and again until it is answered, and returns how long that took.
fn until_served(server: &Server) -> (TcpStream, Duration) {
    let start = Instant::now();
    let stream = wait_for("somebody is let in", || {
        let stream = connect(server.clients);
        is_served(&stream).map(|_| stream)
    });
    (stream, start.elapsed())
}

/// Descriptors run out: `--nofile=64`, 200 clients.
pub fn descriptors_run_out(sheet: &mut Sheet) {
    let mut herd = Herd::running("topology.txt");
    herd["Goloman"].kill();
    let mut limited = Command::new("sh");
    let script = format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\"");
    limited.args(["-c", &script, env!("CARGO_BIN_EXE_herd")]);
    herd["Goloman"].launch_as(limited);
    herd["Goloman"].greeting();
    // Its log tells of its first life, too; so who hears of this shows that the links are up.
    let at = herd["Goloman"].client().ask(iamat("early"));
    assert_eq!(herd.agreed("early"), at);
    let goloman = &herd["Goloman"];
    let downs = goloman.count(" down: ");

    let all: Vec<TcpStream> = (0..200).map(|_| connect(goloman.clients)).collect();
    let (mut inside, mut surplus) = (Vec::new(), 0);
    for stream in all {
        match is_served(&stream) {
            Some(_) => inside.push(stream),
            None => surplus += 1,
        }
    }
    let text = format!("{} served, {surplus} closed at once", inside.len());
    sheet.holds(!inside.is_empty() && inside.len() + surplus == 200, text);
    let open = descriptors(goloman) as f64;
    sheet.at_most("descriptors open", open, DESCRIPTORS as f64 - 1.0, "");

    let before = ticks(goloman);
    let idle = sheet
        .form
        .pick(Duration::from_millis(300), Duration::from_secs(3));
    thread::sleep(idle);
    let share = 100.0 * more(ticks(goloman), before) / (TICKS as f64 * idle.as_secs_f64());
    sheet.at_most("CPU while full", share, sheet.form.pick(30.0, 2.0), " %");

    (&inside[0]).write_all(iamat("kiwi").as_bytes()).unwrap();
    wait_until("Welsh hears of it", || {
        at_line(herd["Welsh"].clients, "kiwi").is_some()
    });
    let go_on = goloman.count(" down: ") == downs && goloman.count("turned away") > 0;
    sheet.holds(go_on, "the links and the log go on");
    let journal = fs::read_to_string(goloman.directory.join("Goloman.herd")).unwrap();
    sheet.holds(journal.contains(" kiwi "), "so does the journal");

    let mut waits = Vec::new();
    for _ in 0..sheet.form.pick(3, 20) {
        drop(inside.pop());
        let (stream, wait) = until_served(goloman);
        waits.push(wait);
        inside.insert(0, stream);
    }
    sheet.within(
        "served after a close",
        median(waits),
        Duration::from_millis(10),
    );
    drop(inside);
    let (_, wait) = until_served(goloman);
    sheet.within(
        "served after all have left",
        wait,
        Duration::from_millis(10),
    );
    waiting_at_the_door(sheet);
}

/// Clients that come while the server does nothing at all wait in the listen queue.
fn waiting_at_the_door(sheet: &mut Sheet) {
    let herd = Herd::one();
    let server = &herd.servers[0];
    let count = sheet.form.pick(400, 1_024);
    server.signal("STOP");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], server.clients)).into();
    let sockets: Vec<Socket> = (0..count)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            // It is under way: on loopback the answer to a SYN comes before connect(2) returns.
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    let there = sockets
        .iter()
        .filter(|socket| socket.peer_addr().is_ok())
        .count();
    server.signal("CONT");
    sheet.at_least(
        "connections in the listen queue",
        there as f64,
        count as f64,
        "",
    );
}

/// Connections that are reset in mid-write, half-closed, or ended without a newline.
pub fn rude_ends(sheet: &mut Sheet) {
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    let open = descriptors(server);
    let calls = |count: usize| {
        for turn in 0..count {
            rude_end(server, turn);
        }
        wait_until("all descriptors are back", || descriptors(server) == open);
    };
    // After the first few there is all that a hundred of each need.
    calls(400);
    let before = memory(server);
    let count = sheet.form.pick(1_000, 10_000);
    calls(count);
    let text = format!("{count} connections, and all descriptors are back");
    sheet.holds(descriptors(server) == open, text);
    let grown = more(memory(server), before);
    sheet.at_most("memory", grown, 64.0 * 1024.0, " bytes more");
    let reply = server.client().ask(iamat("kiwi"));
    sheet.holds(reply.starts_with("AT "), "alive");
}

fn rude_end(server: &Server, turn: usize) {
    let mut stream = connect(server.clients);
    match turn % 4 {
        // Reset while replies come.
        0 => {
            let _ = stream.write_all(&b"hello\n".repeat(1_000));
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
        // Half-closed: all that is owed comes, then the end.
        1 => {
            stream.write_all(b"hello\nhello").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut replies = Vec::new();
            stream.read_to_end(&mut replies).unwrap();
            assert_eq!(replies, b"? hello\n? hello\n");
        }
        // Gone without a newline, and without reading.
        2 => stream.write_all(b"IAMAT kiwi +34.0").unwrap(),
        // Reset with half a line said.
        _ => {
            stream.write_all(b"WHATSAT ki").unwrap();
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    }
}

/// SIGTERM with idle clients, half lines and WHATSATs under way. For what is owed then see
/// `tests/process/herd/ending.rs`; here is how long it takes.
pub fn sigterm(sheet: &mut Sheet) {
    let mut idle = Vec::new();
    let mut herd = Herd::one();
    for _ in 0..sheet.form.pick(1, 11) {
        let mut clients: Vec<_> = (0..50).map(|_| herd.servers[0].client()).collect();
        clients
            .iter_mut()
            .for_each(|client| drop(client.ask("hello\n")));
        clients
            .iter_mut()
            .for_each(|client| client.say("half a li"));
        idle.push(ends(sheet.form, &mut herd, clients));
    }
    sheet.within("idle, to the end", best(&idle), Duration::from_millis(50));

    let endpoint = Endpoint::start([Say::Hang]);
    herd.servers[0].kill();
    herd.servers[0].options = ["--places", "google", "--places-url", &endpoint.url()]
        .map(String::from)
        .to_vec();
    herd.servers[0].variables = vec![("GOOGLE_MAPS_API_KEY".into(), "sesame".into())];
    herd.servers[0].start();
    let mut client = herd.servers[0].client();
    let at = client.ask(iamat("kiwi"));
    client.say("WHATSAT kiwi 1 1\nhello\n");
    endpoint.wait_for(1);
    let server = &herd.servers[0];
    server.signal("TERM");
    let start = Instant::now();
    wait_until("the doors are shut", || {
        !is_open(server.clients) && !is_open(server.servers)
    });
    sheet.within("doors shut", start.elapsed(), Duration::from_millis(50));
    let near = client.rest_of_near();
    let given =
        near.line == at && near.status() == "UNKNOWN_ERROR" && client.rest() == b"? hello\n";
    sheet.holds(given, "in mid-WHATSAT: all that is owed is given");
    let ended = herd.servers[0].ended();
    sheet.holds(ended.code == Some(0), "exit status 0");
    sheet.within(
        "in mid-WHATSAT, to the end",
        start.elapsed(),
        Duration::from_secs(5),
    );
}

/// Ends a server by SIGTERM, starts it again on the same ports, and returns how long the end took.
/// Its clients close when they have read all.
fn ends(form: Form, herd: &mut Herd, clients: Vec<Client>) -> Duration {
    let start = Instant::now();
    herd.servers[0].signal("TERM");
    clients
        .into_iter()
        .for_each(|mut client| drop(client.rest()));
    let ended = herd.servers[0].ended();
    let took = start.elapsed();
    assert_eq!((form, ended.code, &*ended.stderr), (form, Some(0), ""));
    herd.servers[0].start();
    took
}
