//! The changes of the table in the order in which they happened, each client once.
//!
//! A list through the records: a change moves its record to the end. So a neighbour that was away
//! for a thousand moves of ten clients finds ten records behind its cursor, and however long it is
//! away, nothing is queued for it.

use crate::units::PeerId;

/// The number of no change; changes are numbered from 1.
const NOTHING: u64 = 0;
/// The entry before the first and behind the last.
const END: u32 = 0;

/// The place of a follower in the feed: the journal's, or that of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorId(u8);

impl CursorId {
    /// The journal tells us nothing, so it needs no bit in `known`.
    pub const JOURNAL: CursorId = CursorId(0);

    fn index(self) -> usize {
        self.0.into()
    }
}

impl From<PeerId> for CursorId {
    fn from(peer: PeerId) -> CursorId {
        CursorId(peer.0 + 1)
    }
}

/// The feed, and where each follower is in it.
#[derive(Debug)]
pub struct Feed {
    /// `END`, then an entry for each slot of the table.
    entries: Vec<Entry>,
    /// The entry of the last change that each follower took, by [`CursorId`].
    cursors: Vec<u32>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    before: u32,
    after: u32,
    /// The change's number.
    seq: u64,
    /// A bit for each neighbour that told us this very change.
    known: u64,
}

impl Feed {
    /// An empty feed for so many neighbours.
    pub fn new(neighbours: usize) -> Feed {
        let end = Entry {
            before: END,
            after: END,
            seq: NOTHING,
            known: 0,
        };
        Feed {
            entries: vec![end],
            cursors: vec![END; 1 + neighbours],
            last: NOTHING,
        }
    }

    /// A neighbour takes that place, a free one or the next new one: it has been told nothing.
    pub fn admit(&mut self, peer: PeerId) {
        let place = CursorId::from(peer).index();
        if place == self.cursors.len() {
            self.cursors.push(END);
        }
        self.cursors[place] = END;
    }

    /// The number of the newest change.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The record in `slot` changed: it is the newest now. A new slot is the next free one.
    /// `source` told us, unless a client did.
    pub fn publish(&mut self, slot: u32, source: Option<PeerId>) {
        let entry = slot + 1;
        if entry as usize == self.entries.len() {
            self.entries.push(Entry {
                before: END,
                after: END,
                seq: NOTHING,
                known: 0,
            });
        } else {
            self.unlink(entry);
        }
        self.last += 1;
        let newest = self.entries[END as usize].before;
        self.entries[newest as usize].after = entry;
        self.entries[END as usize].before = entry;
        let known = source.map_or(0, |peer| 1 << peer.index());
        self.entries[entry as usize] = Entry {
            before: newest,
            after: END,
            seq: self.last,
            known,
        };
    }

    /// `peer` told us the change in `slot`, too.
    pub fn confirm(&mut self, slot: u32, peer: PeerId) {
        self.entries[slot as usize + 1].known |= 1 << peer.index();
    }

    /// `peer` was told the change `seq` that its cursor stands on. False: it has changed again.
    pub fn confirm_told(&mut self, peer: PeerId, seq: u64) -> bool {
        let entry = &mut self.entries[self.cursors[CursorId::from(peer).index()] as usize];
        let stands = seq != NOTHING && entry.seq == seq;
        if stands {
            entry.known |= 1 << peer.index();
        }
        stands
    }

    /// Moves a cursor over the next change.
    pub fn next(&mut self, cursor: impl Into<CursorId>) -> Option<Change> {
        let cursor = cursor.into();
        let change = self.peek(cursor)?;
        self.cursors[cursor.index()] = change.slot + 1;
        Some(change)
    }

    /// The next change behind a cursor.
    pub fn peek(&self, cursor: impl Into<CursorId>) -> Option<Change> {
        let cursor = cursor.into();
        let entry = self.entries[self.cursors[cursor.index()] as usize].after;
        if entry == END {
            return None;
        }
        let Entry { seq, known, .. } = self.entries[entry as usize];
        Some(Change {
            slot: entry - 1,
            seq,
            known: (cursor.0.checked_sub(1)).is_some_and(|peer| known >> peer & 1 == 1),
        })
    }

