//! Barriers: a reply that may not leave yet waits for one of two things.
//!
//! - A **lookup**. Lookups come back in any order, each by its number. A number is never used
//!   again, so an answer that comes too late, or after its client has gone, finds nobody.
//! - An **update**: it must be synced (`--fsync always`), known to the herd (`--ack herd`), or
//!   both. These replies wait in the order in which they were made, and both conditions are
//!   reached in that order, so the first is always the first to go.
//!
//! The reply's place among the replies of its connection is kept by a ticket of the reply queue.

use std::collections::{BTreeMap, VecDeque};

use crate::node::conn::Waiting;
use crate::units::{ConnId, LookupId, Mono};

/// All replies that wait. Clients' reply queues bound them.
#[derive(Debug, Default)]
pub struct Barriers {
    lookups: BTreeMap<LookupId, Waiting>,
    last_lookup: u64,
    updates: VecDeque<Update>,
    /// An upper bound of the updates whose clients have gone.
    orphans: usize,
}

#[derive(Debug)]
struct Update {
    reply: Waiting,
    /// The change that must be synced; 0: none.
    change: u64,
    /// The wave that covers the update; 0: none is awaited.
    wave: u64,
    /// It has waited for its wave for too long.
    is_late: bool,
}

impl Barriers {
    /// Has a reply wait for a new lookup.
    pub fn await_lookup(&mut self, reply: Waiting) -> LookupId {
        self.last_lookup += 1;
        let id = LookupId(self.last_lookup);
        self.lookups.insert(id, reply);
        id
    }

    /// A lookup is over: the reply that waits for it, if one still does.
    pub fn end_lookup(&mut self, id: LookupId) -> Option<Waiting> {
        self.lookups.remove(&id)
    }

    /// The number of lookups that a reply waits for.
    pub fn lookups(&self) -> usize {
        self.lookups.len()
    }

    /// Has a reply wait until `change` is synced and the wave `wave` has returned.
    pub fn await_update(&mut self, reply: Waiting, change: u64, wave: u64) {
        self.updates.push_back(Update {
            reply,
            change,
            wave,
            is_late: false,
        });
    }

    /// The next reply to release, when changes up to `synced` are safe and waves up to `returned`
    /// have returned; and whether it is late.
    pub fn release(&mut self, synced: u64, returned: u64) -> Option<(Waiting, bool)> {
        let first = self.updates.front()?;
        let may_go = first.change <= synced && first.wave <= returned;
        let first = may_go.then(|| self.updates.pop_front())??;
        Some((first.reply, first.is_late))
    }

    /// Whether replies wait for updates.
    pub fn awaits_updates(&self) -> bool {
        !self.updates.is_empty()
    }

    /// The newest wave that a reply waits for.
    pub fn last_wave(&self) -> u64 {
        self.updates.back().map_or(0, |update| update.wave)
    }

    /// Since when the oldest reply has waited for a wave that has not returned.
    pub fn waits_for_wave_since(&self, returned: u64) -> Option<Mono> {
        let covered = self.updates.partition_point(|it| it.wave <= returned);
        self.updates.get(covered).map(|it| it.reply.since)
    }

    /// Replies that have waited `limit` nanoseconds for a wave wait for it no more. Returns the
    /// number of those whose client is still connected.
    pub fn expire(
        &mut self,
        now: Mono,
        limit: u64,
        returned: u64,
        is_connected: impl Fn(ConnId) -> bool,
    ) -> u64 {
        let mut count = 0;
        for update in &mut self.updates {
            if now.since(update.reply.since) < limit {
                break;
            }
            if update.wave > returned {
                (update.wave, update.is_late) = (0, true);
                count += u64::from(is_connected(update.reply.conn));
            }
        }
        count
    }

    /// The lookups for which a connection that has gone still waits. They end here.
    pub fn forget_lookups(&mut self, conn: ConnId) -> Vec<LookupId> {
        let its = self.lookups.iter().filter(|(_, reply)| reply.conn == conn);
        let its: Vec<LookupId> = its.map(|(id, _)| *id).collect();
        for id in &its {
            self.lookups.remove(id);
        }
        its
    }

    /// A client that was owed `count` replies has gone. Its updates are purged once they may make
    /// up half the queue, so that thousands of disconnects do not each scan it.
    pub fn forget_updates(&mut self, count: usize, is_connected: impl Fn(ConnId) -> bool) {
        self.orphans += count;
        if 2 * self.orphans >= self.updates.len() {
            self.updates.retain(|it| is_connected(it.reply.conn));
            self.orphans = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffers::ReplyQueue;

    fn reply(key: usize, since: u64) -> Waiting {
        Waiting {
            conn: ConnId::new(1, key),
            ticket: ReplyQueue::default().reserve(Vec::new()),
            since: Mono(since),
        }
    }

    #[test]
    fn an_update_waits_for_the_disk_and_for_the_herd() {
        let mut barriers = Barriers::default();
        barriers.await_update(reply(0, 0), 5, 0);
        barriers.await_update(reply(1, 0), 6, 2);
        assert_eq!(barriers.release(4, 9), None);
        assert_eq!(barriers.release(6, 1), Some((reply(0, 0), false)));
        assert_eq!(barriers.release(6, 1), None);
        assert_eq!(barriers.release(6, 2), Some((reply(1, 0), false)));
        assert!(!barriers.awaits_updates());
    }

    #[test]
    fn a_reply_that_is_late_no_longer_waits_for_the_herd_but_for_the_disk() {
        let mut barriers = Barriers::default();
        barriers.await_update(reply(0, 10), 1, 1);
        barriers.await_update(reply(1, 20), 2, 1);
        assert_eq!(barriers.waits_for_wave_since(0), Some(Mono(10)));
        assert_eq!(barriers.expire(Mono(25), 10, 0, |_| true), 1);
        assert_eq!(barriers.waits_for_wave_since(0), Some(Mono(20)));
        assert_eq!(barriers.release(0, 0), None);
        assert_eq!(barriers.release(2, 0), Some((reply(0, 10), true)));
        assert_eq!(barriers.release(2, 0), None);
    }

    #[test]
    fn replies_of_clients_that_have_gone_are_purged_at_half() {
        let mut barriers = Barriers::default();
        for key in 0..3 {
            barriers.await_update(reply(key, 0), 1, 0);
        }
        let left = [0, 1, 2].map(|gone| {
            barriers.forget_updates(1, |conn| conn.key() > gone);
            barriers.updates.len()
        });
        assert_eq!(left, [3, 1, 0]);
    }

    #[test]
    fn a_lookup_ends_once() {
        let mut barriers = Barriers::default();
        let [first, second] = [0, 1].map(|key| barriers.await_lookup(reply(key, 0)));
        assert_ne!(first, second);
        assert_eq!(barriers.forget_lookups(ConnId::new(1, 0)), [first]);
        assert_eq!(barriers.end_lookup(first), None);
        assert_eq!(barriers.end_lookup(second), Some(reply(1, 0)));
        assert_eq!(barriers.lookups(), 0);
    }
}
