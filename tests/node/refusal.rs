//! Neighbours that refuse each other until somebody corrects a file: how often one dials, and how
//! much both write into their logs.

use herd::node::{Action, Config, Door, Event, Level, Neighbour, Node};
use herd::secret::{Secret, Secrets};
use herd::units::{ConnId, MILLISECOND, Mono, Now, PeerId, Wall};

use crate::support::kernel::config;

const PEER: PeerId = PeerId(0);
const MINUTES: u64 = 10;

fn at(ms: u64) -> Now {
    Now {
        mono: Mono(ms * MILLISECOND),
        wall: Wall(1_600_000_000_000_000_000 + i128::from(ms * MILLISECOND)),
    }
}

fn goloman(secret: Option<&str>) -> Node {
    let neighbour = Neighbour {
        name: "Hands".into(),
        plain: false,
        addresses: vec![[127, 0, 0, 1].into()],
    };
    Node::new(Config {
        level: Some(Level::Info),
        secret: (secret.and_then(|secret| Secret::new(secret.as_bytes())))
            .and_then(|it| Secrets::new(vec![it])),
        ..config("Goloman", 1, vec![neighbour])
    })
}

/// Lets the neighbour answer every HELLO with this. Returns when it was dialled, in milliseconds,
/// and the log.
fn dialled(answer: &str) -> (Vec<u64>, String) {
    let mut node = goloman(None);
    let (mut dials, mut log) = (Vec::new(), String::new());
    for ms in (0..MINUTES * 60_000).step_by(10) {
        node.handle(at(ms), Event::Tick);
        let conn = ConnId::new(dials.len() as u32 + 1, 0);
        while let Some(action) = node.poll_action() {
            match action {
                Action::Dial(peer) => {
                    dials.push(ms);
                    node.handle(at(ms), Event::Dialled { peer, conn });
                    let bytes = answer.as_bytes();
                    node.handle(at(ms), Event::Received { conn, bytes });
                }
                Action::Flush(conn) => node.advance(at(ms), conn, node.unsent(conn).len()),
                Action::Finish(conn) => node.handle(at(ms), Event::Ended { conn }),
                _ => {}
            }
        }
        log += node.log().text();
        node.log().clear();
    }
    (dials, log)
}

#[test]
fn a_neighbour_that_refuses_or_is_refused_is_dialled_once_a_minute_and_named_once() {
    let nonce = "00112233445566778899aabbccddeeff";
    for (answer, why) in [
        (
            "? HELLO Goloman Hands 1 2 # Goloman is not a neighbour of Hands\n".to_string(),
            "it refuses us: Goloman is not a neighbour of Hands;",
        ),
        (
            "? HELLO\n".to_string(),
            "it refuses us: do both have the same topology?;",
        ),
        (
            format!("HELLO Welsh Goloman 00000000000000ff {nonce} -\n"),
            "Welsh listens there, and not Hands:",
        ),
        (
            format!("HELLO Hands Wilkes 00000000000000ff {nonce} -\n"),
            "it takes Goloman for Wilkes;",
        ),
        (
            format!("HELLO Hands Goloman 00000000000000ff {nonce} {nonce}{nonce}\n"),
            "one has a secret:",
        ),
        (
            "HTTP/1.1 400 Bad Request\n".to_string(),
            "it says what an acceptor never says;",
        ),
    ] {
        let (dials, log) = dialled(&answer);
        // At 0, 0.05, 0.15 … 51 s, and then once a minute.
        assert!((15..=22).contains(&dials.len()), "{why}: {dials:?}");
        let last = &dials[dials.len() - 2..];
        assert!(
            (45_000..=75_100).contains(&(last[1] - last[0])),
            "{dials:?}"
        );
        let start = "[WARN] link to Hands at 127.0.0.1 refused: ";
        assert_eq!(log.matches(&format!("{start}{why}")).count(), 1, "{log}");
        assert!(log.lines().count() <= 5, "{log}");
    }
}

/// Has somebody dial every second, say this, and go. Returns the log.
fn accepted(secret: Option<&str>, words: &str) -> String {
    let (mut node, mut log) = (goloman(secret), String::new());
    for second in 0..MINUTES * 60 {
        let now = at(second * 1000);
        let conn = ConnId::new(second as u32 + 1, 0);
        let from = ([127, 0, 0, 1], 40_000 + second as u16).into();
        let door = Door::Servers;
        node.handle(now, Event::Accepted { conn, door, from });
        let bytes = words.as_bytes();
        node.handle(now, Event::Received { conn, bytes });
        while let Some(action) = node.poll_action() {
            match action {
                Action::Flush(conn) => node.advance(now, conn, node.unsent(conn).len()),
                Action::Dial(peer) => {
                    let why = "connection refused".to_string();
                    node.handle(now, Event::DialFailed { peer, why });
                }
                _ => {}
            }
        }
        let why = "gone".to_string();
        node.handle(now, Event::Broken { conn, why });
        log += node.log().text();
        node.log().clear();
    }
    assert_eq!(node.inspect().snapshot().sessions, 0);
    assert!(
        node.inspect().snapshot().timers > 0,
        "{PEER:?} is dialled still"
    );
    log
}

#[test]
fn a_neighbour_that_comes_every_second_in_vain_does_not_fill_the_log() {
    let nonce = "00112233445566778899aabbccddeeff";
    let hello = |from, to| format!("HELLO {from} {to} 00000000000000ff {nonce}\n");
    let wrong = format!("{}AUTH {nonce}{nonce}\n", hello("Hands", "Goloman"));
    // The last one is a neighbour that refuses our answer.
    let vain = format!(
        "{}? HELLO Goloman # the secrets differ\n",
        hello("Hands", "Goloman")
    );
    let secret = Some("correct horse battery staple");
    for (secret, words) in [
        (None, hello("Welsh", "Goloman")),
        (None, hello("Hands", "Wilkes")),
        (secret, wrong),
        (secret, hello("Hands", "Goloman")),
        (None, "GET / HTTP/1.1\r\n\r\n".to_string()),
        (None, String::new()),
        (None, vain),
    ] {
        let log = accepted(secret, &words);
        let lines = log.lines().count() as u64;
        assert!(lines <= 3 * MINUTES + 10, "{words}: {lines} lines: {log}");
    }
}
