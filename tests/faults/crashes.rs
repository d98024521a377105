//! The whole herd is killed in mid-burst, again and again: what was acknowledged is known after.

use std::io::{BufRead, BufReader, Write};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::guest::{Guest, agreed};
use super::sheet::{Sheet, short, time};
use super::support::client::{now, seconds};
use super::support::herd::{Herd, at_line_of};
use super::support::process::Server;
use super::support::wait::wait_for;
use super::traffic::{connect, iamat_at};

/// Clients of each server; nobody else moves them.
const CLIENTS: usize = 200;
/// Lines that are under way at a time.
const WINDOW: usize = 32;

/// The least number of kills, and of updates that are acknowledged.
const KILLS: u32 = 200;
const UPDATES: usize = 1_000_000;

/// The last acknowledged time of each client of a server, as text: all are of the same length.
type Acknowledged = Vec<String>;

/// SIGKILL in mid-burst at random points, the whole herd, and a restart.
pub fn sigkill(sheet: &mut Sheet) {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut guest = Guest::of_all(&mut herd);
    herd.start_quietly();
    let mut known: Vec<Acknowledged> = vec![vec![String::new(); CLIENTS]; herd.servers.len()];
    let (mut turn, mut answered, mut lost, mut random) = (0, 0, 0, 0x9e37_79b9_u64);
    let mut restarts = Duration::ZERO;
    while turn < KILLS || answered < UPDATES {
        turn += 1;
        let bursts: Vec<_> = herd.servers.iter().map(burst).collect();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        thread::sleep(Duration::from_micros(1_000 + (random >> 33) % 59_000));
        herd.servers.iter_mut().for_each(Server::kill);
        for (burst, known) in bursts.into_iter().zip(&mut known) {
            let (count, last) = burst.join().unwrap();
            answered += count;
            for (known, last) in known.iter_mut().zip(last) {
                if !last.is_empty() {
                    *known = last;
                }
            }
        }
        let start = Instant::now();
        herd.servers.iter_mut().for_each(Server::launch);
        for server in &mut herd.servers {
            server.greeting();
        }
        restarts += start.elapsed();
        for (server, known) in herd.servers.iter().zip(&known) {
            lost += count_lost(server, known);
        }
    }
    let text = format!(
        "{turn} kills, {} updates acknowledged",
        short(answered as f64)
    );
    sheet.at_most(&format!("{text}: lost"), f64::from(lost), 0.0, "");
    println!("all five open again after {}", time(restarts / turn));
    let extent = wait_for("all tables are equal", || agreed(&mut guest, &herd));
    let all = CLIENTS * herd.servers.len();
    sheet.holds(
        extent.count as usize == all,
        "all tables are equal in the end",
    );
}

/// Moves the clients of a server in turn, a window at a time, until the server is killed: how many
/// moves were acknowledged, and the last one of each client.
fn burst(server: &Server) -> JoinHandle<(usize, Acknowledged)> {
    let stream = connect(server.clients);
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let name = server.name.clone();
    thread::spawn(move || {
        let (mut count, mut last) = (0, vec![String::new(); CLIENTS]);
        loop {
            let mut lines = String::new();
            for client in (count..count + WINDOW).map(|turn| turn % CLIENTS) {
                lines += &iamat_at(&format!("{name}{client}"), now());
            }
            if (&stream).write_all(lines.as_bytes()).is_err() {
                return (count, last);
            }
            for line in lines.lines() {
                let mut reply = String::new();
                // A reply that is not whole acknowledges nothing.
                if replies.read_line(&mut reply).is_err() || !reply.ends_with('\n') {
                    return (count, last);
                }
                assert!(reply.starts_with("AT "), "{reply}");
                let time = line.rsplit(' ').next().unwrap();
                last[count % CLIENTS] = time.to_string();
                count += 1;
            }
        }
    })
}

/// How many clients stand where they stood before what was acknowledged.
fn count_lost(server: &Server, known: &Acknowledged) -> u32 {
    let mut client = server.client();
    let mut lost = 0;
    for (number, acknowledged) in known.iter().enumerate() {
        assert!(acknowledged.is_empty() || acknowledged.len() == seconds(now()).len());
        let line = at_line_of(&mut client, &format!("{}{number}", server.name));
        let line = line.unwrap_or_default();
        let time = line.rsplit(' ').next().unwrap_or_default();
        lost += u32::from(time < acknowledged.as_str());
    }
    lost
}
