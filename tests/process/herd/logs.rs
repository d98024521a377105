//! The log: a line per event, RFC 3339 UTC, strangers' bytes escaped, easily grepped.

use std::fs;
use std::process::Command;

use super::iamat;
use super::places::google_herd;
use super::support::client::{Client, ask, ask_text, now};
use super::support::endpoint::{Endpoint, Say};
use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::proxy::{Proxy, Way};
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
    let output = Command::new("date")
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

/// The text of one of a server's two files.
fn text(server: &Server, name: &str) -> String {
    let bytes = fs::read(server.directory.join(name)).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Has a server say this many more clients' lines, each a long one.
fn fill(server: &Server, from: usize, count: usize) {
    let mut client = server.client();
    for number in from..from + count {
        let name = format!("{number:05}{}", "x".repeat(900));
        let reply = client.ask(format!("IAMAT {name} +1-2 1000000\n"));
        assert!(reply.starts_with("AT Goloman "), "{reply}");
    }
    // A turn writes the log when its replies are sent.
    server.logged(&format!(" {:05}x", from + count - 1));
}

/// The numbers of the IAMATs that came in.
fn numbers(log: &str) -> Vec<usize> {
    let lines = log.lines().filter_map(|line| line.split_once("< IAMAT "));
    lines.map(|(_, rest)| rest[..5].parse().unwrap()).collect()
}

const MIB: u64 = 1 << 20;

#[test]
fn a_log_that_is_full_becomes_the_older_of_two() {
    let herd = Herd::one_with(&["--log-max", "1M"]);
    let server = &herd["Goloman"];
    let log = server.directory.join("Goloman.log");
    // Two lines of a kilobyte each for every client.
    fill(server, 0, 900);
    let [old, new] = ["Goloman.log.1", "Goloman.log"].map(|name| text(server, name));
    let all = format!("{old}{new}");
    assert_eq!(numbers(&all), (0..900).collect::<Vec<_>>());
    all.lines().for_each(check_line);
    // Many more: there are never more than two, and neither is too long.
    fill(server, 900, 2000);
    let [old, new] = ["Goloman.log.1", "Goloman.log"].map(|name| text(server, name));
    for text in [&old, &new] {
        assert!(text.len() as u64 <= MIB && text.ends_with('\n'));
        text.lines().for_each(check_line);
    }
    let seen = numbers(&format!("{old}{new}"));
    assert_eq!(seen, (2900 - seen.len()..2900).collect::<Vec<_>>());
    let names = fs::read_dir(&server.directory).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(".log")).count(), 2);
    // Moved away by somebody else: what is theirs is not touched.
    let moved = log.with_extension("moved");
    fs::rename(&log, &moved).unwrap();
    server.signal("USR1");
    server.logged("the log is reopened");
    let length = fs::metadata(&moved).unwrap().len();
    fill(server, 2900, 1500);
    assert_eq!(fs::metadata(&moved).unwrap().len(), length);
    let status = ask_text(server.servers, "STATUS\n");
    let state = r#""log":{"lost":0,"state":"ok","why":null}"#;
    assert!(status.contains(state), "{status}");
}

