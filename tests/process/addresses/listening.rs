//! The addresses that a server listens on.

use std::fs;

use super::support::space::{Space, run};
use super::{ask, has_answered, herd, iamat, secret_of, start};

#[test]
fn a_server_listens_on_all_addresses_of_its_name() {
    let test = "addresses::listening::a_server_listens_on_all_addresses_of_its_name";
    let Some(space) = Space::enter(test) else {
        return;
    };
    space.names("127.0.0.1 localhost\n::1 localhost\n192.0.2.7 localhost\n");
    let text = "server A localhost clients=12001 servers=12101\n";
    let [mut a] = herd(&space, text, ["A"]);
    a.start();
    a.logged("localhost is 192.0.2.7, too, which is not an address of this machine");
    for host in ["127.0.0.1", "::1"] {
        has_answered(ask((host, 12001), &iamat("kiwi")));
        assert!(
            ask((host, 12101), "STATUS\n")
                .unwrap()
                .contains("\"name\":\"A\"")
        );
    }
    a.kill();
    // Without IPv6 the other address is enough.
    run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    a.start();
    has_answered(ask(("127.0.0.1", 12001), &iamat("kiwi")));
    a.kill();
    // No address of this machine is not enough.
    space.names("192.0.2.7 elsewhere.test\n");
    let text = text.replace("localhost", "elsewhere.test");
    let [mut a] = herd(&space, &text, ["A"]);
    a.launch();
    let said = a.ended();
    assert_eq!(said.code, Some(1));
    let advice = "add listen=0.0.0.0 to its line if this one is reached by it\n";
    assert!(said.stderr.ends_with(advice), "{}", said.stderr);
}

#[test]
fn a_server_behind_nat_listens_elsewhere_than_it_is_known() {
    let test = "addresses::listening::a_server_behind_nat_listens_elsewhere_than_it_is_known";
    let Some(space) = Space::enter(test) else {
        return;
    };
    space.device(&["10.9.0.1/16"], &[]);
    space.names("127.0.0.1 localhost\n");
    // To the others A is on another machine; here, all of its addresses are right.
    let known = "server A 192.0.2.7 clients=12001 servers=12101 listen=LISTEN\n\
        server B 10.9.0.1 clients=12002 servers=12102\nlink A B\n";
    for (listen, hosts) in [
        ("0.0.0.0", &["127.0.0.1", "10.9.0.1"][..]),
        ("[::]", &["127.0.0.1", "10.9.0.1", "::1"]),
        ("10.9.0.1", &["10.9.0.1"]),
        ("localhost", &["127.0.0.1"]),
    ] {
        let text = known.replace("LISTEN", listen);
        let mut herd = herd(&space, &text, ["A", "B"]);
        secret_of(&space, &mut herd);
        start(&mut herd);
        // It dials from an address that the kernel chooses, not from the one that it is known by.
        herd[1].logged("link from A up");
        for host in hosts {
            has_answered(ask((*host, 12001), &iamat("kiwi")));
        }
        // IPv4 is IPv4, at whichever door.
        assert_eq!(herd[0].count("::ffff:"), 0);
        drop(herd);
        fs::remove_dir_all(space.directory.0.join("run")).unwrap();
    }
    // A server that listens on all addresses wants a secret, whatever its host is.
    let text = known
        .replace("192.0.2.7", "127.0.0.1")
        .replace("LISTEN", "0.0.0.0");
    let [mut a] = herd(&space, &text, ["A"]);
    a.options.clear();
    a.launch();
    let said = a.ended();
    assert_eq!(said.code, Some(2));
    assert!(
        said.stderr
            .contains("would listen on 0.0.0.0, where anybody"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_name_that_is_loopback_here_is_said_aloud() {
    let test = "addresses::listening::a_name_that_is_loopback_here_is_said_aloud";
    let Some(space) = Space::enter(test) else {
        return;
    };
    let warning = "its host debian is 127.0.1.1 here, so only this machine can reach it";
    space.names("127.0.0.1 localhost\n127.0.1.1 debian\n");
    let text = "server A debian clients=12001 servers=12101\n";
    let [mut a] = herd(&space, text, ["A"]);
    a.start();
    a.logged(warning);
    a.signal("TERM");
    assert!(a.ended().stderr.contains(warning));
    let text = text.replace("servers=12101", "servers=12101 listen=0.0.0.0");
    let [mut a] = herd(&space, &text, ["A"]);
    a.start();
    a.signal("TERM");
    assert_eq!(a.ended().stderr, "");
    // A localhost that leads to the network is no loopback address.
    space.device(&["10.9.0.1/16"], &[]);
    space.names("10.9.0.1 localhost\n");
    let text = "server A localhost clients=12001 servers=12101\n";
    let [mut a] = herd(&space, text, ["A"]);
    a.options.clear();
    a.launch();
    let said = a.ended();
    assert_eq!(said.code, Some(2));
    assert!(
        said.stderr
            .contains("where anybody can pose as a neighbour"),
        "{}",
        said.stderr
    );
}
