//! Neighbours that never read, are stopped, say garbage or dribble.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::gauge::{descriptors, memory, more};
use super::guest::{Guest, agreed, line};
use super::sheet::{Sheet, median, time};
use super::support::client::Client;
use super::support::herd::{Herd, at_line};
use super::support::wait::{wait_for, wait_until};
use super::traffic::{Meanwhile, ask_again_and_again, fill, iamat, is_over, load, name, one_moves};

const MIB: f64 = 1024.0 * 1024.0;

/// Strangers at the servers' door at a time.
const CROWD: usize = 200;
/// Clients of the herd that is under load.
const CLIENTS: usize = 1_000;

/// A neighbour that never reads, that is stopped, that says garbage or dribbles.
pub fn neighbours(sheet: &mut Sheet) {
    one_that_never_reads(sheet);
    one_that_is_stopped(sheet);
    one_that_dribbles(sheet);
}

/// It is dialled, greets, asks for everything, and reads none of it.
fn one_that_never_reads(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.servers[0].options = vec!["--log-level".into(), "warn".into()];
    let guest = Guest::of(&mut herd, "Deaf", &["Goloman"]);
    let door = guest.open();
    herd.start();
    let server = &herd.servers[0];
    fill(server.clients, 0..CLIENTS);
    ask_again_and_again(server.clients, 10);
    let before = memory(server);
    let mut link = guest.welcome(&door, server);
    // The same clients move again and again, far more than the kernel's buffers hold.
    let moves = sheet.form.pick(100, 2_000);
    for _ in 0..moves {
        assert_eq!(fill(server.clients, 0..CLIENTS), CLIENTS);
    }
    let grown = more(memory(server), before);
    let updates = moves * CLIENTS;
    let what = format!("never reads {updates} updates: memory");
    sheet.at_most(&what, grown, MIB, " bytes more");
    // It wakes, and reads what there is: at the end of it, or on its next link, all is newest.
    let mut goloman = server.client();
    let last = goloman.ask(iamat("last"));
    drop(std::mem::replace(&mut link, guest.welcome(&door, server)));
    let mut heard = 0;
    loop {
        heard += 1;
        match line(&mut link) {
            Ok(line) if line == last => break,
            Ok(_) => {}
            Err(error) => panic!("the link ended before it told everything: {error}"),
        }
    }
    let text = format!("awake again, it is told {heard} lines and has all");
    sheet.holds(heard < 3 * CLIENTS, text);
}

/// A server of five is stopped while the others are under load.
fn one_that_is_stopped(sheet: &mut Sheet) {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut guest = Guest::of_all(&mut herd);
    herd.start_quietly();
    fill(herd["Goloman"].clients, 0..CLIENTS);
    wait_until("all know all", || agreed(&mut guest, &herd).is_some());
    let others = ["Goloman", "Hands", "Holiday", "Welsh"];
    let ports = others.map(|name| herd[name].clients).to_vec();
    // The load has all that it needs itself.
    load(ports.clone(), Duration::from_micros(100), one_moves).lasting(Duration::from_millis(300));
    let before = others.map(|name| (memory(&herd[name]), descriptors(&herd[name])));

    herd["Wilkes"].signal("STOP");
    let stopped = sheet
        .form
        .pick(Duration::from_secs(2), Duration::from_secs(60));
    let moved = load(ports, Duration::from_micros(200), one_moves).lasting(stopped);
    let grown = others
        .iter()
        .zip(before)
        .map(|(name, before)| more(memory(&herd[name]), before.0));
    let grown = grown.fold(0.0, f64::max);
    let text = format!(
        "stopped {} under {moved} updates: memory of another",
        time(stopped)
    );
    sheet.at_most(&text, grown, MIB, " bytes more");
    herd["Wilkes"].signal("CONT");
    let start = Instant::now();
    let extent = wait_for("all agree again", || agreed(&mut guest, &herd));
    sheet.holds(
        extent.count as usize >= CLIENTS,
        "awake again, all tables are equal",
    );
    sheet.within("after", start.elapsed(), Duration::from_secs(5));
}

