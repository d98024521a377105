//! A client may be closed for another one: the one that has been idle longest, and never one that
//! has something under way.

use herd::node::{Config, Door, Event, Node};
use herd::units::{ConnId, Mono, Now, SECOND, Wall};

use crate::support::kernel::config;

/// A node with clients, and the time in seconds.
struct Bench {
    node: Node,
    seconds: u64,
}

impl Bench {
    fn of(config: Config) -> Bench {
        Bench {
            node: Node::new(config),
            seconds: 100,
        }
    }

    fn now(&self) -> Now {
        Now {
            mono: Mono(self.seconds * SECOND),
            wall: Wall(1_600_000_000 * i128::from(SECOND)),
        }
    }

    /// A second later, a client comes in and says this. It takes what it is answered, or not.
    fn client(&mut self, key: usize, door: Door, bytes: &[u8], takes: bool) -> ConnId {
        self.seconds += 1;
        let conn = ConnId::new(1, key);
        let from = ([127, 0, 0, 1], 40_000).into();
        let now = self.now();
        self.node.handle(now, Event::Accepted { conn, door, from });
        self.say(conn, bytes, takes);
        conn
    }

    fn say(&mut self, conn: ConnId, bytes: &[u8], takes: bool) {
        let now = self.now();
        self.node.handle(now, Event::Received { conn, bytes });
        while self.node.poll_action().is_some() {}
        if takes {
            self.node.advance(now, conn, self.node.unsent(conn).len());
        }
    }

    fn idlest(&mut self) -> Option<(ConnId, u64)> {
        let now = self.now();
        let (conn, age) = self.node.idlest_client(now)?;
        // It is known to a few milliseconds.
        Some((conn, (age + SECOND / 2) / SECOND))
    }
}

#[test]
fn the_client_that_has_been_idle_longest_makes_room() {
    let mut bench = Bench::of(config("Goloman", 1, vec![]));
    assert_eq!(bench.idlest(), None);
    let [one, two, three] = [0, 1, 2].map(|key| bench.client(key, Door::Clients, b"x\n", true));
    // The last has spoken just now, which is too recent for anybody to be closed.
    bench.seconds += 10;
    assert_eq!(bench.idlest(), Some((one, 12)));
    bench.say(one, b"y\n", true);
    assert_eq!(bench.idlest(), Some((two, 11)));
    let why = "gone".to_string();
    let now = bench.now();
    bench.node.handle(now, Event::Broken { conn: two, why });
    assert_eq!(bench.idlest(), Some((three, 10)));
    bench.say(three, b"z\n", true);
    assert_eq!(bench.idlest(), None);
}

#[test]
fn a_client_that_is_owed_something_never_makes_room() {
    let mut bench = Bench::of(config("Goloman", 1, vec![]));
    let door = Door::Clients;
    let whatsat = b"IAMAT kiwi +1-2 1600000000\nWHATSAT kiwi 10 1\n";
    let half = bench.client(0, door, b"IAM", true);
    let looks_up = bench.client(1, door, whatsat, true);
    let unread = bench.client(2, door, b"hello\n", false);
    let server = bench.client(3, Door::Servers, b"", true);
    bench.seconds += 2;
    assert_eq!(bench.idlest(), None);
    for conn in [half, looks_up, unread, server] {
        assert!(bench.node.inspect().conn_stats(conn).is_some());
    }
    // It takes its reply, and then it is idle.
    let now = bench.now();
    let count = bench.node.unsent(unread).len();
    bench.node.advance(now, unread, count);
    bench.seconds += 5;
    assert_eq!(bench.idlest(), Some((unread, 5)));
}
