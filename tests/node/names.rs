//! Neighbours whose hosts are names, to a node that is driven by hand.

use herd::limits::Limits;
use herd::node::{Action, Config, Door, Event, Level, Neighbour, Node};
use herd::units::{ConnId, MILLISECOND, Mono, Now, PeerId, Wall};

use crate::support::kernel::config;

const HANDS: PeerId = PeerId(0);

fn at(nanoseconds: u64) -> Now {
    Now {
        mono: Mono(nanoseconds),
        wall: Wall(1_600_000_000_000_000_000 + i128::from(nanoseconds)),
    }
}

/// A node that is dialling its neighbour, whose name is not resolved yet.
fn dialling() -> Node {
    let neighbour = Neighbour {
        name: "Hands".into(),
        plain: false,
        addresses: Vec::new(),
    };
    let mut node = Node::new(Config {
        level: Some(Level::Info),
        ..config("Goloman", 1, vec![neighbour])
    });
    node.handle(at(0), Event::Tick);
    assert_eq!(node.poll_action(), Some(Action::Dial(HANDS)));
    node
}

fn resolve(node: &mut Node, now: Now, addresses: &[&str]) {
    let parse = |text: &&str| text.parse().unwrap();
    let (peer, addresses) = (HANDS, addresses.iter().map(parse).collect());
    node.handle(now, Event::Resolved { peer, addresses });
}

fn has_logged(node: &mut Node, text: &str) -> bool {
    String::from_utf8_lossy(node.log().text().as_bytes()).contains(text)
}

#[test]
fn the_time_that_a_name_takes_does_not_count_for_its_addresses() {
    let Limits {
        resolve: most,
        dead,
        ..
    } = Limits::default();
    let mut node = dialling();
    // Long after a dial to an address would have been given up.
    let answered = most - MILLISECOND;
    node.handle(at(answered), Event::Tick);
    resolve(&mut node, at(answered), &["192.0.2.7"]);
    node.handle(at(answered + dead - 1), Event::Tick);
    assert!(!has_logged(&mut node, "link to Hands down"));
    node.handle(at(answered + dead), Event::Tick);
    assert!(has_logged(&mut node, "link to Hands down: no answer; "));
}

#[test]
fn a_name_that_is_never_resolved_fails_the_dial_in_the_end() {
    let mut node = dialling();
    let most = Limits::default().resolve;
    node.handle(at(most - 1), Event::Tick);
    assert!(!has_logged(&mut node, "link to Hands down"));
    node.handle(at(most), Event::Tick);
    assert!(has_logged(
        &mut node,
        "link to Hands down: its host has no address yet; "
    ));
}

#[test]
fn a_neighbour_without_a_secret_comes_from_an_address_of_its_host() {
    for (own, from, is_known) in [
        (&["192.0.2.7"][..], "192.0.2.7", true),
        (&["192.0.2.7"], "192.0.2.8", false),
        (&["192.0.2.6", "192.0.2.7"], "192.0.2.7", true),
        (&["192.0.2.7"], "::ffff:192.0.2.7", true),
        (&["::ffff:192.0.2.7"], "192.0.2.7", true),
        (&["fe80::7"], "fe80::7", true),
        // Any program of this machine can come from any of these.
        (&["127.0.0.2"], "127.0.0.1", true),
        (&["127.0.0.2"], "::1", true),
        (&["127.0.0.2"], "192.0.2.7", false),
        (&["192.0.2.7"], "127.0.0.1", false),
        (&[], "127.0.0.1", false),
    ] {
        let mut node = dialling();
        resolve(&mut node, at(1), own);
        let (conn, door) = (ConnId::new(1, 0), Door::Servers);
        let from = (from.parse::<std::net::IpAddr>().unwrap(), 40_000).into();
        node.handle(at(1), Event::Accepted { conn, door, from });
        let bytes = b"HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff\n";
        node.handle(at(1), Event::Received { conn, bytes });
        let up = has_logged(&mut node, "link from Hands up");
        assert_eq!(up, is_known, "{own:?} {from}");
    }
}