#[test]
fn a_log_that_cannot_be_renamed_begins_again() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    fs::create_dir(server.directory.join("Goloman.log.1")).unwrap();
    server.options = vec!["--log-max=1M".into()];
    server.start();
    fill(server, 0, 2000);
    let seen = numbers(&text(server, "Goloman.log"));
    assert_eq!(seen, (2000 - seen.len()..2000).collect::<Vec<_>>());
    assert!(server.log().len() as u64 <= MIB);
    server.logged("[WARN] ");
    assert_eq!(server.count("Goloman.log is full and cannot become "), 1);
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(0), 1));
    assert!(
        ended.stderr.contains("is full and cannot become"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_healthy_herd_is_worth_no_warning() {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = vec!["--log-level=warn".into()];
    }
    herd.start_quietly();
    let mut clients: Vec<Client> = herd.servers.iter().map(Server::client).collect();
    for turn in 0..200 {
        for (place, client) in clients.iter_mut().enumerate() {
            client.ask(iamat(&format!("k{place}-{}", turn % 20)));
            client.ask("nonsense\n");
            client.near(format!("WHATSAT k{place}-0 10 5\n"));
        }
    }
    herd.agreed("k0-19");
    for server in &herd.servers {
        assert_eq!(server.log(), "");
    }
}

#[test]
fn a_link_that_is_cut_is_worth_a_warning_on_each_side() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    let mut proxies = [herd.between("A", "B"), herd.between("B", "A")];
    for server in &mut herd.servers {
        server.options = vec!["--log-level=warn".into()];
    }
    herd.start_quietly();
    wait_until("all links carry MARKs and their answers", || {
        let has = |proxy: &Proxy| {
            proxy.count(Way::Out, "MARK ") > 1 && proxy.count(Way::Back, "SINCE ") > 1
        };
        proxies.iter().all(has)
    });
    for server in &herd.servers {
        assert_eq!(server.log(), "");
    }
    proxies.iter_mut().for_each(Proxy::cut);
    for (name, other) in [("A", "B"), ("B", "A")] {
        for way in ["to", "from"] {
            let line = herd[name].logged(&format!("[WARN] link {way} {other} down: "));
            check_line(&line);
        }
        // It is dialled on, and that is worth a line when it has lasted.
        herd[name].logged(&format!("[WARN] {other} cannot be reached for "));
        assert_eq!(herd[name].log().lines().count(), 3);
    }
    proxies.iter_mut().for_each(Proxy::heal);
    let at = herd["A"].client().ask(iamat("k"));
    wait_until("B knows it", || {
        at_line(herd["B"].clients, "k").as_ref() == Some(&at)
    });
    // Its own end is not worth a warning.
    let before = herd["A"].log();
    herd["A"].signal("TERM");
    assert_eq!(herd["A"].ended().code, Some(0));
    assert_eq!(herd["A"].log(), before);
}

/// logrotate(8) as the guide has it, with the pid in the place of the unit.
#[test]
fn logrotate_loses_no_line() {
    let Ok(guide) = std::str::from_utf8(include_bytes!("../../../src/guide/running.md")) else {
        panic!("the guide is text");
    };
    let herd = Herd::one_with(&["--log-max=none"]);
    let server = &herd["Goloman"];
    let start = guide.find("/var/lib/private/herd/*.log {").unwrap();
    let stanza = &guide[start..start + guide[start..].find("```").unwrap()];
    let stanza = stanza
        .replace(
            "/var/lib/private/herd",
            &server.directory.display().to_string(),
        )
        .replace(
            "systemctl kill --signal=USR1 'herd@*.service'",
            &format!("kill -USR1 {}", server.pid()),
        );
    let [config, state] = ["conf", "state"].map(|it| server.topology.with_extension(it));
    fs::write(&config, stanza).unwrap();
    let rotate = || {
        let mut logrotate = Command::new("logrotate");
        logrotate
            .args(["--force", "--state"])
            .arg(&state)
            .arg(&config);
        logrotate.status()
    };
    fill(server, 0, 10);
    match rotate() {
        Err(_) => return println!("skipped: no logrotate here"),
        Ok(status) => assert!(status.success()),
    }
    fill(server, 10, 10);
    server.logged("the log is reopened");
    fill(server, 20, 10);
    let all = ["Goloman.log.1", "Goloman.log"].map(|name| text(server, name));
    assert!(numbers(&all[0]).starts_with(&(0..10).collect::<Vec<_>>()));
    assert!(numbers(&all[1]).ends_with(&(20..30).collect::<Vec<_>>()));
    assert_eq!(numbers(&all.concat()), (0..30).collect::<Vec<_>>());
    // The one before is compressed now.
    assert!(rotate().unwrap().success());
    assert!(server.directory.join("Goloman.log.2.gz").exists());
}
