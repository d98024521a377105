//! The log: a line per event, RFC 3339 UTC, strangers' bytes escaped, easily grepped.

use super::iamat;
use super::places::google_herd;
use super::support::client::{Client, ask, now};
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::Herd;
use super::support::wait::wait_until;

/// `2018-03-02T20:52:15.182228999Z [INFO] text`, of printable ASCII.
#[track_caller]
fn check_line(line: &str) {
    let wrong = || panic!("{line:?}");
    let (time, rest) = line.split_once(" [").unwrap_or_else(wrong);
    let (second, fraction) = time.split_once('.').unwrap_or_else(wrong);
    let form = second.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(form, "0000-00-00T00:00:00", "{line:?}");
    let digits = fraction.strip_suffix('Z').unwrap_or_default();
    let is_fraction = digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit());
    assert!(is_fraction, "{line:?}");
    let (level, text) = rest.split_once("] ").unwrap_or_else(wrong);
    assert!(
        ["INFO", "WARN", "ERROR", "DEBUG"].contains(&level),
        "{line:?}"
    );
    assert!(
        !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b)),
        "{line:?}"
    );
}

#[test]
fn every_line_has_a_time_a_level_and_printable_bytes() {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level".into(), "debug".into()];
    }
    herd.start();
    let server = &herd["Goloman"];
    let before = now();
    let at = server.client().ask(iamat("caf\u{e9}"));
    assert_eq!(herd.agreed("caf\u{e9}"), at);
    for bytes in [
        &b"\xff\xfe\0\x07\x1b[2J\x7f"[..],
        b"a\tb\rc\\d",
        b"2018 [INFO] forged\r",
    ] {
        ask(server.clients, bytes);
        ask(server.servers, [bytes, b"\n"].concat());
    }
    for text in [
        r"< \xff\xfe\x00\x07\x1b[2J\x7f",
        r"> ? \xff\xfe\x00\x07\x1b[2J\x7f",
        r"< a\tb\rc\\d",
        r"< 2018 [INFO] forged\r",
        r"< IAMAT caf\xc3\xa9 +34",
        "[DEBUG] Hands < MARK ",
    ] {
        server.logged(text);
    }
    for server in &herd.servers {
        let log = server.log();
        let end = log.rfind('\n').unwrap();
        log[..end].lines().for_each(check_line);
    }
    // By this machine's clock, in UTC.
    let line = server.logged("IAMAT caf");
    let output = std::process::Command::new("date")
        .args(["-u", "+%s", "-d", &line[..30]])
        .output()
        .unwrap();
    let logged: i128 = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!((logged - before / 1_000_000_000).abs() <= 60, "{line}");
}

#[test]
fn connections_links_and_lookups_come_and_go_with_a_reason() {
    let endpoint = Endpoint::start([Say::ok("{}"), Say::status(500, "no")]);
    let herd = google_herd("google", &endpoint);
    let server = &herd.servers[0];
    let mut client = server.client();
    client.ask(iamat("k"));
    client.near("WHATSAT k 7 1\n");
    client.near("WHATSAT k 8 1\n");
    // Probes that say nothing are not worth a line.
    for port in [server.clients, server.servers].repeat(20) {
        drop(Client::of(port));
        Client::of(port).reset();
    }
    let mut reset = server.client();
    reset.say("half a li");
    wait_until("two have come", || {
        server.count("opened at the clients' door") == 2
    });
    reset.reset();
    server.logged(" closed: Connection reset");
    client.end_sending();
    client.rest();
    server.logged(" closed: done");
    for text in [" closed: ", " opened at "] {
        assert_eq!(server.count(text), 2);
    }
    server.logged("lookup 1: 7 km around 34.068930,-118.445127");
    server.logged("lookup 1: JSON of ");
    server.logged("[WARN] lookup 2: failed after ");
    // The JSON itself is not kept.
    assert_eq!(server.count("html_attributions"), 0);
}