    /// Whether there is nothing behind a cursor.
    pub fn is_at_end(&self, cursor: impl Into<CursorId>) -> bool {
        self.entries[self.cursors[cursor.into().index()] as usize].after == END
    }

    /// Places a cursor behind the change `seq`. It walks back from the newest, over
    /// just those changes that are to be told.
    pub fn rewind(&mut self, cursor: impl Into<CursorId>, seq: u64) {
        // From the start there is nothing to look for.
        let newest = self.entries[END as usize].before;
        let mut entry = if seq == NOTHING { END } else { newest };
        while entry != END && self.entries[entry as usize].seq > seq {
            entry = self.entries[entry as usize].before;
        }
        self.cursors[cursor.into().index()] = entry;
    }

    /// Takes an entry out of the list. Who stood on it has been told all before it.
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

/// A change that a cursor moved over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose record.
    pub slot: u32,
    /// Its number.
    pub seq: u64,
    /// Whether this neighbour told us this very change.
    pub known: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PeerId = PeerId(0);
    const B: PeerId = PeerId(1);

    fn told(feed: &mut Feed, peer: PeerId) -> Vec<u32> {
        std::iter::from_fn(|| feed.next(peer))
            .map(|change| change.slot)
            .collect()
    }

    #[test]
    fn each_client_stands_once_at_its_newest_change() {
        let mut feed = Feed::new(2);
        for _ in 0..1000 {
            for slot in 0..3 {
                feed.publish(slot, None);
            }
        }
        assert_eq!(told(&mut feed, A), [0, 1, 2]);
        feed.publish(1, None);
        assert_eq!(told(&mut feed, A), [1]);
        assert_eq!(told(&mut feed, B), [0, 2, 1]);
        assert!(feed.is_at_end(A) && feed.is_at_end(B));
        assert_eq!(feed.last(), 3001);
    }

    #[test]
    fn a_cursor_survives_the_move_of_what_it_stands_on() {
        let mut feed = Feed::new(2);
        for slot in 0..4 {
            feed.publish(slot, None);
        }
        assert_eq!(feed.next(A).map(|change| change.slot), Some(0));
        feed.publish(0, None);
        assert_eq!(told(&mut feed, A), [1, 2, 3, 0]);
        feed.publish(0, None);
        assert_eq!(told(&mut feed, A), [0]);
    }

    #[test]
    fn a_cursor_goes_back_to_a_number() {
        let mut feed = Feed::new(1);
        for slot in 0..4 {
            feed.publish(slot, None);
        }
        feed.publish(1, None); // 0:1 2:3 3:4 1:5
        for (seq, want) in [(0, &[0, 2, 3, 1][..]), (2, &[2, 3, 1]), (4, &[1]), (9, &[])] {
            feed.rewind(A, seq);
            assert_eq!(told(&mut feed, A), want, "after {seq}");
        }
    }

    #[test]
    fn who_told_us_is_remembered_for_this_change_only() {
        let mut feed = Feed::new(2);
        feed.publish(0, Some(A));
        assert_eq!(
            feed.next(A),
            Some(Change {
                slot: 0,
                seq: 1,
                known: true
            })
        );
        assert_eq!(
            feed.next(B),
            Some(Change {
                slot: 0,
                seq: 1,
                known: false
            })
        );
        feed.publish(0, None);
        feed.confirm(0, B);
        assert_eq!(
            feed.next(A),
            Some(Change {
                slot: 0,
                seq: 2,
                known: false
            })
        );
        assert_eq!(
            feed.next(B),
            Some(Change {
                slot: 0,
                seq: 2,
                known: true
            })
        );
    }

    #[test]
    fn the_journal_is_told_what_neighbours_told_us() {
        let mut feed = Feed::new(1);
        for slot in 0..3 {
            feed.publish(slot, Some(A));
        }
        let told = |feed: &mut Feed| -> Vec<(u32, bool)> {
            std::iter::from_fn(|| feed.next(CursorId::JOURNAL))
                .map(|change| (change.slot, change.known))
                .collect()
        };
        assert_eq!(told(&mut feed), [(0, false), (1, false), (2, false)]);
        feed.publish(1, None);
        assert_eq!(told(&mut feed), [(1, false)]);
        assert!(feed.is_at_end(CursorId::JOURNAL) && !feed.is_at_end(A));
    }
}
