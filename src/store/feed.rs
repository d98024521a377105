//! The records in the order of their changes, each client once.
//!
//! The feed is a log. A change is appended to it, and the place of its client's change before
//! becomes stale; readers pass over stale places. So a follower that was away for a thousand moves
//! of ten clients finds ten changes after its cursor, and however long it is away, nothing is
//! queued for it. Publishing looks at no cursor, unless segments of the log merge.
//!
//! ```text
//!            cursor of A          cursor of B
//!                 │                    │
//! start ─ [seq 3]─┴─[seq 7]─[seq 8]────┴─ end      (seqs 1, 2, 4, 5, 6: clients that moved again)
//! ```

use super::record::Record;
use super::segments::{Log, Pair, Point};
use crate::units::PeerId;

/// The sequence number of no change; changes are numbered from 1.
const NOTHING: u64 = 0;

/// The records, their changes, and where each follower is in these.
#[derive(Debug)]
pub struct Feed<R = Record> {
    slots: Vec<Slot<R>>,
    log: Log,
    cursors: Vec<Cursor>,
    last: u64,
}

/// A follower's place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorId(u8);

/// A record and its newest change, side by side: a change among millions of clients reads both.
#[derive(Debug)]
#[repr(C)]
struct Slot<R> {
    record: R,
    newest: Newest,
}

/// There is one for each client.
const _: () = assert!(size_of::<Slot<Record>>() == 160);

/// The newest change of a record.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Newest {
    seq: u64,
    /// A bit for each neighbour that told us this very change.
    tellers: u64,
    /// Its place in the log.
    place: u32,
}

#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// Every change up to this one is passed.
    seq: u64,
    point: Point,
}

/// A change that a cursor moved over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The slot of the record that changed.
    pub slot: u32,
    /// The change's sequence number.
    pub seq: u64,
    tellers: u64,
}

impl Change {
    fn of(slot: u32, newest: Newest) -> Change {
        let Newest { seq, tellers, .. } = newest;
        Change { slot, seq, tellers }
    }

    /// Whether this neighbour told us this very change.
    pub fn told_by(&self, peer: PeerId) -> bool {
        self.tellers >> peer.index() & 1 == 1
    }
}

impl<R> Feed<R> {
    /// An empty feed that nobody follows. Its log has segments of `segment` changes.
    pub fn new(segment: usize) -> Feed<R> {
        Feed {
            slots: Vec::new(),
            log: Log::new(segment),
            cursors: Vec::new(),
            last: NOTHING,
        }
    }

    /// A new follower, which has taken nothing.
    pub fn follow(&mut self) -> CursorId {
        self.cursors.push(Cursor {
            seq: NOTHING,
            point: self.log.start(),
        });
        CursorId((self.cursors.len() - 1) as u8)
    }

    /// The sequence number of the newest change.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The number of records.
    pub fn count(&self) -> usize {
        self.slots.len()
    }

    /// The record in a slot.
    pub fn record(&self, slot: u32) -> &R {
        &self.slots[slot as usize].record
    }

    /// The record in a slot, whose change is to be published.
    pub fn record_mut(&mut self, slot: u32) -> &mut R {
        &mut self.slots[slot as usize].record
    }

    /// Every record, in the order of their slots.
    pub fn records(&self) -> impl Iterator<Item = &R> {
        self.slots.iter().map(|slot| &slot.record)
    }

    /// Gives a new record the next slot. It is to be published.
    pub fn add(&mut self, record: R) -> u32 {
        let newest = Newest {
            seq: NOTHING,
            tellers: 0,
            place: 0,
        };
        self.slots.push(Slot { record, newest });
        (self.slots.len() - 1) as u32
    }

    /// The record in `slot` changed: it is the newest now. `teller` is the neighbour that told us,
    /// if one did.
    pub fn publish(&mut self, slot: u32, teller: Option<PeerId>) {
        self.last += 1;
        let before = self.slots[slot as usize].newest;
        if before.seq != NOTHING
            && let Some(pair) = self.log.outdate(before.place)
        {
            self.merge(pair);
        }
        if let Some(pair) = self.log.make_room(self.last) {
            self.merge(pair);
        }
        self.slots[slot as usize].newest = Newest {
            seq: self.last,
            tellers: teller.map_or(0, |peer| 1 << peer.index()),
            place: self.log.append(slot),
        };
    }

    /// `peer` told us the change in `slot`, too.
    pub fn confirm(&mut self, slot: u32, peer: PeerId) {
        self.slots[slot as usize].newest.tellers |= 1 << peer.index();
    }

    /// `peer` has the change `seq`, on which `cursor` stands. False: that client has moved again.
    pub fn confirm_at(&mut self, cursor: CursorId, seq: u64, peer: PeerId) -> bool {
        let cursor = self.cursors[cursor.index()];
        let slot = (self.log.before(cursor.point))
            .filter(|slot| cursor.seq == seq && self.slots[*slot as usize].newest.seq == seq);
        if let Some(slot) = slot {
            self.confirm(slot, peer);
        }
        slot.is_some()
    }

    /// Moves a cursor over the next change.
    pub fn next(&mut self, cursor: CursorId) -> Option<Change> {
        let (change, point) = self.after(cursor)?;
        self.cursors[cursor.index()] = Cursor {
            seq: change.seq,
            point,
        };
        Some(change)
    }

