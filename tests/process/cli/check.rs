//! The output of `herd check` for files that are right.

use super::{Files, herd, output, right, text, wrong};
use crate::support::endpoint::{Endpoint, Say};

#[test]
fn check_describes_the_default_herd() {
    let want = "\
topology.txt is right: 5 servers, 6 links, all connected

server   clients' door    servers' door    neighbours
Goloman  127.0.0.1:12001  127.0.0.1:12101  Hands, Holiday, Wilkes
Hands    127.0.0.1:12002  127.0.0.1:12102  Goloman, Wilkes
Holiday  127.0.0.1:12003  127.0.0.1:12103  Goloman, Welsh, Wilkes
Welsh    127.0.0.1:12004  127.0.0.1:12104  Holiday
Wilkes   127.0.0.1:12005  127.0.0.1:12105  Goloman, Hands, Holiday

diameter                            3
servers whose loss splits the herd  Holiday
AT lines per update, at most        8 (2m - n + 1)
";
    assert_eq!(right(&["check"]), want);
    assert_eq!(right(&["check", "--topology=topology.txt"]), want);
}

#[test]
fn check_shows_where_servers_listen_and_dial_from_if_the_file_says_it() {
    let files = Files::new();
    let file = files.write(
        "t.txt",
        "server A herd.example clients=1 servers=2 listen=[::] source=192.0.2.7\n\
         server B fe80::1%eth0 clients=3 servers=4\nserver P ::1 clients=5 plain\nlink A B\n",
    );
    let want = "
server  clients' door     servers' door     listens on    dials from  neighbours
A       herd.example:1    herd.example:2    ::            192.0.2.7   B
B       [fe80::1%eth0]:3  [fe80::1%eth0]:4  fe80::1%eth0  any         A
P       [::1]:5           plain             -             -           none
";
    let said = right(&["check", "-t", &file]);
    assert!(said.contains(want), "{said}");
}

#[test]
fn check_describes_the_other_herds() {
    for (file, links, rows, lines) in [
        (
            "tests/topologies/alford.txt",
            5,
            &[
                "Alford    127.0.0.1:12011  127.0.0.1:12111  Hamilton, Welsh",
                "Ball      127.0.0.1:12012  127.0.0.1:12112  Holiday, Welsh",
                "Hamilton  127.0.0.1:12013  127.0.0.1:12113  Alford, Holiday",
                "Holiday   127.0.0.1:12014  127.0.0.1:12114  Ball, Hamilton",
                "Welsh     127.0.0.1:12015  127.0.0.1:12115  Alford, Ball",
            ],
            6,
        ),
        (
            "tests/topologies/hill.txt",
            6,
            &[
                "Hill       127.0.0.1:12021  127.0.0.1:12121  Jaquez, Smith",
                "Jaquez     127.0.0.1:12022  127.0.0.1:12122  Hill, Singleton",
                "Smith      127.0.0.1:12023  127.0.0.1:12123  Hill, Singleton, Campbell",
                "Campbell   127.0.0.1:12024  127.0.0.1:12124  Singleton, Smith",
                "Singleton  127.0.0.1:12025  127.0.0.1:12125  Jaquez, Smith, Campbell",
            ],
            8,
        ),
    ] {
        let said = right(&["check", "-t", file]);
        let head = format!("{file} is right: 5 servers, {links} links, all connected\n");
        assert!(said.starts_with(&head), "{said}");
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said[3..8], rows[..]);
        assert_eq!(said[9], "diameter                            2");
        assert_eq!(said[10], "servers whose loss splits the herd  none");
        assert_eq!(
            said[11],
            format!("AT lines per update, at most        {lines} (2m - n + 1)")
        );
    }
}

#[test]
fn check_names_the_parts_of_a_herd_in_parts_and_its_plain_servers() {
    let files = Files::new();
    let file = files.write(
        "parts.txt",
        "server A ::1 clients=1 servers=2\nserver Old h.example clients=1 plain\n\
        server B ::1 clients=3 servers=4\nserver C ::1 clients=5 servers=6\n\
        server D ::1 clients=7 servers=8\nlink Old A\nlink A B\nlink C D\n",
    );
    let want = format!(
        "\
{file} is right: 5 servers, 3 links, in 2 parts with no link between them

server  clients' door  servers' door  neighbours
A       [::1]:1        [::1]:2        Old, B
Old     h.example:1    plain          A
B       [::1]:3        [::1]:4        A
C       [::1]:5        [::1]:6        D
D       [::1]:7        [::1]:8        C

part       diameter  AT lines per update, at most
A, Old, B  2         1 (2m - n + 1), and 1 to plain servers
C, D       1         1 (2m - n + 1)

servers whose loss splits a part: A
"
    );
    assert_eq!(right(&["check", "-t", &file]), want);
}

