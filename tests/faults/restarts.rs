//! Servers that are ended and started again while the herd is under load, or under a client that
//! stays with its server.

use std::thread;
use std::time::{Duration, Instant};

use super::gauge::descriptors;
use super::guest::{Guest, agreed};
use super::sheet::{Form, Sheet, median, time};
use super::support::client::Client;
use super::support::herd::{Herd, at_line_of};
use super::support::manager;
use super::support::mixed::has_python;
use super::support::process::{Server, send_signal};
use super::support::wait::{wait_for, wait_until};
use super::traffic::{Meanwhile, fill, iamat, load, one_moves};

/// Restart of any server under load, a hundred times.
pub fn restarts(sheet: &mut Sheet) {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut guest = Guest::of_all(&mut herd);
    herd.start_quietly();
    let clients = sheet.form.pick(1_000, 10_000);
    fill(herd["Goloman"].clients, 0..clients);
    wait_until("all know all", || agreed(&mut guest, &herd).is_some());
    let open: Vec<usize> = herd.servers.iter().map(descriptors).collect();
    let ports = herd.servers.iter().map(|server| server.clients).collect();
    let loading = load(ports, Duration::from_millis(1), one_moves);

    let (mut floods, mut equal) = (Vec::new(), Vec::new());
    let times = sheet.form.pick(5, 100);
    for turn in 0..times {
        let place = turn % herd.servers.len();
        herd.servers[place].kill();
        let start = Instant::now();
        herd.servers[place].start();
        let (here, links) = (&herd.servers[place].name, herd.directions());
        let [one, other] = links
            .into_iter()
            .find(|[one, _]| one.name == *here)
            .unwrap();
        // An update there is known at a neighbour, and the other way round.
        for (to, from) in [(one, other), (other, one)] {
            let (mut to, mut from) = (to.client(), from.client());
            let at = to.ask(iamat(&format!("turn{turn}")));
            wait_until("it takes part in the flood", || {
                at_line_of(&mut from, &format!("turn{turn}")).as_ref() == Some(&at)
            });
        }
        floods.push(start.elapsed());
        let extent = wait_for("all tables are equal", || agreed(&mut guest, &herd));
        equal.push(start.elapsed());
        assert!(extent.count as usize >= clients);
    }
    let updates = loading.end();
    let text = format!("{times} restarts under {updates} updates: all tables equal after each");
    sheet.holds(equal.len() == times, text);
    for (what, all, most) in [("floods again", floods, 50), ("equal digests", equal, 100)] {
        let worst = all.iter().max().copied().unwrap_or_default();
        let text = format!("{what}: median {}, the slowest", time(median(all)));
        sheet.within(&text, worst, Duration::from_millis(most));
    }
    wait_until("no server has more descriptors", || {
        herd.servers
            .iter()
            .zip(&open)
            .all(|(server, open)| descriptors(server) <= *open)
    });
    sheet.holds(true, "no server has more descriptors than before");
}

/// Ends a server and starts it again.
type Restart = fn(&mut Server);

/// Restarts of a server with a journal, by hand and by a service manager that keeps its doors open,
/// under a client that stays with it, and beside clients that say nothing.
pub fn sticky(sheet: &mut Sheet) {
    let by_hand: [(&str, Restart); 2] = [
        ("SIGTERM, and a start when it has ended", |server| {
            server.signal("TERM");
            assert_eq!(server.ended().code, Some(0));
            server.start();
        }),
        ("SIGKILL, and a start", |server| {
            server.kill();
            server.start();
        }),
    ];
    for (what, restart) in by_hand {
        restarted(sheet, what, Server::start, restart);
    }
    if has_python() {
        let start = |server: &mut Server| {
            let ports = format!("{} {}", server.clients, server.servers);
            manager::launch(server, &ports, "clients:servers");
            server.greeting();
        };
        restarted(sheet, "SIGTERM, doors of a manager", start, |server| {
            let old = manager::child(server).expect("a server");
            assert!(send_signal("TERM", &old));
            server.greeting();
        });
    }
}

fn restarted(sheet: &mut Sheet, what: &str, start: Restart, restart: Restart) {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = vec!["--log-level".into(), "warn".into()];
    start(server);
    fill(server.clients, 0..sheet.form.pick(1_000, 10_000));
    let times = sheet.form.pick(2, 11);
    let mut waits = Vec::new();
    for _ in 0..times {
        let mut idle: Vec<Client> = (0..50).map(|_| server.client()).collect();
        idle.iter_mut().for_each(|it| drop(it.ask("hello\n")));
        let client = stays(server.clients);
        if sheet.form == Form::Full {
            // They have been told something a moment ago, and would be given time to close.
            thread::sleep(Duration::from_millis(1_100));
        }
        restart(server);
        waits.extend(client.end());
    }
    let text = format!("{what}: served again after each of {times}");
    sheet.holds(waits.len() == times, text);
    let worst = waits.iter().max().copied().unwrap_or_default();
    let text = format!("{what}: waits, median {}, the longest", time(median(waits)));
    sheet.within(&text, worst, Duration::from_millis(200));
}

/// A client that asks again and again, and connects again as soon as its connection ends, until it
/// has been answered on another one. Gives how long that took, from the question that was lost.
fn stays(port: u16) -> Meanwhile<Option<Duration>> {
    let (ready, begun) = std::sync::mpsc::channel();
    let client = Meanwhile::begin(move |_| {
        let (mut client, mut lost) = (Some(Client::of(port)), false);
        loop {
            let asked = Instant::now();
            while !client
                .as_mut()
                .is_some_and(|it| it.try_ask(&iamat("sticky")))
            {
                lost = true;
                if asked.elapsed() > Duration::from_secs(30) {
                    return None;
                }
                thread::sleep(Duration::from_millis(1));
                client = Client::try_of(port);
            }
            if lost {
                return Some(asked.elapsed());
            }
            let _ = ready.send(());
            thread::sleep(Duration::from_millis(1));
        }
    });
    begun.recv().unwrap();
    client
}
