//! Whom a server dials, from which address, and by what it knows who comes.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::support::space::{Space, name_server, run};
use super::support::wait::wait_until;
use super::{ask, both_up, from, has_answered, herd, iamat, program, secret_of, start};

#[test]
fn a_name_whose_first_addresses_lead_nowhere_is_reached_by_every_verb() {
    let test =
        "addresses::dialling::a_name_whose_first_addresses_lead_nowhere_is_reached_by_every_verb";
    let Some(space) = Space::enter(test) else {
        return;
    };
    let holes = ["2001:db8::7", "2001:db8::8", "2001:db8::9", "10.9.0.9"];
    space.device(&["10.9.0.1/16", "2001:db8::1/64"], &holes);
    let lines = holes.map(|hole| format!("{hole} b.test\n")).concat();
    space.names(&format!("127.0.0.1 localhost\n{lines}10.9.0.1 b.test\n"));
    let first = ("b.test", 1).to_socket_addrs().unwrap().next().unwrap();
    assert_ne!(
        first.ip().to_string(),
        "10.9.0.1",
        "the first one is a hole"
    );
    let text = "server A 127.0.0.1 clients=12001 servers=12101\n\
        server B b.test clients=12002 servers=12102\nlink A B\n";
    let mut herd = herd(&space, text, ["A", "B"]);
    let secret = &secret_of(&space, &mut herd);
    start(&mut herd);
    both_up(&herd[0], &herd[1]);
    let topology = herd[0].topology.to_str().unwrap();
    let mut said = String::new();
    wait_until("status finds both", || {
        let status = program(&["status", "-t", topology, "--secret-file", secret]);
        said = String::from_utf8_lossy(&status.stdout).into_owned();
        status.status.success()
    });
    let load = program(&["load", "b.test:12002", "-n", "20", "-c", "3"]);
    assert!(
        load.status.success(),
        "{}",
        String::from_utf8_lossy(&load.stderr)
    );
}

