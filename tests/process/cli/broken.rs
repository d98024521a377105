//! The complaints about topologies that are wrong.

use super::{Files, herd, wrong};
use std::fs;

/// Every way in which a topology can be wrong, with the line that says so.
#[test]
fn every_error_of_a_topology_names_its_line_and_what_to_do() {
    const A: &str = "server A ::1 clients=1 servers=2\n";
    const B: &str = "server B ::1 clients=3 servers=4\n";
    const P: &str = "server P ::1 clients=5 plain\n";
    let form = "server NAME HOST clients=PORT servers=PORT";
    let door = |doors: &str| format!("#\n\nserver N ::1 {doors}\n");
    let host = |host: &str| format!("server N {host} clients=1 servers=2");
    let name = |name: &str| format!("server {name} ::1 clients=1 servers=2");
    let long = "n".repeat(201);
    let cases: &[(String, String)] = &[
        (
            String::new(),
            format!(": no server in it; add at least one line: {form}"),
        ),
        (
            format!("{A}sever B"),
            ":2: unknown word \"sever\"; a line starts with server or link".into(),
        ),
        (
            "\u{1b}[2J".into(),
            ":1: unknown word \"\\u{1b}[2J\"; ".into(),
        ),
        (
            "server".into(),
            format!(":1: a server has a name, a host and doors; write {form}"),
        ),
        (
            "server A".into(),
            ":1: a server has a name, a host and doors; ".into(),
        ),
        (
            "link A".into(),
            ":1: a link has two ends; write link NAME NAME".into(),
        ),
        ("link A B C".into(), ":1: a link has two ends; ".into()),
        (
            name(&long),
            format!(
                ":1: the name \"{}…\" is over 200 bytes long; shorten it",
                &long[..40]
            ),
        ),
        (
            name("-A"),
            ":1: the name \"-A\" starts like an option; choose another name".into(),
        ),
        (
            name("../A"),
            ":1: the name \"../A\" holds a / and cannot name a log file; ".into(),
        ),
        (
            name("A\0"),
            ":1: the name \"A\\0\" holds a control character; ".into(),
        ),
        (
            name("A=1"),
            ":1: the name \"A=1\" holds a = as ports do; ".into(),
        ),
        (
            format!("{A}\n{A}"),
            ":3: A is already on line 1; name each server once".into(),
        ),
        (
            format!("{A}{}", B.replace('B', "a")),
            ":2: a differs only in case from A on line 1; ".into(),
        ),
        (
            "server N clients=1 servers=2".into(),
            format!(":1: no host before \"clients=1\"; write {form}"),
        ),
        (
            "server N plain clients=1".into(),
            ":1: no host before \"plain\"; ".into(),
        ),
        (
            host("127.0.0.256"),
            ":1: \"127.0.0.256\" is not a host; an IPv4 address is four numbers ".into(),
        ),
        (
            host("1:2"),
            ":1: \"1:2\" is not a host; write the bare address, and the ports as ".into(),
        ),
        (
            host("h:80"),
            ":1: \"h:80\" is not a host; write the bare address, and the ports as ".into(),
        ),
        (
            host("[::1]"),
            ":1: \"[::1]\" is not a host; write an IPv6 address without brackets".into(),
        ),
        (
            host("a_b..c"),
            ":1: \"a_b..c\" is not a host; write an address, or a name of ".into(),
        ),
        (host("-a"), ":1: \"-a\" is not a host; ".into()),
        (
            host("0.0.0.0"),
            ":1: nobody can dial 0.0.0.0; write the address that the neighbours dial, and after \
             the ports listen=0.0.0.0"
                .into(),
        ),
        (
            host("fe80::1"),
            ":1: fe80::1 is link-local and means nothing without its interface; write \
             fe80::1%INTERFACE, or another address"
                .into(),
        ),
        (
            host("fe80::1%"),
            ":1: \"fe80::1%\" is not a host; after the % stands the name of an interface".into(),
        ),
        (
            host("2001:db8::1%eth0"),
            ":1: \"2001:db8::1%eth0\" is not a host; only a link-local IPv6 address, ".into(),
        ),
        (
            host("127.0.0.1%lo"),
            ":1: \"127.0.0.1%lo\" is not a host; only a link-local IPv6 address, ".into(),
        ),
        (
            host("224.0.0.1"),
            ":1: 224.0.0.1 is no machine's own address; write the ".into(),
        ),
        (
            host("255.255.255.255"),
            ":1: 255.255.255.255 is no machine's own address; ".into(),
        ),
        (
            host("ff02::1"),
            ":1: ff02::1 is no machine's own address; ".into(),
        ),
        (
            door("clients=1 servers=2 listen="),
            ":3: nothing after listen=; write an address of the machine, or 0.0.0.0 for all".into(),
        ),
        (
            door("clients=1 servers=2 listen=127.0.0.1:80"),
            ":3: listen=: \"127.0.0.1:80\" is not a host; write the bare address".into(),
        ),
        (
            door("clients=1 servers=2 listen=fe80::1"),
            ":3: listen=: fe80::1 is link-local and means nothing ".into(),
        ),
        (
            door("clients=1 servers=2 listen=:: listen=[::]"),
            ":3: listen= is given twice; leave one out".into(),
        ),
        (
            door("clients=1 servers=2 source=0.0.0.0"),
            ":3: \"0.0.0.0\" is not an address to dial from; write one address of ".into(),
        ),
        (
            door("clients=1 servers=2 source=h.example"),
            ":3: \"h.example\" is not an address to dial from; ".into(),
        ),
        (
            door("clients=1 servers=2 source=::1 source=::1"),
            ":3: source= is given twice; leave one out".into(),
        ),
        (
            door("clients=1 plain listen=0.0.0.0"),
            ":3: a plain server listens and dials as it likes; leave listen= and ".into(),
        ),
        (host("::"), ":1: nobody can dial ::; ".into()),
        (
            door("servers=2"),
            ":3: no clients=PORT; say where its clients' door is".into(),
        ),
        (
            door("clients=1"),
            ":3: neither servers=PORT nor plain; say ".into(),
        ),
        (
            door("clients=1 servers=2 plain"),
            ":3: both servers= and plain; ".into(),
        ),
        (
            door("clients=1 clients=2 servers=3"),
            ":3: clients= is given twice; leave one out".into(),
        ),
        (
            door("clients=1 servers=2 servers=2"),
            ":3: servers= is given twice; ".into(),
        ),
        (
            door("clients=1 plain plain"),
            ":3: plain is given twice; ".into(),
        ),
        (
            door("clients=1 servers=2 peers=3"),
            format!(
                ":3: unknown word \"peers=3\"; write {form}, plain in place of servers=, or \
                 listen=ADDRESS and source=ADDRESS after it"
            ),
        ),
        (
            door("12001 12101"),
            ":3: unknown word \"12001\"; write ".into(),
        ),
        (
            door("clients=0 servers=2"),
            ":3: bad port in \"clients=0\"; a port is a number from 1 to 65535".into(),
        ),
        (
            door("clients=65536 servers=2"),
            ":3: bad port in \"clients=65536\"; ".into(),
        ),
        (
            door("clients=1 servers="),
            ":3: bad port in \"servers=\"; ".into(),
        ),
        (
            door("clients=+1 servers=2"),
            ":3: bad port in \"clients=+1\"; ".into(),
        ),
        (
            door("clients=1 servers=1"),
            ":3: [::1]:1 is used twice, first by N on line 3; choose ".into(),
        ),
        (
            format!("{A}{}", B.replace('4', "1")),
            ":2: [::1]:1 is used twice, first by A on line 1; ".into(),
        ),
        (
            "server A 127.0.0.1 clients=1 servers=2\nserver B ::ffff:127.0.0.1 clients=2 plain"
                .into(),
            ":2: [::ffff:127.0.0.1]:2 is used twice, first by A on line 1; ".into(),
        ),
        (
            "server A H.example clients=1 servers=2\nserver B h.example. clients=1 plain".into(),
            ":2: h.example.:1 is used twice, first by A on line 1; ".into(),
        ),
        (
            format!("{A}{B}link A C"),
            ":3: no server is named \"C\"; the servers are A, B".into(),
        ),
        (
            format!("link b A\n{A}{B}"),
            ":1: no server is named \"b\"; the servers are A, B".into(),
        ),
        (
            format!("{A}link A A"),
            ":2: A is linked to itself; a link has two different ends".into(),
        ),
        (
            format!("{A}{B}link A B\nlink B A"),
            ":4: B and A are already linked on line 3; a link works both ways, leave one out"
                .into(),
        ),
        (
            format!(
                "{P}{}link P Q",
                P.replace(['P', '5'], "Q").replace("=Q", "=6")
            ),
            ":3: P and Q are both plain, so nobody here would carry this link; leave it out".into(),
        ),
        (
            star(65),
            ":131: hub has over 64 neighbours, the most that a server can have; ".into(),
        ),
        (
            many(1025),
            ":1025: over 1024 servers; a herd has that many at most, leave some out".into(),
        ),
        (
            "#".repeat((1 << 20) + 1),
            ": over 1048576 bytes, too large for a topology; ".into(),
        ),
    ];
    let files = Files::new();
    for (text, want) in cases {
        files.write("t.txt", text);
        let line = wrong(herd(&["check", "-t", "t.txt"]).current_dir(&files.0));
        let shown: String = text.chars().take(200).collect();
        // A line of the file stands first, where editors look for it.
        let is_a_line = want[1..].starts_with(|first: char| first.is_ascii_digit());
        let prefix = if is_a_line { "" } else { "herd: " };
        assert!(
            line.starts_with(&format!("{prefix}t.txt{want}")),
            "{shown:?}\nsays {line:?}\nnot  {want:?}"
        );
    }
    fs::write(files.0.join("t.txt"), b"# caf\xe9\n").unwrap();
    let line = wrong(herd(&["check", "-t", "t.txt"]).current_dir(&files.0));
    assert_eq!(
        line,
        "t.txt:1: byte 6 of the line is not UTF-8; save the file as UTF-8"
    );
}

/// A hub on the first line, then by turns a server and its link to the hub.
fn star(rays: usize) -> String {
    let mut text = String::from("server hub ::1 clients=1 servers=2\n");
    for ray in 0..rays {
        let port = 2 * ray + 3;
        text += &format!(
            "server r{ray} ::1 clients={port} servers={}\nlink r{ray} hub\n",
            port + 1
        );
    }
    text
}

fn many(servers: usize) -> String {
    let server = |n| {
        format!(
            "server s{n} ::1 clients={} servers={}\n",
            2 * n + 1,
            2 * n + 2
        )
    };
    (0..servers).map(server).collect()
}