/// Neighbours that say garbage in place of every word, and one that says a byte at a time.
fn one_that_dribbles(sheet: &mut Sheet) {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut guest = Guest::of_all(&mut herd);
    let bad = Guest::of(&mut herd, "Bad", &["Goloman", "Hands"]);
    herd.start_quietly();
    let at = herd["Goloman"].client().ask(iamat("kiwi"));
    assert_eq!(herd.agreed("kiwi"), at);
    let before = (memory(&herd["Goloman"]), descriptors(&herd["Goloman"]));

    let rounds = sheet.form.pick(20, 500);
    let mut garbage: Vec<u8> = (0..20_000_u32).map(|i| (i * i % 251) as u8).collect();
    for round in 0..rounds {
        let mut link = bad.dial(&herd["Goloman"]).unwrap();
        line(&mut link).unwrap();
        garbage.rotate_left(round);
        let _ = link.get_ref().write_all(&garbage);
        let _ = link.read_to_end(&mut Vec::new());
        // And who is nobody's neighbour.
        let mut stranger = Client::of(herd["Goloman"].servers);
        stranger.say_some(&garbage);
    }
    // An AT line, a byte at a time, is a line all the same.
    let mut link = bad.dial(&herd["Hands"]).unwrap();
    line(&mut link).unwrap();
    let report = format!(
        "AT Bad +0.000000000 {} +1+1 1520023934.918963997\n",
        name(7)
    );
    let dribble = report.clone();
    let dribbling = Meanwhile::begin(move |flag| {
        for byte in dribble.as_bytes() {
            link.get_ref().write_all(&[*byte]).unwrap();
            if !is_over(flag) {
                thread::sleep(Duration::from_millis(10));
            }
        }
    });
    let moved = herd["Hands"].client().ask(iamat("kiwi"));
    assert_eq!(herd.agreed("kiwi"), moved);
    assert_eq!(herd.agreed(&name(7)) + "\n", report);
    drop(dribbling);
    let extent = wait_for("all agree", || agreed(&mut guest, &herd));
    let text = format!("{rounds} times garbage, and a dribble: all tables are equal");
    sheet.holds(extent.count == 2, text);
    wait_until("all descriptors are back", || {
        descriptors(&herd["Goloman"]) <= before.1
    });
    let grown = more(memory(&herd["Goloman"]), before.0);
    sheet.at_most("memory", grown, MIB, " bytes more");
}

/// Strangers come to the servers' door as fast as they are closed; a neighbour finds its way in.
pub fn strangers(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    herd.start();
    let door = herd["Goloman"].servers;
    let crowd = Meanwhile::begin(move |flag| {
        let mut all: VecDeque<TcpStream> = VecDeque::new();
        while !is_over(flag) {
            all.push_back(TcpStream::connect(("127.0.0.1", door)).unwrap());
            all.drain(..all.len().saturating_sub(CROWD));
            thread::sleep(Duration::from_millis(2));
        }
    });
    let mut waits = Vec::new();
    for turn in 0..sheet.form.pick(2, 20) {
        herd["Hands"].kill();
        // Long enough for a stranger to have its place.
        thread::sleep(Duration::from_millis(50));
        herd["Hands"].start();
        let start = Instant::now();
        let at = herd["Hands"].client().ask(iamat(&name(turn)));
        wait_until("Goloman hears of it from its neighbours", || {
            at_line(herd["Goloman"].clients, &name(turn)).as_ref() == Some(&at)
        });
        waits.push(start.elapsed());
    }
    crowd.end();
    sheet.holds(true, "a neighbour that comes back finds its way in");
    let worst = waits.iter().max().copied().unwrap_or_default();
    let text = format!("after, the median {}, the slowest", time(median(waits)));
    sheet.within(&text, worst, Duration::from_secs(1));
}
