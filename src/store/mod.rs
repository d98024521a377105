//! The knowledge of a server: a table of reports, and the feed of their changes. It is a data
//! structure, and knows no node: no connection, no time and no neighbour but a number.
//!
//! The store has one output, a numbered sequence of changes in which each client appears once, at
//! its newest change. A reader with a cursor is a follower: a link, a neighbour of another
//! make, the journal. Flooding, catching up after a cut, a slow neighbour and a restart
//! are all this one mechanism.

mod digests;
mod feed;
mod index;
mod segments;
mod table;

pub use feed::{Change, CursorId, Feed};
pub use table::{Offered, Record, TOGETHER};

use table::Table;

use crate::limits::Limits;
use crate::units::PeerId;
use crate::wire::{Location, Position, Report, Scope, Sums, clients_ahead};

/// A table of fewer clients is in the cache anyway. It bounds nothing.
const LARGE: u64 = 10_000;

/// The table and its feed.
#[derive(Debug)]
pub struct Store {
    table: Table,
    /// Where the followers are in the changes.
    pub feed: Feed,
}

/// The source of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The client itself, at this server.
    Client,
    /// A neighbour.
    Neighbour(PeerId),
    /// The journal, or a neighbour of another make that cannot be told from others.
    Unknown,
}

/// A reader of the feed that has a cursor.
pub trait Follower {
    /// Whether it can take one more change.
    fn has_room(&self) -> bool;

    /// Takes a change, with the record as it is now.
    fn take(&mut self, change: Change, record: &Record);
}

impl Store {
    /// An empty store.
    pub fn new(limits: &Limits) -> Store {
        Store {
            table: Table::new(limits.records, limits.record_bytes),
            feed: Feed::new(limits.feed_segment),
        }
    }

    /// Reads what the clients of the next lines have in memory, so that it is in the cache when the
    /// lines are handled. In a large table each of those reads takes longer than all the work on a
    /// line, and the processor has many under way at once if none waits for another.
    pub fn look_ahead(&self, lines: &[u8]) {
        if self.table.count() >= LARGE {
            let slots = self.table.look_up(clients_ahead(lines));
            let slots = slots.iter().flatten();
            let read = |&slot| self.table.glance(slot) ^ self.feed.glance(slot);
            std::hint::black_box(slots.map(read).fold(0, std::ops::BitXor::bitxor));
        }
    }

    /// Takes a report if it is newer than what is known, and publishes the change.
    pub fn offer(&mut self, report: &Report<'_>, source: Source) -> Offered {
        let offered = self.table.offer(report, source == Source::Client);
        let teller = match source {
            Source::Neighbour(peer) => Some(peer),
            Source::Client | Source::Unknown => None,
        };
        match (offered, teller) {
            (Offered::Accepted(slot), _) => self.feed.publish(slot, teller),
            (Offered::Duplicate(slot), Some(peer)) => self.feed.confirm(slot, peer),
            _ => {}
        }
        offered
    }

    /// Hands a follower the changes after its cursor, as many as it has room for.
    pub fn pump(&mut self, cursor: CursorId, follower: &mut impl Follower) {
        while follower.has_room() {
            let Some(change) = self.feed.next(cursor) else {
                break;
            };
            follower.take(change, self.table.record(change.slot));
        }
    }

    /// The slot of a client.
    pub fn find(&self, client: &[u8]) -> Option<u32> {
        self.table.find(client)
    }

    /// The AT line in a slot, LF included.
    pub fn line(&self, slot: u32) -> &[u8] {
        self.table.record(slot).line()
    }

    /// The location of the client in a slot.
    pub fn location(&self, slot: u32) -> Location<'_> {
        self.table.location(slot)
    }

    /// Every AT line, in the order of their bytes: equal stores have equal lines.
    pub fn lines(&self) -> Vec<&[u8]> {
        self.table.lines()
    }

    /// The length of all AT lines.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// The words of a MARK or a SINCE about this store, beside the sequence number `seq`.
    pub fn position(&self, seq: u64) -> Position {
        Position {
            seq,
            count: self.table.count(),
            digest: self.table.digest(),
        }
    }

    /// The digests of parts of the table.
    pub fn sums(&self, scope: Scope) -> Sums {
        self.table.sums(scope)
    }

    /// Whether a neighbour that is at `position` has the same table.
    pub fn equals(&self, position: &Position) -> bool {
        position.count == self.table.count() && position.digest == self.table.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{GROUPS, bucket, checksum};

    /// The digests of all buckets, counted from the lines.
    fn recounted(store: &Store) -> Vec<u64> {
        let mut sums = vec![0_u64; GROUPS * GROUPS];
        for line in store.lines() {
            let line = &line[..line.len() - 1];
            let sum = &mut sums[bucket(Report::parse(line).unwrap().client)];
            *sum = sum.wrapping_add(checksum(line));
        }
        sums
    }

    #[test]
    fn digests_of_parts_are_those_of_a_recount() {
        let (mut store, mut random) = (Store::new(&Limits::PRODUCT), 1_u32);
        let mut draw = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random >> 8
        };
        for round in 0..20 {
            for _ in 0..200 {
                let (client, time) = (draw() % 500, draw() % 1000);
                let line = format!("AT A +0.000000000 client{client} +1+1 {time}");
                let report = Report::parse(line.as_bytes()).unwrap();
                store.offer(&report, Source::Client);
            }
            let want = recounted(&store);
            let (groups, _) = want.as_chunks::<GROUPS>();
            let sum = |group: &[u64; GROUPS]| group.iter().copied().fold(0, u64::wrapping_add);
            for (group, buckets) in groups.iter().enumerate() {
                assert_eq!(store.sums(Scope::Group(group)), Sums(*buckets), "{round}");
                assert_eq!(store.sums(Scope::Groups).0[group], sum(buckets), "{round}");
            }
            let total = want.iter().copied().fold(0, u64::wrapping_add);
            assert_eq!(store.position(0).digest, total);
        }
    }
}
