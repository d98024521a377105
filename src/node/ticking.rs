//! What happens at a deadline, and to those that were over their budget.

use super::Node;
use super::journal::{Context, JournalEvent};
use crate::limits::Limit;
use crate::units::{ConnId, LookupId, PeerId};

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The link to a neighbour is to be dialled, or does not answer.
    Link(PeerId),
    /// The next MARK.
    Beat(PeerId),
    /// Who came in at the servers' door is silent.
    Silent(ConnId),
    /// Who was refused has had time enough to read it.
    Linger(ConnId),
    /// A client may have kept us waiting for too long.
    Patience(ConnId),
    /// A lookup takes too long.
    Lookup(LookupId),
    /// A reply has waited for the herd for too long.
    Ack,
    /// The journal is to be made safe, or to be tried again.
    Journal,
    /// We have been ending for too long.
    Grace,
}

impl Node {
    /// A turn has come: deadlines go off, and who has lines left goes on with them.
    pub(super) fn tick(&mut self) {
        while let Some(timer) = self.timers.expired(self.now.mono) {
            match timer {
                Timer::Link(peer) => self.link_timer(peer),
                Timer::Beat(peer) => self.beat(peer),
                Timer::Silent(conn) => {
                    self.hits.add(Limit::dead);
                    self.close(conn, "silent for too long");
                }
                Timer::Linger(conn) => self.farewell(conn),
                Timer::Patience(conn) => self.lose_patience(conn),
                Timer::Lookup(id) => self.lookup_late(id),
                Timer::Ack => self.ack_late(),
                Timer::Journal => {
                    if let Some(journal) = &mut self.journal {
                        journal.on_timer();
                    }
                }
                Timer::Grace => {
                    self.hits.add(Limit::grace);
                    self.stop();
                }
            }
        }
        if let Some(journal) = &mut self.journal {
            journal.begin_turn();
        }
        for _ in 0..std::mem::take(&mut self.behind_due) {
            let Some(conn) = self.behind.pop_front() else {
                break;
            };
            if let Some(session) = self.sessions.get_mut(conn) {
                session.queued = false;
                self.obey(conn, &[]);
            }
        }
    }

    /// The shell reports on a task of the journal's.
    pub(super) fn journal_event(&mut self, event: JournalEvent) {
        let cx = Context {
            now: self.now,
            limits: &self.limits,
            timers: &mut self.timers,
            notes: &mut self.notes,
        };
        if let Some(journal) = &mut self.journal
            && journal.on_event(event, &mut self.table.feed, cx)
        {
            self.release_replies();
        }
    }
}
