//! SIGKILL in mid-burst: whatever was acknowledged is known after the next start.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::wait::wait_until;
use super::{journaled, segments};

/// Clients that one connection speaks for.
const CLIENTS: u64 = 20;
/// Lines in one packet.
const BURST: u64 = 100;

/// Somebody who says updates as fast as they are answered, each newer than the one before, until
/// the server is gone.
struct Burst {
    name: String,
    /// The first number, and the one behind the last that was answered.
    acked: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Burst {
    /// Update `number` is about client `number % CLIENTS`, at that second.
    fn start(server: &Server, first: u64) -> Burst {
        let (name, port) = (server.name.clone(), server.clients);
        let acked = Arc::new(AtomicU64::new(first));
        let (count, prefix) = (Arc::clone(&acked), name.clone());
        let thread = thread::spawn(move || {
            // Any error is the kill: what was not answered does not count.
            let _ = burst(port, &prefix, &count);
        });
        Burst {
            name,
            acked,
            thread,
        }
    }
}

fn burst(port: u16, prefix: &str, acked: &AtomicU64) -> std::io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        let first = acked.load(Relaxed);
        let said = |number| format!("{prefix}.{} +1-2 {number}", number % CLIENTS);
        let packet: String = (first..first + BURST)
            .map(|number| format!("IAMAT {}\n", said(number)))
            .collect();
        (&stream).write_all(packet.as_bytes())?;
        for number in first..first + BURST {
            line.clear();
            reader.read_line(&mut line)?;
            if !line.ends_with('\n') {
                return Ok(());
            }
            assert!(line.ends_with(&format!(" {}\n", said(number))), "{line}");
            acked.store(number + 1, Relaxed);
        }
    }
}

/// The newest update about each client of `name`'s that was answered.
fn newest(name: &str, first: u64, acked: u64) -> impl Iterator<Item = (String, u64)> {
    (first.max(acked - CLIENTS)..acked)
        .map(move |number| (format!("{name}.{}", number % CLIENTS), number))
}

/// Kills the whole herd this many times while it hears updates, each time at another moment, and
/// starts it again: each server must know what it acknowledged, from its own file. Returns how many
/// updates were acknowledged altogether.
fn kill_all(herd: &mut Herd, kills: u64, updates: u64) -> u64 {
    let mut next: Vec<u64> = vec![1_000_000; herd.servers.len()];
    let mut last = vec![(next[0], next[0]); next.len()];
    let mut said = 0;
    for kill in 0..kills {
        let bursts: Vec<Burst> = (herd.servers.iter().zip(&next))
            .map(|(server, first)| Burst::start(server, *first))
            .collect();
        let first: u64 = next.iter().sum();
        let total = || bursts.iter().map(|it| it.acked.load(Relaxed)).sum::<u64>() - first;
        // Each time at another place of a packet.
        let due = updates / kills + kill * 37 % BURST;
        wait_until("enough is acknowledged", || total() >= due);
        herd.servers.iter_mut().for_each(Server::kill);
        for (place, burst) in bursts.into_iter().enumerate() {
            burst.thread.join().unwrap();
            let acked = burst.acked.load(Relaxed);
            let server = &herd.servers[place];
            let times = journaled(server);
            said += acked - next[place];
            if acked > next[place] {
                last[place] = (next[place], acked);
                for (client, number) in newest(&burst.name, next[place], acked) {
                    let time = times.get(&client).copied().unwrap_or_default();
                    let want = i128::from(number) * 1_000_000_000;
                    assert!(time >= want, "kill {kill}: {client} at {time}, not {want}");
                }
            }
            // Beyond what was said: newer than all that may have been heard.
            next[place] = acked + BURST;
        }
        herd.servers.iter_mut().for_each(Server::launch);
        for server in &mut herd.servers {
            server.greeting();
        }
    }
    for (server, (first, acked)) in herd.servers.iter().zip(last) {
        for (client, number) in newest(&server.name, first, acked) {
            let line = at_line(server.clients, &client).unwrap();
            let time: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(time >= number, "{line}");
        }
    }
    said
}

#[test]
fn a_herd_that_is_killed_loses_nothing_that_it_acknowledged() {
    let long = std::env::var_os("HERD_LONG").is_some();
    let (kills, updates) = if long { (200, 1_000_000) } else { (10, 10_000) };
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = ["--log-level", "warn"].map(String::from).to_vec();
    }
    herd.write_topologies();
    herd.servers.iter_mut().for_each(Server::launch);
    for server in &mut herd.servers {
        server.greeting();
    }
    let began = Instant::now();
    let said = kill_all(&mut herd, kills, updates);
    let seconds = began.elapsed().as_secs();
    println!("{kills} kills of five servers, {said} updates acknowledged, 0 lost; {seconds} s");
    assert!(said >= updates);
}

/// A segment is just closed, or half merged: it makes no difference.
#[test]
fn a_kill_while_segments_are_closed_and_merged() {
    let mut herd = Herd::one_with(&["--log-level", "warn"]);
    let mut next = 1_000_000;
    for _ in 0..3 {
        let server = &mut herd.servers[0];
        let burst = Burst::start(server, next);
        // It has a higher number than all before.
        let before = segments(server);
        let is_closed = || segments(server).iter().any(|it| !before.contains(it));
        wait_until("a segment is closed", is_closed);
        server.kill();
        burst.thread.join().unwrap();
        let acked = burst.acked.load(Relaxed);
        let times = journaled(server);
        for (client, number) in newest("Goloman", next, acked) {
            assert!(times[&client] >= i128::from(number) * 1_000_000_000);
        }
        next = acked + BURST;
        server.start();
        // The start removes half-made files, and merges the closed segments.
        wait_until("two files are left", || {
            let all = fs::read_dir(&server.directory).unwrap();
            let names = all.map(|it| it.unwrap().file_name().into_string().unwrap());
            names
                .filter(|name| name.starts_with("Goloman.herd"))
                .count()
                == 2
        });
    }
}
