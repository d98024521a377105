//! The knowledge of a server: the newest report of each client, in the feed of their changes. It is
//! a data structure, and knows no node: no connection, no time and no neighbour but a number.
//!
//! The store has one output, a numbered sequence of changes in which each client appears once, at
//! its newest change. A reader with a cursor is a follower: a link, a neighbour of another
//! make, the journal. Flooding, catching up after a cut, a slow neighbour and a restart
//! are all this one mechanism.

mod digests;
mod feed;
mod index;
mod record;
mod segments;

pub use feed::{Change, CursorId, Feed};
pub use record::Record;

use std::cmp::Ordering;

use crate::limits::{Limit, Limits};
use crate::units::PeerId;
use crate::wire::{Position, Report, Scope, Sums, bucket, clients_ahead};
use digests::TableDigests;
use index::Index;

/// Clients that are looked up together: the processor has not many more reads of memory under way
/// at once. It bounds nothing.
pub const TOGETHER: usize = 16;

/// A table of fewer clients is in the cache anyway. It bounds nothing.
const LARGE: usize = 10_000;

/// The reports, and where to find them.
#[derive(Debug)]
pub struct Store {
    /// The records, and where the followers are in their changes.
    pub feed: Feed,
    index: Index,
    digests: TableDigests,
    /// The length of all lines.
    bytes: usize,
    records_max: usize,
    bytes_max: usize,
    /// The line that is being offered.
    line: Vec<u8>,
}

/// The result of offering a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is now the newest of its client, in that slot.
    Accepted(u32),
    /// The slot holds just this report.
    Duplicate(u32),
    /// A newer one is known.
    Older,
    /// That limit of the table keeps it out.
    Full(Limit),
}

