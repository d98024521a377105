//! The changes of the table in the order in which they happened, each client once.
//!
//! The feed is a list through the records: a change moves its record to the end. So a follower that
//! was away for a thousand moves of ten clients finds ten records after its cursor, and however
//! long it is away, nothing is queued for it.
//!
//! ```text
//!            cursor of A          cursor of B
//!                 │                    │
//! start ─ [seq 3]─┴─[seq 7]─[seq 8]────┴─ end      (seqs 1, 2, 4, 5, 6: clients that moved again)
//! ```

use crate::units::PeerId;

/// The sequence number of no change; changes are numbered from 1.
const NOTHING: u64 = 0;
/// The entry before the first and after the last.
const END: u32 = 0;

/// The feed, and where each follower is in it.
#[derive(Debug)]
pub struct Feed {
    /// `END`, then an entry for each slot of the table.
    entries: Vec<Entry>,
    /// For each follower the entry of the last change that it took.
    cursors: Vec<u32>,
    last: u64,
}

/// A follower's place in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorId(u8);

#[derive(Debug)]
struct Entry {
    before: u32,
    after: u32,
    seq: u64,
    /// A bit for each neighbour that told us this very change.
    tellers: u64,
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
    /// Whether this neighbour told us this very change.
    pub fn told_by(&self, peer: PeerId) -> bool {
        self.tellers >> peer.index() & 1 == 1
    }
}

impl Entry {
    const UNLINKED: Entry = Entry {
        before: END,
        after: END,
        seq: NOTHING,
        tellers: 0,
    };
}

impl Feed {
    /// An empty feed that nobody follows.
    pub fn new() -> Feed {
        Feed {
            entries: vec![Entry::UNLINKED],
            cursors: Vec::new(),
            last: NOTHING,
        }
    }

    /// A new follower, which has taken nothing.
    pub fn follow(&mut self) -> CursorId {
        self.cursors.push(END);
        CursorId((self.cursors.len() - 1) as u8)
    }

    /// The sequence number of the newest change.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The record in `slot` changed: it is the newest now. A new slot is the next free one.
    /// `teller` is the neighbour that told us, if one did.
    pub fn publish(&mut self, slot: u32, teller: Option<PeerId>) {
        let entry = slot + 1;
        if entry as usize == self.entries.len() {
            self.entries.push(Entry::UNLINKED);
        } else {
            self.unlink(entry);
        }
        self.last += 1;
        let newest = self.entries[END as usize].before;
        self.entries[newest as usize].after = entry;
        self.entries[END as usize].before = entry;
        self.entries[entry as usize] = Entry {
            before: newest,
            after: END,
            seq: self.last,
            tellers: teller.map_or(0, |peer| 1 << peer.index()),
        };
    }

    /// `peer` told us the change in `slot`, too.
    pub fn confirm(&mut self, slot: u32, peer: PeerId) {
        self.entries[slot as usize + 1].tellers |= 1 << peer.index();
    }

    /// `peer` has the change `seq`, on which `cursor` stands. False: that client has moved again.
    pub fn confirm_at(&mut self, cursor: CursorId, seq: u64, peer: PeerId) -> bool {
        let entry = &mut self.entries[self.cursors[cursor.index()] as usize];
        let is_same = seq != NOTHING && entry.seq == seq;
        if is_same {
            entry.tellers |= 1 << peer.index();
        }
        is_same
    }

    /// Moves a cursor over the next change.
    pub fn next(&mut self, cursor: CursorId) -> Option<Change> {
        let change = self.peek(cursor)?;
        self.cursors[cursor.index()] = change.slot + 1;
        Some(change)
    }

    /// The next change after a cursor.
    pub fn peek(&self, cursor: CursorId) -> Option<Change> {
        let entry = self.entries[self.cursors[cursor.index()] as usize].after;
        if entry == END {
            return None;
        }
        let Entry { seq, tellers, .. } = self.entries[entry as usize];
        Some(Change {
            slot: entry - 1,
            seq,
            tellers,
        })
    }

    /// Whether there is no change after a cursor.
    pub fn is_at_end(&self, cursor: CursorId) -> bool {
        self.entries[self.cursors[cursor.index()] as usize].after == END
    }

    /// Places a cursor after the change `seq`; 0 is the start. It walks back from the newest, over
    /// just those changes that are to be taken again.
    pub fn rewind(&mut self, cursor: CursorId, seq: u64) {
        // Nothing needs to be searched for the start.
        let newest = self.entries[END as usize].before;
        let mut entry = if seq == NOTHING { END } else { newest };
        while entry != END && self.entries[entry as usize].seq > seq {
            entry = self.entries[entry as usize].before;
        }
        self.cursors[cursor.index()] = entry;
    }

    /// Takes an entry out of the list. A cursor on it has passed all before it.
    fn unlink(&mut self, entry: u32) {
        let Entry { before, after, .. } = self.entries[entry as usize];
        self.entries[before as usize].after = after;
        self.entries[after as usize].before = before;
        for cursor in &mut self.cursors {
            if *cursor == entry {
                *cursor = before;
            }
        }
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

    fn followed_twice() -> (Feed, CursorId, CursorId) {
        let mut feed = Feed::new();
        let (a, b) = (feed.follow(), feed.follow());
        (feed, a, b)
    }

    fn taken(feed: &mut Feed, cursor: CursorId) -> Vec<u32> {
        std::iter::from_fn(|| feed.next(cursor))
            .map(|change| change.slot)
            .collect()
    }

    #[test]
    fn each_client_is_in_it_once_at_its_newest_change() {
        let (mut feed, a, b) = followed_twice();
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
        let (mut feed, a, _) = followed_twice();
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
        let (mut feed, a, _) = followed_twice();
        for slot in 0..4 {
            feed.publish(slot, None);
        }
        feed.publish(1, None); // 0:1 2:3 3:4 1:5
        for (seq, want) in [(0, &[0, 2, 3, 1][..]), (2, &[2, 3, 1]), (4, &[1]), (9, &[])] {
            feed.rewind(a, seq);
            assert_eq!(taken(&mut feed, a), want, "after {seq}");
        }
    }

    #[test]
    fn a_teller_is_remembered_for_this_change_only() {
        let (mut feed, a, b) = followed_twice();
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
