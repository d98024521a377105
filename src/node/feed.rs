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

/// The cursors of the journal's two files. They have places of their own, for there may be more
/// neighbours at any time; and nobody but us tells them anything, so they need no bit in `known`.
pub const FILES: [PeerId; 2] = [PeerId(u8::MAX - 1), PeerId(u8::MAX)];

/// The feed, and where each neighbour is in it.
#[derive(Debug)]
pub struct Feed {
    /// `END`, then an entry for each slot of the table.
    entries: Vec<Entry>,
    /// The entry of the last change that it was told: per file, then per neighbour.
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
            cursors: vec![END; FILES.len() + neighbours],
            last: NOTHING,
        }
    }

    /// A neighbour takes that place, a free one or the next new one: it has been told nothing.
    pub fn admit(&mut self, peer: PeerId) {
        if place(peer) == self.cursors.len() {
            self.cursors.push(END);
        }
        self.cursors[place(peer)] = END;
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
        let entry = &mut self.entries[self.cursors[place(peer)] as usize];
        let stands = seq != NOTHING && entry.seq == seq;
        if stands {
            entry.known |= 1 << peer.index();
        }
        stands
    }

    /// Moves the cursor of `peer` over the next change.
    pub fn step(&mut self, peer: PeerId) -> Option<Change> {
        let change = self.peek(peer)?;
        self.cursors[place(peer)] = change.slot + 1;
        Some(change)
    }

    /// The next change behind the cursor of `peer`.
    pub fn peek(&self, peer: PeerId) -> Option<Change> {
        self.changes(peer).next()
    }

    /// All changes behind the cursor of `peer`, which stays where it is.
    pub fn changes(&self, peer: PeerId) -> impl Iterator<Item = Change> {
        let mut entry = self.cursors[place(peer)];
        std::iter::from_fn(move || {
            entry = self.entries[entry as usize].after;
            if entry == END {
                return None;
            }
            let Entry { seq, known, .. } = self.entries[entry as usize];
            Some(Change {
                slot: entry - 1,
                seq,
                known: known.unbounded_shr(peer.0.into()) & 1 == 1,
            })
        })
    }

    /// Moves the cursor of `peer` over what it has been told up to the change `seq`.
    pub fn pass(&mut self, peer: PeerId, seq: u64) {
        while self.peek(peer).is_some_and(|change| change.seq <= seq) {
            self.step(peer);
        }
    }

    /// Places the cursor of `peer` where that of `other` is.
    pub fn join(&mut self, peer: PeerId, other: PeerId) {
        self.cursors[place(peer)] = self.cursors[place(other)];
    }

    /// Whether there is nothing behind the cursor of `peer`.
    pub fn is_at_end(&self, peer: PeerId) -> bool {
        self.entries[self.cursors[place(peer)] as usize].after == END
    }

    /// Places the cursor of `peer` behind the change `seq`. It walks back from the newest, over
    /// just those changes that are to be told.
    pub fn rewind(&mut self, peer: PeerId, seq: u64) {
        // From the start there is nothing to look for.
        let newest = self.entries[END as usize].before;
        let mut entry = if seq == NOTHING { END } else { newest };
        while entry != END && self.entries[entry as usize].seq > seq {
            entry = self.entries[entry as usize].before;
        }
        self.cursors[place(peer)] = entry;
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

/// Where the cursor of a neighbour is, or that of a file.
fn place(peer: PeerId) -> usize {
    peer.0.wrapping_add(FILES.len() as u8).into()
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
        std::iter::from_fn(|| feed.step(peer))
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
        assert_eq!(feed.step(A).map(|change| change.slot), Some(0));
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
            feed.step(A),
            Some(Change {
                slot: 0,
                seq: 1,
                known: true
            })
        );
        assert_eq!(
            feed.step(B),
            Some(Change {
                slot: 0,
                seq: 1,
                known: false
            })
        );
        feed.publish(0, None);
        feed.confirm(0, B);
        assert_eq!(
            feed.step(A),
            Some(Change {
                slot: 0,
                seq: 2,
                known: false
            })
        );
        assert_eq!(
            feed.step(B),
            Some(Change {
                slot: 0,
                seq: 2,
                known: true
            })
        );
    }

    #[test]
    fn what_is_looked_at_is_not_passed() {
        let [file, fresh] = FILES;
        let mut feed = Feed::new(1);
        for slot in 0..4 {
            feed.publish(slot, Some(PeerId(0)));
        }
        let seen: Vec<(u32, bool)> = feed.changes(file).map(|it| (it.slot, it.known)).collect();
        assert_eq!(seen, [(0, false), (1, false), (2, false), (3, false)]);
        // One of them changes before the others are passed: its change is new.
        feed.publish(1, None);
        feed.pass(file, 3);
        assert_eq!(feed.peek(file).map(|change| change.seq), Some(4));
        feed.join(fresh, file);
        assert_eq!(told(&mut feed, fresh), [3, 1]);
        assert!(!feed.is_at_end(file));
    }
}
