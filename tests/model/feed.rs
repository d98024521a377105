//! The feed against a list that is sorted again for every question.
//!
//! The same 2,000 cases every time, as in `buffers.rs`.

use crate::support::random::{self, Random};
use arbtest::arbitrary::Result;
use herd::node::{Change, CursorId, Feed};
use herd::units::PeerId;

const PEERS: u8 = 3;

/// The newest change of each client, by its slot, and where the cursors are.
#[derive(Default)]
struct Model {
    newest: Vec<Newest>,
    last: u64,
    /// For each cursor the number of the change after which it is.
    cursors: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Newest {
    seq: u64,
    slot: u32,
    tellers: Vec<u8>,
}

impl Model {
    fn publish(&mut self, slot: u32, teller: Option<u8>) {
        self.last += 1;
        self.newest.retain(|newest| newest.slot != slot);
        self.newest.push(Newest {
            seq: self.last,
            slot,
            tellers: teller.into_iter().collect(),
        });
    }

    fn confirm(&mut self, slot: u32, peer: u8) {
        let newest = self.newest.iter_mut().find(|it| it.slot == slot);
        newest.unwrap().tellers.push(peer);
    }

    fn peek(&self, cursor: usize) -> Option<&Newest> {
        self.newest.iter().find(|it| it.seq > self.cursors[cursor])
    }

    fn next(&mut self, cursor: usize) -> Option<Newest> {
        let next = self.peek(cursor)?.clone();
        self.cursors[cursor] = next.seq;
        Some(next)
    }

    fn confirm_at(&mut self, cursor: usize, seq: u64, peer: u8) -> bool {
        let is_there = self.cursors[cursor] == seq;
        let mut newest = self.newest.iter_mut();
        let at = newest.find(|it| is_there && it.seq == seq);
        at.map(|it| it.tellers.push(peer)).is_some()
    }
}

/// Both say the same of a change, tellers included.
fn check(found: Option<Change>, wanted: Option<&Newest>) {
    let tellers = |told: &dyn Fn(u8) -> bool| (0..PEERS).filter(|it| told(*it)).collect::<Vec<_>>();
    let found = found.map(|it| (it.seq, it.slot, tellers(&|peer| it.told_by(PeerId(peer)))));
    let wanted = wanted.map(|it| (it.seq, it.slot, tellers(&|peer| it.tellers.contains(&peer))));
    assert_eq!(found, wanted);
}

/// One step of a random life, taken by both.
fn step(u: Random<'_, '_>, feed: &mut Feed<()>, ids: &[CursorId], model: &mut Model) -> Result<()> {
    let at = u.int_in_range(0..=ids.len() - 1)?;
    let (peer, count) = (u.int_in_range(0..=PEERS - 1)?, model.newest.len() as u32);
    match u.int_in_range(0..=9)? {
        0..=4 => {
            // Some clients move all the time, and some never again.
            let most = *u.choose(&[1, 4, 40])?;
            let slot = u.int_in_range(0..=count.min(most))?;
            let teller: Option<u8> = u.arbitrary::<bool>()?.then_some(peer);
            if slot == count {
                feed.add(());
            }
            feed.publish(slot, teller.map(PeerId));
            model.publish(slot, teller);
        }
        5 if count > 0 => {
            let slot = u.int_in_range(0..=count - 1)?;
            feed.confirm(slot, PeerId(peer));
            model.confirm(slot, peer);
        }
        6 | 7 => {
            for _ in 0..u.int_in_range(1..=8)? {
                check(feed.next(ids[at]), model.next(at).as_ref());
            }
        }
        8 => {
            let seq = u.int_in_range(0..=model.last + 2)?;
            feed.rewind(ids[at], seq);
            model.cursors[at] = seq.min(model.last);
        }
        _ => {
            let seq = match u.arbitrary()? {
                true => model.cursors[at],
                false => u.int_in_range(0..=model.last)?,
            };
            let is_same = feed.confirm_at(ids[at], seq, PeerId(peer));
            assert_eq!(is_same, model.confirm_at(at, seq, peer));
        }
    }
    Ok(())
}

#[test]
fn the_feed_is_a_list_in_the_order_of_the_newest_changes() {
    random::try_property(|u| {
        let mut feed = Feed::new(u.int_in_range(1..=9)?);
        let ids: Vec<CursorId> = (0..4).map(|_| feed.follow()).collect();
        let mut model = Model {
            cursors: vec![0; ids.len()],
            ..Model::default()
        };
        while !u.is_empty() {
            step(u, &mut feed, &ids, &mut model)?;
            assert_eq!(feed.last(), model.last);
            for (at, id) in ids.iter().enumerate() {
                check(feed.peek(*id), model.peek(at));
                assert_eq!(feed.is_at_end(*id), model.peek(at).is_none());
            }
        }
        // The last cursor may be far behind, and so is one at the start.
        feed.rewind(ids[0], 0);
        model.cursors[0] = 0;
        for (at, id) in ids.iter().enumerate() {
            for _ in 0..=model.newest.len() {
                check(feed.next(*id), model.next(at).as_ref());
            }
        }
        Ok(())
    });
}
