//! One link of a node, driven by hand: a neighbour that is slow, or deaf.

use herd::limits::Limits;
use herd::node::{Action, Config, Door, Event, Level, Neighbour, Node};
use herd::units::{ConnId, MILLISECOND, Mono, Now, PeerId, Wall};

use crate::support::kernel::config;

const CLIENT: ConnId = ConnId::new(1, 0);
const LINK: ConnId = ConnId::new(2, 1);
/// Bytes that the neighbour reads in a turn, and how long that takes: a megabyte takes 4 s.
const READ: usize = 5_000;
const TURN_MS: u64 = 20;

fn at(ms: u64) -> Now {
    Now {
        mono: Mono(ms * MILLISECOND),
        wall: Wall(1_600_000_000_000_000_000 + i128::from(ms * MILLISECOND)),
    }
}

/// A node that knows this many clients, and a neighbour that knows none of them.
fn node_of(clients: usize) -> Node {
    node_with(clients, Limits::default())
}

fn node_with(clients: usize, limits: Limits) -> Node {
    let neighbour = Neighbour {
        name: "Hands".into(),
        plain: false,
        addresses: vec![[127, 0, 0, 1].into()],
    };
    let mut node = Node::new(Config {
        level: Some(Level::Warn),
        limits,
        ..config("Goloman", 1, vec![neighbour])
    });
    let from = ([127, 0, 0, 1], 40_000).into();
    let (conn, door) = (CLIENT, Door::Clients);
    node.handle(at(0), Event::Accepted { conn, door, from });
    for number in 0..clients {
        let line = format!("IAMAT client{number} +34.068930-118.445127 1520023934.918963997\n");
        let bytes = line.as_bytes();
        node.handle(at(0), Event::Received { conn, bytes });
        node.advance(at(0), conn, node.unsent(conn).len());
        while node.poll_action().is_some() {}
    }
    assert_eq!(node.inspect().lines().len(), clients);
    let (peer, conn) = (PeerId(0), LINK);
    node.handle(at(0), Event::Tick);
    assert_eq!(node.poll_action(), Some(Action::Dial(peer)));
    node.handle(at(0), Event::Dialled { peer, conn });
    let bytes = b"HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff -\n\
                  SINCE 0000000000000001 0 0 0000000000000000\n";
    node.handle(at(0), Event::Received { conn, bytes });
    node
}

#[test]
fn a_neighbour_that_takes_long_to_catch_up_is_heard_meanwhile() {
    let mut node = node_of(40_000);
    let (mut read, mut at_lines, mut is_paused) = (Vec::new(), 0, false);
    let mut to_say = String::new();
    for turn in 0.. {
        let now = at(turn * TURN_MS);
        node.handle(now, Event::Tick);
        let unsent = node.unsent(LINK);
        let count = unsent.len().min(READ);
        read.extend_from_slice(&unsent[..count]);
        node.advance(now, LINK, count);
        while let Some(action) = node.poll_action() {
            match action {
                Action::Pause(LINK) => is_paused = true,
                Action::Resume(LINK) => is_paused = false,
                Action::Close(LINK) => panic!("considered dead after {at_lines} lines"),
                _ => {}
            }
        }
        while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&read[..end]).into_owned();
            read.drain(..=end);
            at_lines += usize::from(line.starts_with("AT "));
            if let Some(mark) = line.strip_prefix("MARK ") {
                let seq = mark.split(' ').next().unwrap_or_default();
                to_say.push_str(&format!(
                    "SINCE 0000000000000001 {seq} 0 0000000000000000\n"
                ));
            }
        }
        if !is_paused && !to_say.is_empty() {
            let (conn, bytes) = (LINK, to_say.as_bytes());
            node.handle(now, Event::Received { conn, bytes });
            to_say.clear();
        }
        if at_lines == 40_000 {
            break;
        }
    }
    assert!(node.log().text().is_empty(), "{}", node.log().text());
}

