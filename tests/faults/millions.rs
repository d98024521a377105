//! A million clients in one server, then ten million; a full table; and how soon a server that
//! lost two million has them back.

use std::time::{Duration, Instant};

use super::gauge::{memory, more};
use super::guest::Guest;
use super::sheet::{Form, Sheet, short};
use super::support::client::Client;
use super::support::herd::{Herd, at_line};
use super::support::wait::{wait_for, wait_until};
use super::traffic::{fill, iamat, name};

/// The most memory of a client, in bytes.
const EACH: f64 = 250.0;

/// A million clients in one server, then ten million.
pub fn millions(sheet: &mut Sheet) {
    let steps = sheet.form.pick(vec![100_000], vec![1_000_000, 10_000_000]);
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    server.client().ask("hello\n");
    let (before, mut known) = (memory(server), 0);
    for clients in steps {
        let (start, first) = (Instant::now(), known);
        assert_eq!(fill(server.clients, first..clients), clients - first);
        let rate = (clients - first) as f64 / start.elapsed().as_secs_f64();
        known = clients;
        let each = more(memory(server), before) / clients as f64;
        println!("{} a second", short(rate));
        let what = format!("{} clients, each", short(clients as f64));
        sheet.at_most(&what, each, EACH, " bytes");
    }
    if sheet.form == Form::Full {
        // The ten million that are the default's limit are there.
        full_table(sheet, server.clients, known);
    } else {
        let herd = Herd::one_with(&["--records-max", "1000", "--log-level", "warn"]);
        assert_eq!(fill(herd.servers[0].clients, 0..1_000), 1_000);
        full_table(sheet, herd.servers[0].clients, 1_000);
    }
    drop(herd);
    resync(sheet);
}

/// A table that is full: new clients are invalid, known ones move.
fn full_table(sheet: &mut Sheet, port: u16, known: usize) {
    let new = fill(port, known..known + 1_000);
    let moved = fill(port, 0..1_000);
    let text = format!(
        "{new} of 1,000 new ones beyond {} are told AT",
        short(known as f64)
    );
    sheet.holds(new == 0, text);
    let at = Client::of(port).ask(iamat(&name(7)));
    let moves = moved == 1_000 && at_line(port, &name(7)) == Some(at);
    sheet.holds(moves, format!("{moved} of 1,000 known ones still move"));
}

/// A server that lost everything has it back from its neighbour.
fn resync(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "warn".into()];
    }
    let mut guest = Guest::of_all(&mut herd);
    herd.write_topologies();
    herd["Goloman"].start();
    let clients = sheet.form.pick(20_000, 2_000_000);
    assert_eq!(fill(herd["Goloman"].clients, 0..clients), clients);
    let whole = guest.extent(&herd["Goloman"]);
    let start = Instant::now();
    herd["Hands"].start();
    wait_until("Hands knows all", || {
        guest.extent(&herd["Hands"]).is_some() && guest.extent(&herd["Hands"]) == whole
    });
    let text = format!("{} records over again", short(clients as f64));
    sheet.within(&text, start.elapsed(), Duration::from_secs(5));
    let at = herd["Goloman"].client().ask(iamat(&name(0)));
    wait_for("and it goes on", || {
        (at_line(herd["Hands"].clients, &name(0))? == at).then_some(())
    });
    sheet.holds(true, "and it takes part in the flood");
}
