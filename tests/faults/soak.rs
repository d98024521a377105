//! All of it mixed for as long as one likes: load, restarts, cuts, clients that drip and clients
//! that never read. Now and then it is quiet; then all tables are equal, and what each server
//! weighs is written down.

use std::thread;
use std::time::{Duration, Instant};

use super::clients::{drip, say_until_full};
use super::gauge::{descriptors, memory};
use super::guest::{Guest, Position, agreed};
use super::sheet::{Sheet, short, time};
use super::support::herd::Herd;
use super::support::proxy::Proxy;
use super::support::wait::{wait_for, wait_until};
use super::traffic::{connect, fill, load, mixed};

/// Clients that are known from the start; the load moves a hundred more.
const CLIENTS: usize = 1_000;
/// A server may weigh so much more in the last third than in the one before, in bytes.
const SLOPE: f64 = 512.0 * 1024.0;

/// All of it mixed.
pub fn soak(sheet: &mut Sheet) {
    let minutes = std::env::var("HERD_MINUTES").ok();
    let minutes = minutes.and_then(|minutes| minutes.parse::<f64>().ok());
    let whole = Duration::from_secs_f64(minutes.map_or(60.0, |minutes| minutes * 60.0));
    let whole = sheet.form.pick(Duration::from_secs(8), whole);
    let round = sheet
        .form
        .pick(Duration::from_millis(700), Duration::from_secs(3));

    let mut herd = Herd::of("topology.txt");
    herd.keep_if_it_fails();
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut proxies = [
        herd.between("Goloman", "Wilkes"),
        herd.between("Wilkes", "Goloman"),
    ];
    let mut guest = Guest::of_all(&mut herd);
    herd.start_quietly();
    fill(herd["Goloman"].clients, 0..CLIENTS);
    wait_until("all know all", || agreed(&mut guest, &herd).is_some());
    let open: Vec<usize> = herd.servers.iter().map(descriptors).collect();

    let (start, mut answered, mut quiet) = (Instant::now(), 0, 0);
    let mut weights: Vec<Vec<f64>> = vec![Vec::new(); herd.servers.len()];
    let mut drawn = 0;
    while start.elapsed() < whole || quiet < 9 {
        answered += storm(&mut herd, &mut proxies, quiet, round);
        let extent = wait_for("it is quiet, and all tables are equal", || {
            agreed(&mut guest, &herd)
        });
        assert!(extent.count as usize >= CLIENTS);
        wait_until("no server has more descriptors than at the start", || {
            let mut pairs = herd.servers.iter().zip(&open);
            pairs.all(|(server, open)| descriptors(server) <= *open)
        });
        for (weights, server) in weights.iter_mut().zip(&herd.servers) {
            weights.push(memory(server) as f64);
        }
        quiet += 1;
        let minute = start.elapsed().as_secs() / 60;
        if minute > drawn {
            println!("{}", point(minute, &herd, &extent));
            drawn = minute;
        }
    }
    let text = format!(
        "{} of load, {} bundles answered: all tables equal at {quiet} of {quiet} quiet moments",
        time(start.elapsed()),
        short(answered as f64)
    );
    sheet.holds(answered > 0, text);
    sheet.holds(true, "descriptors back to the start at each");
    let growth = weights.iter().map(|weights| slope(weights));
    let growth = growth.fold(f64::MIN, f64::max);
    let what = "memory of who grew most, from the second third to the last";
    sheet.at_most(what, growth.max(0.0), SLOPE, " bytes more");
}

/// A point of the curve: the weight of each server in MiB, its descriptors, and the digest that all
/// have.
fn point(minute: u64, herd: &Herd, extent: &Position) -> String {
    let servers = herd.servers.iter().map(|server| {
        let mib = memory(server) as f64 / f64::from(1 << 20);
        format!("{} {mib:.1} MiB {}", server.name, descriptors(server))
    });
    let servers: Vec<String> = servers.collect();
    let (count, digest) = (extent.count, extent.digest);
    let servers = servers.join(", ");
    format!("minute {minute}: {servers} descriptors; {count} clients, {digest:016x}")
}

/// A round of load and faults; returns how much was answered.
fn storm(herd: &mut Herd, proxies: &mut [Proxy; 2], turn: usize, round: Duration) -> u64 {
    let ports: Vec<u16> = herd.servers.iter().map(|server| server.clients).collect();
    let port = ports[turn % ports.len()];
    let loading = load(ports, Duration::from_millis(1), mixed);
    let dripping = drip(port, 20);
    let mut deaf = connect(port);
    let reading = thread::spawn(move || {
        say_until_full(&mut deaf, b"hello\n", 1 << 23);
        deaf
    });
    proxies[turn % 2].cut();
    thread::sleep(round / 3);
    // Goloman and Wilkes live as long as the run, so that a leak has time to show.
    let name = ["Hands", "Holiday", "Welsh"][turn % 3];
    match turn % 2 {
        0 => herd[name].kill(),
        _ => {
            herd[name].signal("TERM");
            assert_eq!(herd[name].ended().code, Some(0));
        }
    }
    thread::sleep(round / 3);
    herd[name].start();
    proxies[turn % 2].heal();
    thread::sleep(round / 3);
    drop((dripping, reading.join().unwrap()));
    proxies.iter().for_each(Proxy::forget);
    loading.end()
}

/// How much more the last third is on average than the one before. The first is for warming up.
fn slope(weights: &[f64]) -> f64 {
    let third = weights.len() / 3;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    mean(&weights[2 * third..]) - mean(&weights[third..2 * third])
}
