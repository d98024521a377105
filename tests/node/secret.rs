//! The shared secret: two servers that know it trust each other, and nobody else gets anything
//! into the table or disturbs a link, however it goes about it.

use herd::node::{Action, Config, Door, Event, Level, Neighbour, Node};
use herd::secret::{Secret, Secrets};
use herd::units::{ConnId, Mono, Now, PeerId, SECOND, Wall};

use crate::support::kernel::config;

const NOW: Now = Now {
    mono: Mono(SECOND),
    wall: Wall(1_000_000_000_000),
};
const RIGHT: Option<&str> = Some("correct horse battery staple");
const WRONG: Option<&str> = Some("incorrect horse battery");
/// The connection between the two, by its name at either end, and a stranger's.
const LINK: ConnId = ConnId::new(1, 0);
const STRANGER: ConnId = ConnId::new(9, 9);
const AT: &[u8] = b"AT Hands +0.000000000 kiwi +1+1 1\n";

/// The secrets in the lines of a text.
fn secrets(text: &str) -> Secrets {
    let all = text.lines().map(|line| Secret::new(line.as_bytes()));
    Secrets::new(all.collect::<Option<_>>().unwrap()).unwrap()
}

/// A server whose only neighbour is `neighbour`.
fn node(name: &str, neighbour: &str, secret: Option<&str>) -> Node {
    let run = u64::from(name.as_bytes()[0]);
    let neighbour = Neighbour {
        name: neighbour.into(),
        plain: false,
        addresses: vec!["127.0.0.1".parse().unwrap()],
    };
    Node::new(Config {
        secret: secret.map(secrets),
        level: Some(Level::Info),
        ..config(name, run, vec![neighbour])
    })
}

/// The actions of `node`, but for flushes.
fn actions(node: &mut Node) -> Vec<Action> {
    let all = std::iter::from_fn(|| node.poll_action());
    all.filter(|action| !matches!(action, Action::Flush(_)))
        .collect()
}

/// The bytes that `node` sends on `conn`.
fn said(node: &mut Node, conn: ConnId) -> Vec<u8> {
    actions(node);
    let bytes = node.unsent(conn).to_vec();
    node.advance(NOW, conn, bytes.len());
    bytes
}

fn knock(node: &mut Node, conn: ConnId) {
    let from = ([127, 0, 0, 1], 40_000).into();
    node.handle(
        NOW,
        Event::Accepted {
            conn,
            door: Door::Servers,
            from,
        },
    );
}

fn hear(node: &mut Node, conn: ConnId, bytes: &[u8]) {
    node.handle(NOW, Event::Received { conn, bytes });
}

/// Has Goloman dial Hands and lets them talk until they have nothing to say. All that each said.
fn talk(goloman: &mut Node, hands: &mut Node) -> [Vec<u8>; 2] {
    goloman.handle(
        NOW,
        Event::Dialled {
            peer: PeerId(0),
            conn: LINK,
        },
    );
    knock(hands, LINK);
    let mut all = [Vec::new(), Vec::new()];
    loop {
        let words = [said(goloman, LINK), said(hands, LINK)];
        if words == [b"", b""] {
            return all;
        }
        hear(hands, LINK, &words[0]);
        hear(goloman, LINK, &words[1]);
        all[0].extend_from_slice(&words[0]);
        all[1].extend_from_slice(&words[1]);
    }
}

/// Whether an update of Goloman's reaches Hands when they have these secrets.
fn tells(goloman: Option<&str>, hands: Option<&str>) -> bool {
    let mut goloman = node("Goloman", "Hands", goloman);
    let mut hands = node("Hands", "Goloman", hands);
    let client = ConnId::new(2, 2);
    let from = ([127, 0, 0, 1], 40_001).into();
    goloman.handle(
        NOW,
        Event::Accepted {
            conn: client,
            door: Door::Clients,
            from,
        },
    );
    hear(&mut goloman, client, b"IAMAT kiwi +1+1 1\n");
    talk(&mut goloman, &mut hands);
    assert_eq!(goloman.inspect().lines().len(), 1);
    let warned = goloman.log().text().contains("[WARN]") || hands.log().text().contains("[WARN]");
    let told = goloman.inspect().lines() == hands.inspect().lines();
    assert_ne!(told, warned, "either it works or somebody is told why not");
    told
}

