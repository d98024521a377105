//! Servers that are killed and started again while the herd is under load.

use std::time::{Duration, Instant};

use super::gauge::descriptors;
use super::guest::{Guest, agreed};
use super::sheet::{Sheet, median, time};
use super::support::herd::{Herd, at_line_of};
use super::support::wait::{wait_for, wait_until};
use super::traffic::{fill, iamat, load, one_moves};

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
