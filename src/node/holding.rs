//! Replies that wait: until the herd has their update (`--ack herd`), until it is safe on the disk
//! (`--fsync always`), or both. They wait in the order in which they were made, and both come to
//! them in that order, so that who is first is always the first to go.

use std::collections::VecDeque;

use super::{Ack, Node, Timer};
use crate::buffers::Ticket;
use crate::units::{ConnId, Mono};

/// All of them.
#[derive(Debug, Default)]
pub struct Holding {
    queue: VecDeque<Held>,
    /// Of them, so many at most are of clients that have gone.
    gone: usize,
}

#[derive(Debug)]
struct Held {
    conn: ConnId,
    ticket: Ticket,
    since: Mono,
    /// The number of the wave that covers its update; 0: none is awaited.
    wave: u64,
    /// The change that is to be safe, if that is waited for.
    change: u64,
}

impl Holding {
    /// The newest wave that is awaited.
    pub fn wave(&self) -> u64 {
        self.queue.back().map_or(0, |held| held.wave)
    }

    /// How many at the front wait for no wave beyond that one.
    fn covered(&self, wave: u64) -> usize {
        self.queue.partition_point(|held| held.wave <= wave)
    }
}

impl Node {
    /// Sends what is in `scratch` when it may be: at once, mostly.
    pub(super) fn acknowledge(&mut self, conn: ConnId) {
        let safe = self.journal.as_ref().map_or(u64::MAX, |it| it.durable());
        // Also what repeats or is older: what it stands behind may not be safe yet.
        let waits = self.table.feed.last() > safe;
        if self.ack == Ack::Local && !waits {
            return self.reply(conn);
        }
        let line = std::mem::take(&mut self.scratch);
        self.note_line(conn, '>', &line);
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        let held = Held {
            conn,
            ticket: session.replies.reserve(line),
            since: self.now.mono,
            wave: match self.ack {
                Ack::Local => 0,
                Ack::Herd => self.waves.next(),
            },
            // Also if the journal fails: it may be sound before the herd has answered.
            change: self.table.feed.last(),
        };
        self.holding.queue.push_back(held);
        self.set_ack_timer();
        self.news = true;
    }

    /// Sends those for whom all is done.
    pub(super) fn release_replies(&mut self) {
        let safe = self.journal.as_ref().map_or(u64::MAX, |it| it.durable());
        let done = self.waves.done();
        let may_go = |held: &Held| held.wave <= done && held.change <= safe;
        while self.holding.queue.front().is_some_and(may_go) {
            let Some(Held { conn, ticket, .. }) = self.holding.queue.pop_front() else {
                break;
            };
            if let Some(session) = self.sessions.get_mut(conn) {
                session.replies.fill(ticket, b"", &mut session.outbox);
                self.flush(conn);
                self.settle(conn);
            }
        }
        self.set_ack_timer();
        // Those that are left wait for the next wave.
        self.news |= self.holds_replies();
    }

    /// Replies that have waited for the herd for too long do so no more. How many they are.
    pub(super) fn excuse_late(&mut self) -> u64 {
        let (now, most) = (self.now.mono, self.limits.ack_wait);
        let done = self.waves.done();
        let queue = self.holding.queue.iter_mut();
        let late = queue.take_while(|held| now.since(held.since) >= most);
        let late = late.filter(|held| held.wave > done);
        let excused = late.map(|held| {
            held.wave = 0;
            self.sessions.get(held.conn).is_some()
        });
        excused.filter(|is_there| *is_there).count() as u64
    }

    /// Whether replies wait.
    pub(super) fn holds_replies(&self) -> bool {
        !self.holding.queue.is_empty()
    }

    /// A client has gone, that had so many replies to come. They are taken out once half of those
    /// that wait are of such: thousands may go at once, and each would look at all.
    pub(super) fn forget_replies(&mut self, count: usize) {
        let Holding { queue, gone } = &mut self.holding;
        *gone += count;
        if 2 * *gone >= queue.len() {
            queue.retain(|held| self.sessions.get(held.conn).is_some());
            *gone = 0;
            self.set_ack_timer();
        }
    }

    /// The reply that has waited longest for the herd says when that is too long.
    fn set_ack_timer(&mut self) {
        if self.ack == Ack::Local {
            return;
        }
        let covered = self.holding.covered(self.waves.done());
        match self.holding.queue.get(covered) {
            Some(held) => self
                .timers
                .set(Timer::Ack, held.since + self.limits.ack_wait),
            None => self.timers.stop(Timer::Ack),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::limits::Limits;
    use crate::node::{Config, Door, Event, Fsync};
    use crate::units::Now;

    #[test]
    fn what_the_gone_wait_for_is_taken_out() {
        let mut node = Node::new(Config {
            name: "Goloman".into(),
            run: 1,
            seed: 1,
            neighbours: vec![],
            ack: Ack::Local,
            journal: Some(Fsync::Always),
            secret: None,
            level: None,
            limits: Limits::default(),
        });
        let now = Now::default();
        let clients = [0, 1, 2].map(|key| ConnId::new(1, key));
        for conn in clients {
            let (door, from) = (Door::Clients, SocketAddr::from(([127, 0, 0, 1], 40_000)));
            node.handle(now, Event::Accepted { conn, door, from });
            let bytes = b"IAMAT kiwi +1-2 1\n";
            node.handle(now, Event::Received { conn, bytes });
        }
        // No disk says that anything is safe.
        let waiting = clients.map(|conn| {
            let why = "reset".to_string();
            node.handle(now, Event::Broken { conn, why });
            node.holding.queue.len()
        });
        assert_eq!(waiting, [3, 1, 0]);
        assert!(!node.holds_replies());
    }
}
