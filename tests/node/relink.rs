//! A neighbour's place is given to another: what the first was known to have, the second has not.

use herd::node::{Action, Door, Event, Neighbour, Node};
use herd::units::{ConnId, Mono, Now, PeerId, SECOND, Wall};

use crate::support::kernel::config;

const PLACE: PeerId = PeerId(0);
const REPORT: &[u8] = b"AT First +0.000000000 kiwi +1-2 1000\n";

fn at(seconds: u64) -> Now {
    Now {
        mono: Mono(seconds * SECOND),
        wall: Wall(i128::from((1000 + seconds) * SECOND)),
    }
}

fn plain(name: &str, last: u8) -> Neighbour {
    Neighbour {
        name: name.into(),
        plain: true,
        addresses: vec![[127, 0, 0, last].into()],
    }
}

/// The node's actions after a tick.
fn actions(node: &mut Node, now: Now) -> Vec<Action> {
    node.handle(now, Event::Tick);
    std::iter::from_fn(|| node.poll_action()).collect()
}

#[test]
fn who_takes_a_plain_neighbours_place_is_told_what_that_one_said() {
    let mut node = Node::new(config("Goloman", 1, vec![plain("First", 8)]));
    let conn = ConnId::new(1, 0);
    let (door, from) = (Door::Clients, ([127, 0, 0, 8], 40_000).into());
    node.handle(at(0), Event::Accepted { conn, door, from });
    let bytes = REPORT;
    node.handle(at(0), Event::Received { conn, bytes });
    assert_eq!(node.inspect().lines(), [REPORT]);
    // The neighbour that said it is not told it.
    assert_eq!(actions(&mut node, at(1)), []);

    node.handle(at(2), Event::Unlinked { peer: PLACE });
    assert_eq!(actions(&mut node, at(2)), []);
    // It is nobody to be believed any more.
    let bytes = b"AT First +0.000000000 kiwi +1-2 1001\n";
    node.handle(at(2), Event::Received { conn, bytes });
    assert_eq!(actions(&mut node, at(2)), [Action::Flush(conn)]);
    assert_eq!(
        node.unsent(conn),
        b"? AT First +0.000000000 kiwi +1-2 1001\n"
    );
    assert_eq!(node.inspect().lines(), [REPORT]);

    let (peer, neighbour) = (PLACE, plain("Second", 9));
    node.handle(at(3), Event::Linked { peer, neighbour });
    let wanted = actions(&mut node, at(3));
    assert!(wanted.contains(&Action::Dial(PLACE)), "{wanted:?}");
    let (peer, conn) = (PLACE, ConnId::new(2, 1));
    node.handle(at(3), Event::Dialled { peer, conn });
    assert_eq!(node.unsent(conn), REPORT);
    // And only once.
    node.advance(at(3), conn, REPORT.len());
    node.handle(at(3), Event::Ended { conn });
    let wanted = actions(&mut node, at(4));
    assert!(!wanted.contains(&Action::Dial(PLACE)), "{wanted:?}");
}

#[test]
fn a_link_that_is_unlinked_is_closed_and_never_dialled_again() {
    let ours = Neighbour {
        plain: false,
        ..plain("First", 8)
    };
    let mut node = Node::new(config("Goloman", 1, vec![ours]));
    assert_eq!(actions(&mut node, at(0)), [Action::Dial(PLACE)]);
    let (peer, conn) = (PLACE, ConnId::new(1, 0));
    node.handle(at(0), Event::Dialled { peer, conn });
    node.handle(at(1), Event::Unlinked { peer });
    assert!(actions(&mut node, at(1)).contains(&Action::Close(conn)));
    assert_eq!(actions(&mut node, at(100)), []);
    assert_eq!(
        (node.poll_timeout(), node.inspect().snapshot().sessions),
        (None, 0)
    );
}
