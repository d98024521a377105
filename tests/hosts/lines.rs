//! Lines that are slow, lose packets or have a long queue in front of them: a link over them lives
//! as long as its neighbour.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::cables::{GOLOMAN, HANDS, WILKES, agreed, herd};
use super::servers::{Hosts, moved};
use super::support::sheet::Sheet;

/// The rate of a slow line, in bits a second.
const SLOW: u32 = 128_000;
/// Bytes that a packet of somebody's download carries, and its headers.
const PACKET: [u32; 2] = [1_400, 42];

/// How often the links between Hands and Wilkes have come up.
fn links(hosts: &Hosts) -> usize {
    hosts.links(HANDS, WILKES) + hosts.links(WILKES, HANDS)
}

/// A queue that fills at once, and a line that loses three packets of ten, look like a dead
/// neighbour until the time that answers take is known: links may end this often before.
const UNKNOWN_LINE: u32 = 8;

/// They have ended, and come up again, so often at most since there were `before`.
fn lives(sheet: &mut Sheet, hosts: &Hosts, before: usize, most: u32) {
    let ended = (links(hosts) - before) as u32;
    sheet.at_most(
        "links between Hands and Wilkes ended",
        ended,
        most.into(),
        " times",
    );
}

/// Five clients move at Goloman each second. The AT lines with which they were acknowledged.
fn traffic(hosts: &Hosts, seconds: usize) -> Vec<String> {
    let mut client = hosts.client(GOLOMAN);
    let (mut lines, start) = (Vec::new(), Instant::now());
    for number in 0..5 * seconds {
        let at = Duration::from_millis(200 * number as u64);
        thread::sleep(at.saturating_sub(start.elapsed()));
        lines.extend(moved(&mut client, number..number + 1));
    }
    lines
}

/// Wilkes comes back behind a slow line, and has much to hear.
pub fn slow(sheet: &mut Sheet) {
    let Some(hosts) = herd(sheet) else { return };
    let count = sheet.form.pick(200, 5_000);
    let before = [(HANDS, WILKES), (WILKES, HANDS)].map(|(a, b)| (a, b, hosts.losses(a, b)));
    hosts.network.plug(WILKES, false);
    for (host, to, before) in before {
        hosts.lost(host, to, before);
    }
    let before = links(&hosts) + 2;
    let lines = moved(&mut hosts.client(GOLOMAN), 0..count);
    hosts.network.slow(WILKES, SLOW);
    hosts.network.plug(WILKES, true);
    agreed(sheet, &hosts, &lines);
    lives(sheet, &hosts, before, UNKNOWN_LINE);
}

/// Wilkes loses packets of Hands, and Hands of Wilkes.
fn lossy(sheet: &mut Sheet, percent: u32, ended_max: u32) {
    let Some(hosts) = herd(sheet) else { return };
    let before = links(&hosts);
    hosts.network.receive(WILKES, HANDS, 100 - percent);
    hosts.network.receive(HANDS, WILKES, 100 - percent);
    let lines = traffic(&hosts, sheet.form.pick(5, 300));
    agreed(sheet, &hosts, &lines);
    lives(sheet, &hosts, before, ended_max);
}

/// A tenth of them.
pub fn tenth(sheet: &mut Sheet) {
    lossy(sheet, 10, 0);
}

/// Three tenths of them.
pub fn three_tenths(sheet: &mut Sheet) {
    lossy(sheet, 30, UNKNOWN_LINE);
}

/// Somebody else downloads over Wilkes' line, and its queue of 8 s is full.
pub fn bloat(sheet: &mut Sheet) {
    let Some(hosts) = herd(sheet) else { return };
    let before = links(&hosts);
    hosts.network.slow(WILKES, SLOW);
    let (seconds, is_over) = (sheet.form.pick(20, 180), AtomicBool::new(false));
    let target = (hosts.network.address(WILKES), 9).into();
    let lines = thread::scope(|scope| {
        scope.spawn(|| download(target, &is_over));
        let lines = traffic(&hosts, seconds);
        is_over.store(true, Relaxed);
        lines
    });
    agreed(sheet, &hosts, &lines);
    lives(sheet, &hosts, before, 0);
}

/// Sends packets that nobody wants: for 8 s twice as many as the line carries, which fills its
/// queue, and then a little less than it carries.
fn download(target: SocketAddr, is_over: &AtomicBool) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let takes = Duration::from_secs(1) * PACKET.iter().sum() * 8 / SLOW;
    let (start, mut at) = (Instant::now(), Duration::ZERO);
    while !is_over.load(Relaxed) {
        let is_filling = at < Duration::from_secs(8);
        at += takes * if is_filling { 10 } else { 21 } / 20;
        thread::sleep(at.saturating_sub(start.elapsed()));
        // Nobody listens there, and the host says so.
        let _ = socket.send_to(&[0; PACKET[0] as usize], target);
    }
}