#[test]
fn only_who_has_the_same_secret_is_told_and_heard() {
    assert!(tells(None, None));
    assert!(tells(RIGHT, RIGHT));
    assert!(!tells(RIGHT, WRONG));
    assert!(!tells(WRONG, RIGHT));
    assert!(!tells(RIGHT, None));
    assert!(!tells(None, RIGHT));
}

/// The steps of a herd from one secret to another. A host is at most one step ahead of another.
const STEPS: [&str; 4] = [
    "the old secret of a herd",
    "the old secret of a herd\nthe new secret of a herd",
    "the new secret of a herd\nthe old secret of a herd",
    "the new secret of a herd",
];

#[test]
fn neighbours_that_are_one_step_apart_accept_each_other() {
    for pair in STEPS.windows(2) {
        let [before, after] = [Some(pair[0]), Some(pair[1])];
        assert!(tells(before, after) && tells(after, before) && tells(after, after));
    }
    // A step that is left out does not do.
    assert!(!tells(Some(STEPS[0]), Some(STEPS[2])) && !tells(Some(STEPS[3]), Some(STEPS[1])));
}

#[test]
fn a_link_outlives_its_secret_and_the_next_proves_the_new_one() {
    let mut goloman = node("Goloman", "Hands", Some(STEPS[0]));
    let mut hands = node("Hands", "Goloman", Some(STEPS[0]));
    talk(&mut goloman, &mut hands);
    for step in &STEPS[1..] {
        for node in [&mut goloman, &mut hands] {
            node.handle(NOW, Event::Secrets(secrets(step)));
        }
        let client = ConnId::new(2, 2);
        let (door, from) = (Door::Clients, ([127, 0, 0, 1], 40_001).into());
        let conn = client;
        goloman.handle(NOW, Event::Accepted { conn, door, from });
        hear(&mut goloman, client, b"IAMAT kiwi +1+1 1\n");
        hear(&mut hands, LINK, &said(&mut goloman, LINK));
        assert_eq!(goloman.inspect().lines(), hands.inspect().lines());
        goloman.handle(
            NOW,
            Event::Broken {
                conn,
                why: "the end".into(),
            },
        );
    }
    let log = hands.log().text();
    assert!(
        log.contains("link from Goloman up") && !log.contains(" down"),
        "{log}"
    );
    // Somebody who has only the old secret comes in the neighbour's place.
    let mut old = node("Goloman", "Hands", Some(STEPS[0]));
    let peer = PeerId(0);
    old.handle(
        NOW,
        Event::Dialled {
            peer,
            conn: STRANGER,
        },
    );
    let hello = said(&mut old, STRANGER);
    knock(&mut hands, STRANGER);
    hear(&mut hands, STRANGER, &hello);
    hear(&mut old, STRANGER, &said(&mut hands, STRANGER));
    assert!(old.log().text().contains("the secrets differ"));
}

/// Hands with a link from Goloman, and what both said on it; Hands heard nothing but HELLOs yet.
fn linked() -> (Node, [Vec<u8>; 2]) {
    let mut goloman = node("Goloman", "Hands", RIGHT);
    let mut hands = node("Hands", "Goloman", RIGHT);
    let all = talk(&mut goloman, &mut hands);
    assert!(hands.log().text().contains("link from Goloman up"));
    hands.log().clear();
    (hands, all)
}

/// A stranger says `words` to `hands`, one after the other. It must be refused with the last, with
/// one warning; nothing enters the table, and the link stays. Returns the answer.
fn refused(hands: &mut Node, words: &[&[u8]]) -> Vec<u8> {
    knock(hands, STRANGER);
    let mut answer = Vec::new();
    for word in words {
        hear(hands, STRANGER, word);
        answer = said(hands, STRANGER);
    }
    let last = [b"? ", *words.last().unwrap()].concat();
    // After the line may come the reason.
    let last = last.strip_suffix(b"\n").unwrap_or(&last);
    let ends = answer.ends_with(&[last, b"\n"].concat());
    let is_refused = ends || answer.starts_with(&[last, b" # "].concat());
    assert!(is_refused, "{}", answer.escape_ascii());
    assert_eq!(
        hands.log().text().matches("[WARN]").count(),
        1,
        "{}",
        hands.log().text()
    );
    assert_eq!(hands.inspect().lines(), [b""; 0]);
    assert!(
        !hands.log().text().contains("link from Goloman down"),
        "{}",
        hands.log().text()
    );
    hear(hands, STRANGER, AT);
    assert_eq!(
        hands.inspect().lines(),
        [b""; 0],
        "what follows a refusal is dropped"
    );
    answer
}