#[test]
fn a_neighbour_that_answers_but_never_reads_is_not_kept_for_ever() {
    let mut node = node_of(2_000);
    let limits = Limits::default();
    let most = limits.link_outbox + 3 * limits.server_line;
    let mut is_paused = false;
    for second in 0.. {
        assert!(second < 10_000, "it is kept for ever");
        let now = at(second * 1000);
        node.handle(now, Event::Tick);
        while let Some(action) = node.poll_action() {
            match action {
                Action::Pause(LINK) => is_paused = true,
                Action::Close(LINK) => {
                    assert!(is_paused, "it was closed before its outbox was full");
                    return;
                }
                _ => {}
            }
        }
        assert!(node.unsent(LINK).len() <= most);
        if !is_paused {
            let bytes = b"SINCE 0000000000000001 0 0 0000000000000000\n";
            node.handle(now, Event::Received { conn: LINK, bytes });
        }
    }
}

#[test]
fn a_link_on_which_bytes_still_move_is_not_cut_and_one_that_stands_still_is() {
    let mut node = node_of(20_000);
    // A full queue in front of a slow line: its answers take longer than 3 s, and bytes go on.
    let closed = |node: &mut Node, second: u64, count: usize| {
        let now = at(second * 1000);
        node.handle(now, Event::Tick);
        let is_closed = settle(node).contains(&Action::Close(LINK));
        node.advance(now, LINK, node.unsent(LINK).len().min(count));
        settle(node).contains(&Action::Close(LINK)) || is_closed
    };
    for second in 0..20 {
        assert!(!closed(&mut node, second, 16_000), "after {second} s");
    }
    let lived = (20..30).find(|second| closed(&mut node, *second, 0));
    assert!(matches!(lived, Some(22..=23)), "{lived:?}");
}

#[test]
fn marks_come_with_the_data_so_that_a_slow_link_gets_on() {
    let mut node = node_of(2_000);
    let (mut at_lines, mut unmarked, mut marks) = (0, 0, 0);
    loop {
        while node.poll_action().is_some() {}
        let bytes = node.unsent(LINK).to_vec();
        if bytes.is_empty() {
            break;
        }
        // Not a nanosecond passes: it is not the clock that says MARK.
        node.advance(at(0), LINK, bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"AT ") {
                at_lines += 1;
                unmarked += line.len();
            } else if line.starts_with(b"MARK ") {
                let want = format!("MARK {at_lines} 2000 ");
                assert!(line.starts_with(want.as_bytes()), "{}", line.escape_ascii());
                (unmarked, marks) = (0, marks + 1);
            }
            assert!(unmarked < Limits::default().link_unmarked + 100);
        }
    }
    assert_eq!(at_lines, 2_000);
    assert!(marks > 5);
}

/// Handles what is due until the node wants nothing.
fn settle(node: &mut Node) -> Vec<Action> {
    std::iter::from_fn(|| node.poll_action()).collect()
}

#[test]
fn a_refused_link_that_still_drains_takes_no_changes_from_the_next_one() {
    const CLIENTS: usize = 4_000;
    let mut node = node_of(CLIENTS);
    settle(&mut node);
    let peer = PeerId(0);
    let (old, new) = (LINK, ConnId::new(3, 2));
    // Its outbox is full when the neighbour says garbage: it is refused, and drains.
    assert!(node.unsent(old).len() > READ);
    let bytes = b"what is this?\n";
    node.handle(at(1), Event::Received { conn: old, bytes });
    settle(&mut node);
    node.handle(at(200), Event::Tick);
    assert!(settle(&mut node).contains(&Action::Dial(peer)));
    node.handle(at(200), Event::Dialled { peer, conn: new });
    let bytes = b"HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff -\n\
                  SINCE 0000000000000001 0 0 0000000000000000\n";
    node.handle(at(200), Event::Received { conn: new, bytes });
    settle(&mut node);
    // The old connection takes a little, again and again, and then the new one takes everything.
    let mut told = Vec::new();
    while !node.unsent(new).is_empty() {
        node.advance(at(201), old, node.unsent(old).len().min(READ));
        let unsent = node.unsent(new);
        told.extend_from_slice(unsent);
        node.advance(at(201), new, unsent.len());
        settle(&mut node);
    }
    let lines = told.split(|byte| *byte == b'\n');
    let changes = lines.filter(|line| line.starts_with(b"AT ")).count();
    assert_eq!(changes, CLIENTS);
}

