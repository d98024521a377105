//! A hub whose neighbours are far away is killed and comes back: all of them shake hands at once.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::sheet::Sheet;
use super::support::client::ask_text;
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::wait_until;
use super::traffic::{fill, iamat};

/// Clients of the herd: enough that tables are compared when the hub is back.
const CLIENTS: usize = 2_000;

/// The hub of a star, with a secret and a delaying relay on every link.
pub fn hub(sheet: &mut Sheet) {
    let leaves = sheet.form.pick(12, 50);
    let delay = Duration::from_millis(sheet.form.pick(20, 100));
    let names: Vec<String> = (0..=leaves).map(|number| format!("S{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let links: Vec<[&str; 2]> = names[1..].iter().map(|leaf| ["S0", leaf]).collect();
    let mut herd = Herd::new(&names, &links);
    let secret = herd.servers[0].directory.join("secret");
    fs::write(&secret, "a secret of this herd alone\n").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    for server in &mut herd.servers {
        let options = ["--log-level", "warn", "--secret-file"].map(String::from);
        server.options = options.to_vec();
        server.options.push(secret.display().to_string());
    }
    let relay = herd.apart(delay);
    herd.start_quietly();
    fill(herd.servers[0].clients, 0..CLIENTS);
    all_are(&herd, |status| {
        is_linked(status) && status["known"] == CLIENTS
    });

    let (mut linked, mut equal) = (Duration::ZERO, Duration::ZERO);
    let rounds = sheet.form.pick(1, 5);
    for round in 1..=rounds {
        herd.servers[0].kill();
        // Somebody moves while it is away.
        let mut client = herd.servers[1].client();
        let at = client.ask(iamat(&format!("new{round}")));
        assert!(at.starts_with("AT "), "{at}");
        let start = Instant::now();
        herd.servers[0].start();
        all_are(&herd, is_linked);
        linked = linked.max(start.elapsed());
        all_are(&herd, |status| status["known"] == CLIENTS + round);
        equal = equal.max(start.elapsed());
    }
    drop(relay);
    let text = format!("{leaves} neighbours, {delay:?} each way, {rounds} times: whole again");
    sheet.holds(true, text);
    // The process has to start, too.
    let most = |ways: u32| delay * ways + Duration::from_millis(400);
    sheet.within("all links up after its start", linked, most(11));
    sheet.within("all tables equal", equal, most(17));
}

fn all_are(herd: &Herd, is_so: impl Fn(&Value) -> bool) {
    for server in &herd.servers {
        wait_until("it is whole", || is_so(&status(server)));
    }
}

fn status(server: &Server) -> Value {
    serde_json::from_str(&ask_text(server.servers, "STATUS\n")).unwrap_or_default()
}

/// Whether all links of a server are up, both ways.
fn is_linked(status: &Value) -> bool {
    let is_up = |link: &Value| link["state"] == "up" && link["hears"] == true;
    let links = status["links"].as_array();
    links.is_some_and(|links| links.iter().all(is_up))
}
