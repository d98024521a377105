//! Watchers of one node, which read as they like, come and go: each hears a legal part of the
//! changes, and at rest it has heard the newest one of every client.
//!
//! The same 2,000 cases every time, as in `tests/model`.

use std::collections::BTreeMap;

use arbtest::arbitrary::Result;
use herd::limits::Limits;
use herd::node::{Action, Door, Event, Node};
use herd::units::{ConnId, Mono, Now, SECOND, Wall};
use herd::wire::{Message, Report};

use crate::support::kernel::config;
use crate::support::random::{self, Random};

const CLIENT: ConnId = ConnId::new(1, 0);
const CLIENTS: usize = 4;
const WATCHERS: usize = 3;

/// A watcher, and all that it has heard.
#[derive(Default)]
struct Watcher {
    conn: Option<ConnId>,
    /// Bytes of its stream without LF.
    rest: Vec<u8>,
    /// Its stream began.
    seq: Option<u64>,
    /// The newest line of each client.
    newest: BTreeMap<Vec<u8>, Vec<u8>>,
}

struct World {
    node: Node,
    at: u64,
    /// Times so far: each IAMAT is newer than all before.
    moves: u64,
    conns: u32,
    watchers: [Watcher; WATCHERS],
}

impl World {
    fn new() -> World {
        let mut config = config("Goloman", 1, vec![]);
        config.limits = Limits {
            watchers: WATCHERS,
            watch_outbox: 150,
            watch_steps: 4,
            feed_segment: 4,
            ..config.limits
        };
        let mut world = World {
            node: Node::new(config),
            at: 1,
            moves: 0,
            conns: 1,
            watchers: Default::default(),
        };
        world.accept(CLIENT, Door::Clients);
        world
    }

    fn now(&self) -> Now {
        let wall = Wall(1_600_000_000 * i128::from(SECOND));
        Now {
            mono: Mono(self.at),
            wall,
        }
    }

    fn accept(&mut self, conn: ConnId, door: Door) {
        let from = ([127, 0, 0, 1], 40_000).into();
        self.node
            .handle(self.now(), Event::Accepted { conn, door, from });
    }

    /// A turn: deadlines, then actions. Only the client takes what it is sent.
    fn turn(&mut self) {
        let now = self.now();
        self.node.handle(now, Event::Tick);
        while let Some(action) = self.node.poll_action() {
            match action {
                Action::Flush(conn) if conn == CLIENT => {
                    let count = self.node.unsent(conn).len();
                    self.node.advance(now, conn, count);
                }
                Action::Close(conn) => {
                    let mut all = self.watchers.iter();
                    assert!(all.all(|it| it.conn != Some(conn)), "nobody is closed");
                }
                _ => {}
            }
        }
        for watcher in &self.watchers {
            let owed = watcher.conn.map_or(0, |conn| self.node.unsent(conn).len());
            assert!(owed < 150 + 150, "{owed} bytes are kept for a watcher");
        }
    }

    fn moves(&mut self, client: usize) {
        self.moves += 1;
        let line = format!("IAMAT k{client} +1-2 {}\n", self.moves);
        let bytes = line.as_bytes();
        let conn = CLIENT;
        self.node
            .handle(self.now(), Event::Received { conn, bytes });
    }

    /// A watcher comes, to begin at the start or where it was; or goes.
    fn changes(&mut self, place: usize) {
        let now = self.now();
        let watcher = &mut self.watchers[place];
        if let Some(conn) = watcher.conn.take() {
            watcher.rest.clear();
            let why = "reset".to_string();
            return self.node.handle(now, Event::Broken { conn, why });
        }
        self.conns += 1;
        let conn = ConnId::new(self.conns, place + 1);
        let line = format!("WATCH after={}\n", watcher.seq.unwrap_or(0));
        watcher.conn = Some(conn);
        self.accept(conn, Door::Servers);
        let bytes = line.as_bytes();
        self.node.handle(now, Event::Received { conn, bytes });
    }

    /// A watcher takes some bytes.
    fn reads(&mut self, place: usize, most: usize) {
        let Some(conn) = self.watchers[place].conn else {
            return;
        };
        let unsent = self.node.unsent(conn);
        let bytes = unsent[..unsent.len().min(most)].to_vec();
        self.node.advance(self.now(), conn, bytes.len());
        for byte in bytes {
            match byte {
                b'\n' => self.hears(place),
                byte => self.watchers[place].rest.push(byte),
            }
        }
    }

    fn hears(&mut self, place: usize) {
        let watcher = &mut self.watchers[place];
        let line = std::mem::take(&mut watcher.rest);
        match Message::parse(&line) {
            Some(Message::Watching(b"Goloman", _, seq)) => {
                assert_eq!(seq, watcher.seq.unwrap_or(0), "it begins where it was");
                watcher.seq = Some(seq);
            }
            Some(Message::Change(changed)) => {
                assert!(Some(changed.seq) > watcher.seq, "numbers rise");
                assert_eq!(changed.teller, b"-");
                watcher.seq = Some(changed.seq);
                let mut at = Vec::new();
                changed.report.push(&mut at);
                let before = watcher.newest.insert(changed.report.client.to_vec(), at);
                let before = before.as_deref().and_then(Report::parse);
                let is_newer = before.is_none_or(|it| it.rank() < changed.report.rank());
                assert!(is_newer, "a client only moves on");
            }
            Some(Message::Mark(mark)) => assert_eq!(Some(mark.seq), watcher.seq),
            _ => panic!("{}", line.escape_ascii()),
        }
    }

    /// Everybody watches and reads until there is nothing more.
    fn rests(&mut self) {
        for place in 0..WATCHERS {
            if self.watchers[place].conn.is_none() {
                self.changes(place);
            }
        }
        for _ in 0..100 {
            self.turn();
            (0..WATCHERS).for_each(|place| self.reads(place, usize::MAX));
        }
        let table = self.node.inspect().lines();
        for watcher in &self.watchers {
            let mut heard: Vec<&Vec<u8>> = watcher.newest.values().collect();
            heard.sort_unstable();
            assert_eq!(heard, table);
        }
        assert_ne!(self.node.poll_timeout(), Some(self.now().mono), "at rest");
    }
}

fn step(u: Random<'_, '_>, world: &mut World) -> Result<()> {
    let place = u.int_in_range(0..=WATCHERS - 1)?;
    match u.int_in_range(0..=9)? {
        0..=3 => {
            for _ in 0..u.int_in_range(1..=6)? {
                world.moves(u.int_in_range(0..=CLIENTS - 1)?);
            }
        }
        4 | 5 => world.turn(),
        6 => world.at += SECOND / 2,
        7 => world.changes(place),
        _ => {
            let most = u.int_in_range(1..=400)?;
            world.reads(place, most);
        }
    }
    Ok(())
}

#[test]
fn a_watcher_hears_the_newest_change_of_every_client() {
    random::try_property(|u| {
        let mut world = World::new();
        while !u.is_empty() {
            step(u, &mut world)?;
            // Nobody takes nothing for ten seconds.
            (0..WATCHERS).for_each(|place| world.reads(place, 1));
        }
        world.rests();
        Ok(())
    });
}
