//! What a node holds at this moment, in numbers: for whoever watches that it keeps its limits and
//! loses nothing.

use super::{Journal, JournalState, JournalStatus, Node, journal_line};
use crate::units::ConnId;

/// Everything that could leak, counted, and what convergence is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Connections, clients' and links.
    pub sessions: usize,
    /// Deadlines that are set, but for the journal's: that comes and goes with what is written.
    pub timers: usize,
    /// Lookups that somebody waits for.
    pub lookups: usize,
    /// Replies that `--ack herd` sent before every server had answered, since the start.
    pub acks_late: u64,
    /// Changes that the feed has numbered.
    pub changes: u64,
    /// Clients in the table.
    pub records: u64,
    /// The sum of the records' hashes.
    pub digest: u64,
}

/// What one connection costs, in bytes unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnStats {
    /// Read, but not obeyed.
    pub unread: usize,
    /// To be written.
    pub unsent: usize,
    /// Replies behind one that waits.
    pub held: usize,
    /// Requests in the reply queue.
    pub replies: usize,
    /// Those of them that wait for a lookup.
    pub lookups: usize,
}

impl Node {
    /// All of it, counted.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            sessions: self.sessions.iter().count(),
            timers: self.timers.len()
                - usize::from(self.journal.as_ref().is_some_and(Journal::is_timed)),
            lookups: self.lookups.len(),
            acks_late: self.acks_late(),
            changes: self.table.feed.last(),
            records: self.table.count(),
            digest: self.table.digest(),
        }
    }

    /// How the journal is.
    pub fn journal_status(&self) -> JournalStatus {
        let (journal, size) = (self.journal.as_ref(), self.account.journal);
        JournalStatus {
            state: journal.map_or(JournalState::Off, |it| it.state(&size)),
            size,
            live_bytes: journal_line::length(self.table.count(), self.table.bytes()),
            synced: journal.and_then(Journal::synced_at),
        }
    }

    /// What a connection costs; none if it is gone.
    pub fn conn_stats(&self, conn: ConnId) -> Option<ConnStats> {
        self.sessions.get(conn).map(|session| ConnStats {
            unread: session.lines.len(),
            unsent: session.outbox.len(),
            held: session.replies.held(),
            replies: session.replies.len(),
            lookups: session.lookups,
        })
    }
}