#[test]
fn a_slow_name_holds_up_nobody_and_a_dead_name_server_loses_no_neighbour() {
    let test = "addresses::dialling::\
                a_slow_name_holds_up_nobody_and_a_dead_name_server_loses_no_neighbour";
    let Some(space) = Space::enter(test) else {
        return;
    };
    space.names("127.0.0.1 localhost\n");
    // The resolver asks again after 5 s, so an answer to a second question is later than a dial
    // waits. The slow name is that late, the mute one never answers.
    let is_dead = Arc::new(AtomicBool::new(false));
    let (asked, asked_late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let dead = Arc::clone(&is_dead);
    name_server(move |name| match name {
        _ if dead.load(Ordering::Relaxed) => None,
        "quick.test" => Some(2),
        "slow.test" => (asked.fetch_add(1, Ordering::Relaxed) >= 2).then_some(3),
        "late.test" => (asked_late.fetch_add(1, Ordering::Relaxed) >= 2).then_some(3),
        _ => None,
    });
    let text = "server A 127.0.0.1 clients=12001 servers=12101\n\
        server Mute mute.test clients=12004 servers=12104\n\
        server Slow slow.test clients=12003 servers=12103\n\
        server Quick quick.test clients=12002 servers=12102\n\
        link A Mute\nlink A Slow\nlink A Quick\n";
    let [mut a] = herd(&space, text, ["A"]);
    // The others know themselves by address, so that they start at once.
    let text = text.replace("quick.test", "127.0.0.2");
    let text = text
        .replace("slow.test", "127.0.0.3")
        .replace("mute.test", "127.0.0.4");
    let mut others = herd(&space, &text, ["Slow", "Quick"]);
    start(&mut others);
    a.start();
    a.logged("link to Quick up");
    assert_eq!(a.count("link to Slow up"), 0);
    a.logged("link to Slow up");
    // Status allows a name more time than an answer.
    let late = space.directory.0.join("late.txt");
    fs::write(&late, "server Slow late.test clients=12003 servers=12103\n").unwrap();
    let status = program(&["status", "-t", late.to_str().unwrap()]);
    assert!(status.status.success(), "{status:?}");
    is_dead.store(true, Ordering::Relaxed);
    for other in &mut others {
        other.kill();
        other.start();
        let up = format!("link to {} up", other.name);
        wait_until(&format!("{up} again"), || a.count(&up) == 2);
    }
    a.logged("its last addresses are dialled");
}

#[test]
fn without_a_secret_a_neighbour_is_known_by_any_address_of_its_host() {
    let test =
        "addresses::dialling::without_a_secret_a_neighbour_is_known_by_any_address_of_its_host";
    let Some(space) = Space::enter(test) else {
        return;
    };
    let here = ["10.9.0.1/16", "10.9.0.5/16", "fe80::a/64", "fe80::b/64"];
    space.device(&here, &[]);
    space.names(
        "127.0.0.1 localhost\n::1 localhost\n10.9.0.1 a.test\n10.9.0.5 a.test second.test\n",
    );
    for (a, b, source) in [
        // The kernel would choose 10.9.0.1 and 127.0.0.1 towards B.
        ("10.9.0.5", "10.9.0.1", ""),
        ("127.0.0.2", "127.0.0.1", ""),
        ("a.test", "10.9.0.1", "source=10.9.0.5"),
        ("a.test", "10.9.0.1", ""),
        ("second.test", "10.9.0.1", ""),
        ("::ffff:10.9.0.5", "::ffff:10.9.0.1", ""),
        ("fe80::a%v0", "fe80::b%v0", ""),
        ("127.0.0.1", "::1", ""),
        ("127.0.0.1", "10.9.0.1", ""),
        ("localhost", "127.0.0.1", ""),
    ] {
        let text = format!(
            "server A {a} clients=12001 servers=12101 {source}\n\
             server B {b} clients=12002 servers=12102\nlink A B\n"
        );
        let mut herd = herd(&space, &text, ["A", "B"]);
        start(&mut herd);
        both_up(&herd[0], &herd[1]);
        drop(herd);
        fs::remove_dir_all(space.directory.0.join("run")).unwrap();
    }
    // A server that listens elsewhere than at its name does not know that name's addresses.
    space.names("127.0.0.1 localhost\n10.9.0.5 a.test\n");
    let text = "server A a.test clients=12001 servers=12101 listen=0.0.0.0\n\
        server B 10.9.0.1 clients=12002 servers=12102\nlink A B\n";
    let mut stranger = herd(&space, text, ["A", "B"]);
    start(&mut stranger);
    stranger[1].logged("or A source=ADDRESS");
    drop(stranger);
    let text = text.replace("listen=0.0.0.0", "source=192.0.2.7");
    let [mut a] = herd(&space, &text, ["A"]);
    a.launch();
    let said = a.ended();
    assert_eq!(said.code, Some(2));
    let want = "A cannot dial from 192.0.2.7, which is not an address of this machine";
    assert!(said.stderr.contains(want), "{}", said.stderr);
}

#[test]
fn a_bound_source_uses_up_no_ports() {
    let test = "addresses::dialling::a_bound_source_uses_up_no_ports";
    let Some(space) = Space::enter(test) else {
        return;
    };
    space.names("127.0.0.1 localhost\n");
    run("sysctl -qw net.ipv4.ip_local_port_range='40000 40019'");
    let plain = TcpListener::bind("127.0.0.1:12005").unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in plain.incoming() {
            let mut line = String::new();
            stream.unwrap().read_to_string(&mut line).unwrap();
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    let text = "server A 127.0.0.2 clients=12001 servers=12101\n\
        server P 127.0.0.1 clients=12005 plain\nlink A P\n";
    let [mut a] = herd(&space, text, ["A"]);
    a.start();
    let mut client = TcpStream::connect("127.0.0.2:12001").unwrap();
    // Each ends with a port in TIME_WAIT, and there are 20.
    for number in 1..=15 {
        client.write_all(iamat("kiwi").as_bytes()).unwrap();
        wait_until("it is told", || count.load(Ordering::Relaxed) >= number);
    }
    for _ in 0..15 {
        has_answered(ask("127.0.0.2:12001", &iamat("plum")));
    }
}

#[test]
fn a_dial_that_reaches_ourselves_is_no_connection() {
    let test = "addresses::dialling::a_dial_that_reaches_ourselves_is_no_connection";
    let Some(space) = Space::enter(test) else {
        return;
    };
    space.names("127.0.0.1 localhost me.test\n0.0.0.0 any.test\n");
    // The kernel can choose no other port than P's for whoever connects. It is free at once, for
    // there is no TIME_WAIT: which side closes first, and has it, is chance.
    run("sysctl -qw net.ipv4.ip_local_port_range='40002 40002' net.ipv4.tcp_max_tw_buckets=0");
    let text = "server A 127.0.0.1 clients=12001 servers=12101\n\
        server P 127.0.0.1 clients=40002 plain\n\
        server Q me.test clients=12001 plain\n\
        server B any.test clients=12002 servers=12101\n\
        link A P\nlink A Q\nlink A B\n";
    let [mut a] = herd(&space, text, ["A"]);
    a.start();
    let mut client = from("127.0.0.1:50001", "127.0.0.1:12001");
    client.write_all(iamat("kiwi").as_bytes()).unwrap();
    a.logged("link to P down: nobody listens there; it was connected to itself");
    a.logged("link to Q down: its host leads to our own door");
    a.logged("link to B down: its host leads to our own door");
    for verb in [
        &["load", "127.0.0.1:40002"][..],
        &["status", "-t", a.topology.to_str().unwrap()],
    ] {
        let output = program(verb);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
    // Now it comes, and is told: the news was not lost in talk with ourselves.
    let mut door = None;
    wait_until("the port is free", || {
        door = TcpListener::bind("127.0.0.1:40002").ok();
        door.is_some()
    });
    run("sysctl -qw net.ipv4.ip_local_port_range='41000 49999'");
    let mut line = String::new();
    let (mut stream, _) = door.unwrap().accept().unwrap();
    stream.read_to_string(&mut line).unwrap();
    assert!(line.starts_with("AT A "), "{line}");
}

#[test]
fn an_address_where_another_program_answers_is_passed_over() {
    let test = "addresses::dialling::an_address_where_another_program_answers_is_passed_over";
    let Some(space) = Space::enter(test) else {
        return;
    };
    // The system puts the IPv6 address first.
    space.names("127.0.0.1 localhost\n::1 b.test\n127.0.0.2 b.test\n");
    let other = TcpListener::bind("[::1]:12102").unwrap();
    std::thread::spawn(move || other.incoming().map(Result::unwrap).collect::<Vec<_>>());
    let text = "server A 127.0.0.1 clients=12001 servers=12101\n\
        server B b.test clients=12002 servers=12102\nlink A B\n";
    let [mut a] = herd(&space, text, ["A"]);
    let [mut b] = herd(&space, &text.replace("b.test", "127.0.0.2"), ["B"]);
    a.start();
    b.start();
    both_up(&a, &b);
    let status = program(&["status", "-t", a.topology.to_str().unwrap()]);
    assert!(status.status.success(), "{status:?}");
}