/// Ten million changes that a neighbour has already must not make one long turn.
#[test]
fn a_turn_takes_a_few_steps_through_the_feed() {
    const STEPS: usize = 300;
    let limits = Limits {
        link_steps: STEPS,
        ..Limits::default()
    };
    let mut node = node_with(700, limits);
    for want in [STEPS, 2 * STEPS, 700] {
        settle(&mut node);
        let lines = node.unsent(LINK).split(|byte| *byte == b'\n');
        let at_lines = lines.filter(|line| line.starts_with(b"AT ")).count();
        assert_eq!(at_lines, want);
        let is_due = node.poll_timeout() == Some(at(0).mono);
        assert_eq!(is_due, want < 700);
        node.handle(at(0), Event::Tick);
    }
}

#[test]
fn tables_that_differed_before_a_cut_have_time_to_agree_after_it() {
    let (mut node, hearing) = (node_of(3), ConnId::new(3, 2));
    let (door, from) = (Door::Servers, ([127, 0, 0, 1], 40_001).into());
    let (conn, hello) = (
        hearing,
        "HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff",
    );
    node.handle(at(0), Event::Accepted { conn, door, from });
    let hear = |node: &mut Node, second: u64, conn, bytes: &str| {
        let (now, bytes) = (at(second * 1000), bytes.as_bytes());
        node.handle(now, Event::Received { conn, bytes });
        settle(node);
        node.advance(now, conn, node.unsent(conn).len());
    };
    hear(&mut node, 0, hearing, &format!("{hello}\n"));
    let since = "SINCE 0000000000000001 3 2 0000000000000001\n";
    let mut link = LINK;
    for second in 1..=12 {
        node.handle(at(second * 1000), Event::Tick);
        hear(&mut node, second, hearing, "MARK 0 2 0000000000000001\n");
        if second == 4 {
            let (conn, why) = (LINK, "cut".into());
            node.handle(at(4000), Event::Broken { conn, why });
        } else if second == 8 {
            link = ConnId::new(4, 1);
            let (peer, conn) = (PeerId(0), link);
            node.handle(at(8000), Event::Dialled { peer, conn });
            hear(&mut node, second, link, &format!("{hello} -\n{since}"));
        } else {
            hear(&mut node, second, link, since);
        }
    }
    let text = node.log().text();
    assert!(text.contains("link to Hands down: cut"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_table_that_stays_different_is_told_again_and_shown_in_the_status() {
    let (mut node, hearing) = (node_of(3), ConnId::new(3, 2));
    let (door, from) = (Door::Servers, ([127, 0, 0, 1], 40_001).into());
    let opened = |conn| Event::Accepted { conn, door, from };
    node.handle(at(0), opened(hearing));
    let hear = |node: &mut Node, now, conn, bytes: &str| {
        let bytes = bytes.as_bytes();
        node.handle(now, Event::Received { conn, bytes });
        let actions = settle(node);
        let text = String::from_utf8(node.unsent(conn).to_vec()).unwrap();
        node.advance(now, conn, text.len());
        (text, actions)
    };
    let hello = "HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff\n";
    hear(&mut node, at(0), hearing, hello);
    let differs = |node: &mut Node, second: u64| {
        let asker = ConnId::new(10 + second as u32, 3);
        node.handle(at(second * 1000), opened(asker));
        let (text, _) = hear(node, at(second * 1000), asker, "STATUS\n");
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        status["links"][0]["differs"].as_bool().unwrap()
    };
    let mut told = Vec::new();
    for second in 1..=70 {
        let now = at(second * 1000);
        node.handle(now, Event::Tick);
        hear(&mut node, now, hearing, "MARK 0 2 0000000000000001\n");
        let answer = "SINCE 0000000000000001 3 2 0000000000000001\n";
        let (text, _) = hear(&mut node, now, LINK, answer);
        if second > 1 && text.contains("AT ") {
            assert_eq!(text.matches("AT ").count(), 3);
            told.push(second);
        }
        assert_eq!(differs(&mut node, second), !told.is_empty());
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1] - told[0] >= 60, "{told:?}");
    let warnings = |node: &mut Node, text: &str| node.log().text().matches(text).count();
    assert_eq!(warnings(&mut node, "stays different"), 1);
    let digest = node.inspect().table().digest;
    let answer = format!("SINCE 0000000000000001 3 3 {digest:016x}\n");
    hear(&mut node, at(71_000), LINK, &answer);
    assert!(!differs(&mut node, 71));
    assert_eq!(warnings(&mut node, "the same again"), 1);
}