const HELLO: &[u8] = b"HELLO Goloman Hands 00000000000000ff 00112233445566778899aabbccddeeff\n";

#[test]
fn a_stranger_cannot_guess() {
    for word in [
        &b"AUTH 00\n"[..],
        b"AUTH -\n",
        AT,
        b"MARK 1 1 0000000000000000\n",
        HELLO,
        b"AUTH 0000000000000000000000000000000000000000000000000000000000000000\n",
    ] {
        let (mut hands, _) = linked();
        refused(&mut hands, &[HELLO, word]);
    }
}

#[test]
fn names_are_checked_before_anything_is_proved() {
    for word in [
        &b"HELLO Welsh Hands 00000000000000ff 00112233445566778899aabbccddeeff\n"[..],
        b"HELLO Goloman Welsh 00000000000000ff 00112233445566778899aabbccddeeff\n",
        b"HELLO Hands Hands 00000000000000ff 00112233445566778899aabbccddeeff\n",
        b"HELLO Goloman Hands 00000000000000ff 00112233445566778899aabbccddeeff -\n",
    ] {
        let (mut hands, _) = linked();
        let answer = refused(&mut hands, &[word]);
        assert!(!answer.starts_with(b"HELLO"), "no proof is given away");
    }
}

#[test]
fn a_recorded_handshake_is_good_only_once() {
    let (mut hands, [goloman, _]) = linked();
    let mut lines = goloman.split_inclusive(|&byte| byte == b'\n');
    let (hello, auth) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(hello.starts_with(b"HELLO ") && auth.starts_with(b"AUTH "));
    refused(&mut hands, &[hello, auth]);
}

#[test]
fn our_own_proof_sent_back_proves_nothing() {
    let (mut hands, _) = linked();
    knock(&mut hands, STRANGER);
    hear(&mut hands, STRANGER, HELLO);
    let answer = said(&mut hands, STRANGER);
    let proof = answer
        .trim_ascii_end()
        .split(|&byte| byte == b' ')
        .nth(5)
        .unwrap();
    assert_eq!(proof.len(), 64);
    hear(&mut hands, STRANGER, &[b"AUTH ", proof, b"\n"].concat());
    assert!(said(&mut hands, STRANGER).starts_with(b"? AUTH "));

    // And our nonce, to have us prove what we ask for: the roles differ.
    let mut goloman = node("Goloman", "Hands", RIGHT);
    goloman.handle(
        NOW,
        Event::Dialled {
            peer: PeerId(0),
            conn: LINK,
        },
    );
    let hello = said(&mut goloman, LINK);
    let words: Vec<&[u8]> = hello.trim_ascii_end().split(|&byte| byte == b' ').collect();
    let echo = [b"HELLO Hands Goloman", words[3], words[4], proof].join(&b' ');
    hear(&mut goloman, LINK, &[&echo[..], b"\n"].concat());
    assert!(said(&mut goloman, LINK).starts_with(b"? HELLO "));
}

#[test]
fn an_at_before_since_is_refused_even_behind_a_good_proof() {
    let mut goloman = node("Goloman", "Hands", RIGHT);
    let mut hands = node("Hands", "Goloman", RIGHT);
    goloman.handle(
        NOW,
        Event::Dialled {
            peer: PeerId(0),
            conn: LINK,
        },
    );
    knock(&mut hands, LINK);
    hear(&mut hands, LINK, &said(&mut goloman, LINK));
    hear(&mut goloman, LINK, &said(&mut hands, LINK));
    let auth = said(&mut goloman, LINK);
    assert!(auth.starts_with(b"AUTH "));
    hear(&mut hands, LINK, &[&auth[..], AT].concat());
    let answer = said(&mut hands, LINK);
    assert!(
        answer.ends_with(&[b"? ", AT].concat()),
        "{}",
        answer.escape_ascii()
    );
    assert_eq!(hands.inspect().lines(), [b""; 0]);
}
