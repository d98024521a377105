//! Faults of a cable, or of the host at its end.

use std::time::{Duration, Instant};

use super::servers::{Hosts, Naming, moved};
use super::support::sheet::{Sheet, time};

const NAMES: &[&str] = &["Goloman", "Hands", "Wilkes"];
const LINKS: &str = "link Goloman Hands\nlink Hands Wilkes\n";
/// A dead neighbour is found after 3 s of silence; the rest is for a busy machine.
const FOUND_DEAD: Duration = Duration::from_secs(4);
pub const GOLOMAN: usize = 0;
pub const HANDS: usize = 1;
pub const WILKES: usize = 2;

/// The herd of this page; none, if there can be no hosts here.
pub fn herd(sheet: &mut Sheet) -> Option<Hosts> {
    match Hosts::start(NAMES, LINKS, Naming::Addresses) {
        Ok(hosts) => Some(hosts),
        Err(why) => {
            sheet.skipped(why);
            None
        }
    }
}

/// Waits until all have these lines, and says how long that took.
pub fn agreed(sheet: &mut Sheet, hosts: &Hosts, lines: &[String]) {
    let start = Instant::now();
    hosts.agreed(lines);
    let (count, servers) = (lines.len(), hosts.servers.len());
    let taken = time(start.elapsed());
    sheet.holds(
        true,
        format!("{count} updates at all {servers}, {taken} after the end"),
    );
}

/// A cable is pulled while updates are under way.
pub fn cable(sheet: &mut Sheet) {
    let Some(hosts) = herd(sheet) else { return };
    let count = sheet.form.pick(100, 5_000);
    let mut client = hosts.client(GOLOMAN);
    moved(&mut client, 0..count);
    let before = hosts.losses(HANDS, WILKES);
    hosts.network.plug(WILKES, false);
    let start = Instant::now();
    moved(&mut client, count / 2..2 * count);
    hosts.lost(HANDS, WILKES, before);
    sheet.within("found dead", start.elapsed(), FOUND_DEAD);
    let mut lines = moved(&mut client, 0..3 * count);
    hosts.network.plug(WILKES, true);
    lines.extend(moved(&mut hosts.client(WILKES), 3 * count..4 * count));
    agreed(sheet, &hosts, &lines);
}

/// Wilkes hears nothing of Hands, who hears Wilkes.
pub fn one_way(sheet: &mut Sheet) {
    let Some(hosts) = herd(sheet) else { return };
    let count = sheet.form.pick(100, 5_000);
    let before = [(HANDS, WILKES), (WILKES, HANDS)].map(|(a, b)| (a, b, hosts.losses(a, b)));
    hosts.network.receive(WILKES, HANDS, 0);
    let mut lines = moved(&mut hosts.client(GOLOMAN), 0..count);
    lines.extend(moved(&mut hosts.client(WILKES), count..2 * count));
    for (host, to, before) in before {
        hosts.lost(host, to, before);
    }
    hosts.network.receive(WILKES, HANDS, 100);
    agreed(sheet, &hosts, &lines);
}

/// Wilkes is gone from one moment to the next, and starts again with its journal.
pub fn power(sheet: &mut Sheet) {
    let Some(mut hosts) = herd(sheet) else { return };
    let count = sheet.form.pick(100, 5_000);
    let mut lines = moved(&mut hosts.client(WILKES), 0..count);
    let before = hosts.losses(HANDS, WILKES);
    // Nothing tells its neighbour that the server ends.
    hosts.network.plug(WILKES, false);
    hosts.servers[WILKES].kill();
    hosts.lost(HANDS, WILKES, before);
    lines.extend(moved(&mut hosts.client(GOLOMAN), count..2 * count));
    hosts.network.plug(WILKES, true);
    hosts.launch(WILKES);
    agreed(sheet, &hosts, &lines);
}

/// All that Wilkes hears is late, and some of it out of order.
pub fn late(sheet: &mut Sheet) {
    let Some(hosts) = herd(sheet) else { return };
    let count = sheet.form.pick(100, 5_000);
    if let Err(why) = hosts.network.delay(WILKES, 100) {
        return sheet.skipped(why);
    }
    let lines = moved(&mut hosts.client(GOLOMAN), 0..count);
    agreed(sheet, &hosts, &lines);
}
