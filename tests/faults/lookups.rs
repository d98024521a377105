//! A place service that refuses, hangs, errs, talks for ever, or says what nobody can parse.

use std::time::{Duration, Instant};

use super::gauge::{memory, more};
use super::sheet::{Form, Sheet, listed, time};
use super::support::endpoint::{Endpoint, Say, head, refusing_url};
use super::support::herd::Herd;
use super::support::process::Server;
use super::traffic::{Meanwhile, beside, iamat, is_over};

const MIB: f64 = 1024.0 * 1024.0;
/// The most bytes of an answer, and how many are read at a time.
const BODY_MAX: f64 = 5.0 * MIB;
const WORKERS: f64 = 4.0;

/// A body that both forms would take for an answer, with `inner` in it.
fn body(inner: &str) -> String {
    format!(r#"{{"status":"OK","results":[{inner}],"places":[{{"id":{inner}}}]}}"#)
}

/// The ways in which it fails, whichever form is asked. The last ones take as long as a client is
/// made to wait.
fn sicknesses(form: Form) -> Vec<(&'static str, Say)> {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let answer = body("1");
    let mut all = vec![
        ("500", Say::status(500, "{}")),
        ("HTML", Say::ok("<html><body>It works!</body></html>")),
        (
            "JSON 100,000 deep",
            Say::ok(body(&format!("{open}{close}"))),
        ),
        ("broken JSON 100,000 deep", Say::ok(body(&open))),
        ("JSON without its end", Say::ok(&answer[..answer.len() - 1])),
        (
            "JSON of another shape",
            Say::ok(r#"{"places":1,"results":2}"#),
        ),
        ("no UTF-8", Say::ok(b"{\"places\":[\"\xff\"]}".as_slice())),
        (
            "6 MiB",
            Say::ok(body(&format!("\"{}\"", "x".repeat(6 << 20)))),
        ),
        ("endless body", Say::Endless),
        ("cut off", Say::cut_off(&answer, 5)),
        ("no HTTP", Say::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())),
        (
            "drips",
            Say::Drip(head(200, &[], 1 << 20), Duration::from_millis(100)),
        ),
    ];
    // In the short form that is one of tests/process/herd/places.rs.
    if form == Form::Full {
        all.push(("hangs", Say::Hang));
    }
    all
}

/// A server that asks one form there.
fn asker(kind: &str, url: &str) -> Herd {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let options = ["--places", kind, "--places-url", url, "--log-level", "warn"];
    herd.servers[0].options = options.map(String::from).to_vec();
    herd.servers[0].variables = vec![("GOOGLE_MAPS_API_KEY".into(), "sesame".into())];
    herd.start();
    herd
}

/// Asks what is near on some connections at once; is each told AT, an error's JSON, and that on
/// one line, within how long?
fn errors(server: &Server, clients: usize) -> (bool, Duration) {
    let at = server.client().ask(iamat("kiwi"));
    let mut all: Vec<_> = (0..clients).map(|_| server.client()).collect();
    let start = Instant::now();
    all.iter_mut()
        .for_each(|client| client.say("WHATSAT kiwi 10 5\n"));
    let good = all.iter_mut().all(|client| {
        let near = client.rest_of_near();
        let json = near.parsed();
        let is_empty = json["results"].as_array().is_some_and(Vec::is_empty);
        let is_error = json["status"] != "OK" && json["error_message"].is_string();
        near.line == at && is_empty && is_error
    });
    (good, start.elapsed())
}

/// Places, in both forms, refuses, hangs, says 500, HTML, an endless body, JSON 100,000 deep,
/// drips.
pub fn places(sheet: &mut Sheet) {
    for kind in ["google-legacy", "google"] {
        one_form(sheet, kind);
    }
    let endpoint = Endpoint::start([Say::Hang]);
    let herd = asker("google", &endpoint.url());
    let port = herd.servers[0].clients;
    herd.servers[0].client().ask(iamat("kiwi"));
    beside(sheet, port, 2.0, || asking(port));
}

fn one_form(sheet: &mut Sheet, kind: &str) {
    let refusing = asker(kind, &refusing_url());
    let mut worst = errors(&refusing.servers[0], 4);
    let mut tried = vec!["refuses"];

    let endpoint = Endpoint::start([Say::ok("{}")]);
    let herd = asker(kind, &endpoint.url());
    let server = &herd.servers[0];
    errors(server, 16);
    let (before, mut most) = (memory(server), 0.0_f64);
    for (what, say) in sicknesses(sheet.form) {
        endpoint.now_say(say);
        let weighing = weigh(server);
        let (good, took) = errors(server, sheet.form.pick(4, 16));
        most = most.max(more(weighing.end(), before));
        println!("{kind}, {what}: {}", time(took));
        if !good {
            sheet.holds(false, format!("{kind}, {what}: no error JSON"));
        }
        worst = (worst.0 && good, worst.1.max(took));
        tried.push(what);
    }
    let text = format!(
        "{kind}, {}: each WHATSAT is told AT and an error's JSON",
        listed(&tried)
    );
    sheet.holds(worst.0, text);
    sheet.within("the slowest", worst.1, Duration::from_secs(5));
    let cap = WORKERS * 2.0 * BODY_MAX;
    sheet.at_most("memory while they are read", most, cap, " bytes more");
}

/// Looks at the memory of a server until it is ended, and returns the most.
fn weigh(server: &Server) -> Meanwhile<u64> {
    let pid = server.pid();
    Meanwhile::begin(move |flag| {
        let mut most = 0;
        while !is_over(flag) {
            most = most.max(super::gauge::memory_of(pid));
            std::thread::sleep(Duration::from_millis(5));
        }
        most
    })
}

/// As many WHATSATs under way as workers and queue take.
fn asking(port: u16) -> Vec<super::support::client::Client> {
    let client = |_| {
        let mut client = super::support::client::Client::of(port);
        client.say("WHATSAT kiwi 1 1\n".repeat(8));
        client
    };
    (0..8).map(client).collect()
}