/// The source of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The client itself, at this server.
    Client,
    /// A neighbour.
    Neighbour(PeerId),
    /// The journal, or a plain neighbour that cannot be told from others.
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
    /// An empty store of at most `limits.records` clients, whose lines have at most
    /// `limits.record_bytes` bytes.
    pub fn new(limits: &Limits) -> Store {
        Store {
            feed: Feed::new(limits.feed_segment),
            index: Index::new(),
            digests: TableDigests::new(),
            bytes: 0,
            records_max: limits.records,
            bytes_max: limits.record_bytes,
            line: Vec::new(),
        }
    }

    /// Reads what the clients of the next lines have in memory, so that it is in the cache when the
    /// lines are handled. In a large table each of those reads takes longer than all the work on a
    /// line, and the processor has many under way at once if none waits for another.
    pub fn look_ahead(&self, lines: &[u8]) {
        if self.feed.count() >= LARGE {
            let slots = self.look_up(clients_ahead(lines));
            let read = |&slot| self.feed.record(slot).glance() ^ self.feed.glance(slot);
            let read = slots.iter().flatten().map(read);
            std::hint::black_box(read.fold(0, std::ops::BitXor::bitxor));
        }
    }

    /// The slots that several clients probably have: no name is compared. Each step is done for
    /// all before the next one, so that their reads of memory overlap.
    fn look_up<'a>(&self, clients: impl Iterator<Item = &'a [u8]>) -> [Option<u32>; TOGETHER] {
        let mut tags = [None; TOGETHER];
        for (tag, client) in tags.iter_mut().zip(clients) {
            *tag = Some(self.index.tag(client));
        }
        tags.map(|tag| self.index.find(tag?, |_| true))
    }

    /// Takes a report if it is newer than what is known, and publishes the change.
    pub fn offer(&mut self, report: &Report<'_>, source: Source) -> Offered {
        let offered = self.keep(report, source == Source::Client);
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

    /// Keeps a report if it is newer than what is known. If the client itself reports
    /// (`by_client`), the same place at the same time is nothing new, whichever server heard it
    /// first.
    fn keep(&mut self, report: &Report<'_>, by_client: bool) -> Offered {
        let tag = self.index.tag(report.client);
        let known = self.find_tagged(tag, report.client);
        let mut bytes = self.bytes;
        if let Some(slot) = known {
            let record = self.feed.record(slot);
            match record.order(report) {
                _ if by_client && record.repeats(report) => return Offered::Duplicate(slot),
                Ordering::Greater => return Offered::Older,
                Ordering::Equal => return Offered::Duplicate(slot),
                Ordering::Less => bytes -= record.line().len(),
            }
        } else if self.feed.count() == self.records_max {
            return Offered::Full(Limit::records);
        }
        self.line.clear();
        report.push(&mut self.line);
        bytes += self.line.len();
        if bytes > self.bytes_max && bytes > self.bytes {
            return Offered::Full(Limit::record_bytes);
        }
        self.bytes = bytes;
        let bucket = bucket(report.client);
        Offered::Accepted(match known {
            Some(slot) => {
                let record = self.feed.record_mut(slot);
                let old = record.hash();
                record.replace(report, &self.line);
                self.digests.replace(bucket, old, record.hash());
                slot
            }
            None => {
                let record = Record::new(report, &self.line);
                self.digests.replace(bucket, 0, record.hash());
                let slot = self.feed.add(record);
                self.index.add(tag, slot);
                slot
            }
        })
    }

    /// Hands a follower the changes after its cursor, as many as it has room for.
    pub fn pump(&mut self, cursor: CursorId, follower: &mut impl Follower) {
        while follower.has_room() {
            let Some(change) = self.feed.next(cursor) else {
                break;
            };
            follower.take(change, self.feed.record(change.slot));
        }
    }

    /// The slot of a client.
    pub fn find(&self, client: &[u8]) -> Option<u32> {
        self.find_tagged(self.index.tag(client), client)
    }

    fn find_tagged(&self, tag: u32, client: &[u8]) -> Option<u32> {
        let is_its = |slot| self.feed.record(slot).client() == client;
        self.index.find(tag, is_its)
    }

    /// The record in a slot.
    pub fn record(&self, slot: u32) -> &Record {
        self.feed.record(slot)
    }

    /// Every AT line, in the order of their bytes: equal stores have equal lines.
    pub fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = self.feed.records().map(Record::line).collect();
        lines.sort_unstable();
        lines
    }

    /// The length of all AT lines.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The words of a MARK or a SINCE about this store, beside the sequence number `seq`.
    pub fn position(&self, seq: u64) -> Position {
        Position {
            seq,
            count: self.feed.count() as u64,
            digest: self.digests.total(),
        }
    }

    /// The digests of parts of the table.
    pub fn sums(&self, scope: Scope) -> Sums {
        self.digests.sums(scope)
    }

    /// Whether a neighbour that is at `position` has the same table.
    pub fn equals(&self, position: &Position) -> bool {
        let ours = self.position(position.seq);
        position.count == ours.count && position.digest == ours.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{GROUPS, checksum};

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
        let mut store = Store::new(&Limits::PRODUCT);
        for round in 0..20_u64 {
            for step in 0..200 {
                // A multiple of the golden ratio spreads the numbers as if they were drawn.
                let drawn = (round * 200 + step).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64) >> 24;
                let (client, time) = (drawn % 500, drawn / 500 % 1000);
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

    fn store(records: usize, record_bytes: usize) -> Store {
        Store::new(&Limits {
            records,
            record_bytes,
            ..Limits::PRODUCT
        })
    }

    fn digest(store: &Store) -> u64 {
        store.position(0).digest
    }

    fn offer(store: &mut Store, line: &str) -> Offered {
        store.offer(&Report::parse(line.as_bytes()).unwrap(), Source::Unknown)
    }

    #[test]
    fn a_client_that_repeats_itself_changes_nothing() {
        let mut store = store(9, 999);
        offer(&mut store, "AT A +1.000000000 k +1+1 1");
        let again = Report::parse(b"AT B +2.000000000 k +1+1 1.0").unwrap();
        assert_eq!(store.offer(&again, Source::Client), Offered::Duplicate(0));
        assert_eq!(store.offer(&again, Source::Unknown), Offered::Accepted(0));
    }

    #[test]
    fn the_newest_wins_under_the_total_order() {
        // Each is newer than the one before.
        let lines = [
            "AT Z +9.000000000 k +9+9 1.999999998",
            "AT A -1.000000000 k -1-1 1.999999999",
            "AT A +1.000000000 k +1+1 2",
            "AT A +1.000000000 k +1+2 2",
            "AT B +1.000000000 k +1+2 2",
            "AT B +1.000000001 k +1+2 2",
            "AT B +1.000000001 k +1+2 2.0",
        ];
        // Text: '+' < '-', so -1-1 is not less than +1+1 as a location.
        for (place, newer) in lines.iter().enumerate() {
            for older in &lines[..place] {
                let (mut up, mut down) = (store(9, 999), store(9, 999));
                assert_eq!(offer(&mut up, older), Offered::Accepted(0));
                assert_eq!(
                    offer(&mut up, newer),
                    Offered::Accepted(0),
                    "{older} then {newer}"
                );
                assert_eq!(offer(&mut up, newer), Offered::Duplicate(0));
                assert_eq!(offer(&mut down, newer), Offered::Accepted(0));
                assert_eq!(
                    offer(&mut down, older),
                    Offered::Older,
                    "{newer} then {older}"
                );
                assert_eq!(up.lines(), down.lines());
                assert_eq!(digest(&up), digest(&down));
            }
        }
    }

    #[test]
    fn the_digest_is_that_of_the_set() {
        let (mut one, mut other) = (store(9, 999), store(9, 999));
        offer(&mut one, "AT A +1.000000000 k +1+1 1");
        offer(&mut one, "AT A +1.000000000 longer.name +1+1 1");
        offer(&mut one, "AT A +1.000000000 k +1+1 2.000");
        offer(&mut other, "AT A +1.000000000 longer.name +1+1 1");
        assert_ne!(digest(&one), digest(&other));
        offer(&mut other, "AT A +1.000000000 k +1+1 2.000");
        assert_eq!(digest(&one), digest(&other));
        assert_eq!(one.lines(), other.lines());
        assert_eq!(one.feed.count(), 2);
    }

    #[test]
    fn a_full_table_still_moves_whom_it_knows() {
        let mut store = store(1, 999);
        assert_eq!(
            offer(&mut store, "AT A +1.000000000 k +1+1 1"),
            Offered::Accepted(0)
        );
        assert_eq!(
            offer(&mut store, "AT A +1.000000000 l +1+1 1"),
            Offered::Full(Limit::records)
        );
        assert_eq!(
            offer(&mut store, "AT A +1.000000000 k +1+1 20"),
            Offered::Accepted(0)
        );
        let slot = store.find(b"k").unwrap();
        assert_eq!(store.record(slot).line(), b"AT A +1.000000000 k +1+1 20\n");
        assert_eq!(store.find(b"l"), None);
    }

    #[test]
    fn several_clients_are_looked_up_together() {
        let mut store = store(99, 9999);
        let names: Vec<String> = (0..2 * TOGETHER).map(|it| format!("k{it}")).collect();
        for name in &names {
            offer(&mut store, &format!("AT A +1.000000000 {name} +1+1 1"));
        }
        let clients = [&b"stranger"[..]].into_iter();
        let found = store.look_up(clients.chain(names.iter().map(String::as_bytes)));
        // A name that is not known may have the tag of another, but hardly ever has.
        assert!(found[1..].iter().copied().eq((0..15).map(Some)));
        assert_eq!(store.look_up(std::iter::empty()), [None; TOGETHER]);
        assert_ne!(store.record(1).glance(), store.record(2).glance());
    }

    #[test]
    fn long_lines_fill_it_too() {
        let mut store = store(9, 60);
        let (accepted, bytes) = (Offered::Accepted(0), Offered::Full(Limit::record_bytes));
        assert_eq!(offer(&mut store, "AT A +1.000000000 k +1+1 1"), accepted);
        let longer = "AT A +1.000000000 k +1.00000000000000000+1.00000000000000000000 3";
        assert_eq!(offer(&mut store, longer), bytes);
        assert_eq!(
            offer(&mut store, "AT A +1.000000000 l +1+1 1"),
            Offered::Accepted(1)
        );
        assert_eq!(offer(&mut store, "AT A +1.000000000 m +1+1 1"), bytes);
        // A known client still moves, as far as there is room.
        assert_eq!(offer(&mut store, "AT A +1.000000000 k +1+2 2"), accepted);
        assert_eq!(store.bytes, 2 * 27);
    }
}