#[test]
fn check_says_what_a_dense_herd_costs_and_a_sparser_one_would() {
    let files = Files::new();
    let text = |size: usize, links: &dyn Fn(usize, usize) -> bool| {
        let server = |n| {
            format!(
                "server S{n} ::1 clients={} servers={}\n",
                2 * n + 1,
                2 * n + 2
            )
        };
        let pairs = (0..size).flat_map(|a| (a + 1..size).map(move |b| (a, b)));
        let link = |(a, b)| format!("link S{a} S{b}\n");
        let pairs = pairs.filter(|&(a, b)| links(a, b)).map(link);
        (0..size).map(server).chain(pairs).collect::<String>()
    };
    let check = |text: &str| right(&["check", "-t", &files.write("mesh.txt", text)]);
    let mesh = |size, links: &dyn Fn(usize, usize) -> bool| check(&text(size, links));
    let advice = "
The part of S0 is dense: its 300 links cost up to 576 lines per update.
A ring with a chord from each server to the one 5 places after it would do
with 50 links and 76 lines. Its diameter is 4, and no loss of one server
splits it.
";
    let dense = mesh(25, &|_, _| true);
    assert!(dense.ends_with(advice), "{dense}");
    // Links to plain servers are counted apart, in the row above and in the advice.
    let with_plain = |size, text: String| {
        let plain = (0..3).map(|n| format!("server P{n} ::1 clients={} plain\n", 900 + n));
        let links = |n| (0..3).map(move |plain| format!("link S{n} P{plain}\n"));
        let links = (0..size).flat_map(links);
        check(&(text + &plain.chain(links).collect::<String>()))
    };
    let dense = with_plain(25, text(25, &|_, _| true));
    let row = "576 (2m - n + 1), and 75 to plain servers";
    assert!(dense.contains(row) && dense.ends_with(advice), "{dense}");
    let ring = with_plain(8, text(8, &|a, b| [1, 7].contains(&(b - a))));
    assert!(
        ring.contains(" 32 links") && !ring.contains("dense"),
        "{ring}"
    );
    // The advised herd is not dense, nor is a small mesh.
    let advised = mesh(25, &|a, b| [1, 5, 20, 24].contains(&(b - a)));
    assert!(
        advised.contains("50 links") && advised.contains("76 (2m - n + 1)"),
        "{advised}"
    );
    assert!(!advised.contains("dense"), "{advised}");
    assert!(!mesh(5, &|_, _| true).contains("dense"));
}

/// `herd check` of the places of an endpoint that says this: status, output, error.
fn places(kind: &[&str], say: Say) -> (Option<i32>, String, String) {
    let endpoint = Endpoint::start([say]);
    let url = endpoint.url();
    let mut command = herd(&["check", "--places-url", &url, "--places"]);
    let output = output(command.args(kind).env("PLACES_API_KEY", "sesame"));
    assert_eq!(endpoint.requests().len(), 1, "it asks once");
    let said = |bytes| text(bytes).replace(&url, "URL");
    (
        output.status.code(),
        said(&output.stdout),
        said(&output.stderr),
    )
}

#[test]
fn check_asks_once_for_places_and_says_what_came() {
    let offline = right(&["check", "--places"]);
    let ok = "OK, 17 places within 10 km of Los Angeles, the first is \"Los Angeles\"\n";
    assert!(
        offline.starts_with("offline: ") && offline.ends_with(ok),
        "{offline}"
    );
    assert_eq!(right(&["check", "--places", "offline"]), offline);
    assert_eq!(right(&["check", "--places=offline"]), offline);

    let new = "Google Places API (New) at URL: ";
    let legacy = "Google Nearby Search (legacy) at URL: ";
    let found = Say::ok(r#"{"places":[{"displayName":{"text":"Echo Park"}}]}"#);
    let want =
        format!("{new}OK, 1 place within 10 km of Los Angeles, the first is \"Echo Park\"\n");
    assert_eq!(places(&[], found), (Some(0), want, String::new()));
    let denied = Say::ok(r#"{"results":[],"status":"REQUEST_DENIED","error_message":"no sesame"}"#);
    let want = format!("herd: {legacy}REQUEST_DENIED: no ***\n");
    assert_eq!(
        places(&["google-legacy"], denied),
        (Some(1), String::new(), want)
    );
    let want = format!("herd: {new}the place service answered HTTP 500 and no places\n");
    assert_eq!(
        places(&["google"], Say::status(500, "")),
        (Some(1), String::new(), want)
    );

    let line = wrong(&mut herd(&["check", "--places", "bing"]));
    assert_eq!(
        line,
        "herd: --places takes offline or google or google-legacy, not \"bing\""
    );
    let line = wrong(&mut herd(&["check", "--places", "google", "more"]));
    assert_eq!(
        line,
        "herd: check --places takes one provider, so what is \"more\"?"
    );
    let line = wrong(&mut herd(&["check", "--places", "google"]));
    assert!(
        line.contains("GOOGLE_MAPS_API_KEY or PLACES_API_KEY (the first one wins"),
        "{line}"
    );
}

#[test]
fn certificates_that_are_not_there_are_no_reason_to_trust_others() {
    let mut command = herd(&["check", "--places", "google"]);
    command
        .env("PLACES_API_KEY", "k")
        .env("SSL_CERT_FILE", "/nonexistent")
        .env_remove("SSL_CERT_DIR");
    let want =
        "herd: SSL_CERT_FILE names no certificates that can be read; correct it, or unset it";
    assert_eq!(wrong(&mut command), want);
}