    /// The next change after a cursor.
    pub fn peek(&self, cursor: CursorId) -> Option<Change> {
        self.after(cursor).map(|(change, _)| change)
    }

    /// Whether there is no change after a cursor.
    pub fn is_at_end(&self, cursor: CursorId) -> bool {
        // The newest change of all is never stale.
        self.cursors[cursor.index()].seq == self.last
    }

    /// Places a cursor after the change `seq`; 0 is the start.
    pub fn rewind(&mut self, cursor: CursorId, seq: u64) {
        let seq = seq.min(self.last);
        self.cursors[cursor.index()] = Cursor {
            seq,
            point: self.point_after(seq),
        };
    }

    /// The changes after the change `seq`, without a cursor.
    pub fn changes_after(&self, seq: u64) -> impl Iterator<Item = Change> {
        let mut point = self.point_after(seq);
        std::iter::from_fn(move || {
            let slot;
            (slot, point) = self.log.next(point)?;
            Some(Change::of(slot, self.slots[slot as usize].newest))
        })
    }

    fn point_after(&self, seq: u64) -> Point {
        let is_passed = |slot| self.slots[slot as usize].newest.seq <= seq;
        self.log.find(seq, is_passed)
    }

    /// Reads the memory that a change of the client in a slot needs, and makes a number of it.
    pub fn glance(&self, slot: u32) -> u64 {
        self.log.at(self.slots[slot as usize].newest.place).into()
    }

    /// The first change after a cursor, and the point after it.
    fn after(&self, cursor: CursorId) -> Option<(Change, Point)> {
        if self.is_at_end(cursor) {
            return None;
        }
        let (slot, point) = self.log.next(self.cursors[cursor.index()].point)?;
        Some((Change::of(slot, self.slots[slot as usize].newest), point))
    }

    /// Merges two segments of the log; cursors and places move with what is in them.
    fn merge(&mut self, pair: Pair) {
        for cursor in &mut self.cursors {
            cursor.point = self.log.moved(cursor.point, pair);
        }
        let slots = &mut self.slots;
        (self.log).merge(pair, |slot, place| {
            slots[slot as usize].newest.place = place
        });
    }
}

impl CursorId {
    fn index(self) -> usize {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PeerId = PeerId(0);
    const B: PeerId = PeerId(1);

    /// A feed of `count` records that have not changed yet.
    fn followed_twice(count: u32) -> (Feed<()>, CursorId, CursorId) {
        let mut feed = Feed::new(4);
        let (a, b) = (feed.follow(), feed.follow());
        assert!((0..count).all(|slot| feed.add(()) == slot));
        (feed, a, b)
    }

    fn taken(feed: &mut Feed<()>, cursor: CursorId) -> Vec<u32> {
        std::iter::from_fn(|| feed.next(cursor))
            .map(|change| change.slot)
            .collect()
    }

    #[test]
    fn each_client_is_in_it_once_at_its_newest_change() {
        let (mut feed, a, b) = followed_twice(3);
        for _ in 0..1000 {
            for slot in 0..3 {
                feed.publish(slot, None);
            }
        }
        assert_eq!(taken(&mut feed, a), [0, 1, 2]);
        feed.publish(1, None);
        assert_eq!(taken(&mut feed, a), [1]);
        assert_eq!(taken(&mut feed, b), [0, 2, 1]);
        assert!(feed.is_at_end(a) && feed.is_at_end(b));
        assert_eq!(feed.last(), 3001);
    }

    #[test]
    fn a_cursor_survives_the_move_of_the_record_under_it() {
        let (mut feed, a, _) = followed_twice(4);
        for slot in 0..4 {
            feed.publish(slot, None);
        }
        assert_eq!(feed.next(a).map(|change| change.slot), Some(0));
        feed.publish(0, None);
        assert_eq!(taken(&mut feed, a), [1, 2, 3, 0]);
        feed.publish(0, None);
        assert_eq!(taken(&mut feed, a), [0]);
    }

    #[test]
    fn a_cursor_goes_back_to_a_number() {
        let (mut feed, a, _) = followed_twice(4);
        for slot in 0..4 {
            feed.publish(slot, None);
        }
        feed.publish(1, None); // 0:1 2:3 3:4 1:5
        for (seq, want) in [(0, &[0, 2, 3, 1][..]), (2, &[2, 3, 1]), (4, &[1]), (9, &[])] {
            let after: Vec<u32> = feed.changes_after(seq).map(|it| it.slot).collect();
            assert_eq!(after, want, "after {seq}");
            feed.rewind(a, seq);
            assert_eq!(taken(&mut feed, a), want, "after {seq}");
        }
    }

    #[test]
    fn a_teller_is_remembered_for_this_change_only() {
        let (mut feed, a, b) = followed_twice(1);
        feed.publish(0, Some(A));
        let told = |change: Option<Change>, peer| change.map(|it| (it.seq, it.told_by(peer)));
        assert_eq!(told(feed.next(a), A), Some((1, true)));
        assert_eq!(told(feed.next(b), B), Some((1, false)));
        feed.publish(0, None);
        feed.confirm(0, B);
        assert_eq!(told(feed.next(a), A), Some((2, false)));
        assert_eq!(told(feed.next(b), B), Some((2, true)));
        assert!(feed.confirm_at(a, 2, A) && !feed.confirm_at(a, 1, A));
    }
}
