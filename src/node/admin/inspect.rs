//! A view of what a node holds, for whoever watches that it keeps its limits and loses nothing.

use super::metrics::{ConnStats, LinkStats, Snapshot};
use crate::limits::{Limit, Limits};
use crate::node::api::Remote;
use crate::node::conn::{Kind, Sessions, timeouts};
use crate::node::context::Timer;
use crate::node::journal::{self, JournalStatus};
use crate::node::links::{Link, Peer};
use crate::node::parts::Parts;
use crate::units::{ConnId, Mono};
use crate::wire::Position;

/// A node, to look at.
#[derive(Debug)]
pub struct Inspector<'a> {
    sessions: &'a Sessions,
    parts: &'a Parts,
}

impl<'a> Inspector<'a> {
    pub(crate) fn new(sessions: &'a Sessions, parts: &'a Parts) -> Inspector<'a> {
        Inspector { sessions, parts }
    }

    /// The present contents of the node, counted.
    pub fn snapshot(&self) -> Snapshot {
        let Parts { cx, acks, .. } = self.parts;
        let has_journal_timer = cx.timers.is_set(Timer::Journal);
        Snapshot {
            sessions: self.sessions.iter().count(),
            timers: cx.timers.count() - usize::from(has_journal_timer),
            lookups: acks.barriers.lookups(),
        }
    }

    /// The contents of a connection; none if it is gone.
    pub fn conn_stats(&self, conn: ConnId) -> Option<ConnStats> {
        let session = self.sessions.get(conn)?;
        let output = &session.output;
        Some(ConnStats {
            unread: session.input.lines.len(),
            unsent: output.outbox.len(),
            held: output.replies.held(),
            replies: output.replies.len(),
            lookups: output.lookups as usize,
        })
    }

    /// The replies of a connection that are queued, in order: the bytes of each that are known, and
    /// whether it is complete.
    pub fn slots(&self, conn: ConnId) -> Vec<(usize, bool)> {
        let session = self.sessions.get(conn);
        session.map_or(Vec::new(), |it| it.output.replies.slots())
    }

    /// Whether a connection is on the list of those that go on with their lines in the next turn.
    pub fn has_backlog(&self, conn: ConnId) -> bool {
        let session = self.sessions.get(conn);
        session.is_some_and(|it| it.input.in_backlog_queue)
    }

    /// When the next time-out of a client or a watcher is, and which limit it exceeds then.
    pub fn deadline(&self, conn: ConnId) -> Option<(Mono, Limit)> {
        timeouts::deadline(self.sessions.get(conn)?, self.limits())
    }

    /// Whether a connection is a watcher's.
    pub fn is_watcher(&self, conn: ConnId) -> bool {
        let session = self.sessions.get(conn);
        session.is_some_and(|it| matches!(it.kind, Kind::Watcher))
    }

    /// The other end of a connection; none if it is gone.
    pub fn remote(&self, conn: ConnId) -> Option<Remote> {
        let session = self.sessions.get(conn)?;
        let neighbour = session.peer().map(Remote::Neighbour);
        neighbour.or(session.from.map(Remote::Address))
    }

    /// The name of a neighbour, or an address.
    pub fn name(&self, remote: Remote) -> String {
        match remote {
            Remote::Address(from) => from.to_string(),
            Remote::Neighbour(id) => self.parts.links.peer(id).name.clone(),
        }
    }

    /// The names of the neighbours, by their places.
    pub fn neighbours(&self) -> Vec<String> {
        let links = self.parts.links.iter();
        links.map(|peer| peer.name.clone()).collect()
    }

    /// How far each neighbour was told our changes.
    pub fn links(&self) -> Vec<LinkStats> {
        let stats = |peer: &Peer| LinkStats {
            name: peer.name.clone(),
            conn: match peer.outgoing.state {
                Link::Up(conn) | Link::Closing(conn) => Some(conn),
                _ => None,
            },
            sent_seq: peer.outgoing.sent_seq,
            acked_seq: peer.outgoing.acked_seq,
        };
        self.parts.links.iter().map(stats).collect()
    }

    /// The limits that bound it.
    pub fn limits(&self) -> &'a Limits {
        &self.parts.cx.limits
    }

    /// How many lines of connections were handled since the start.
    pub fn handled(&self) -> u64 {
        self.parts.cx.counters.lines
    }

    /// Every AT line of the table, in the order of their bytes.
    pub fn lines(&self) -> Vec<&'a [u8]> {
        self.parts.store.lines()
    }

    /// The number of records and their digest, with the number of the last change.
    pub fn table(&self) -> Position {
        let store = &self.parts.store;
        store.position(store.feed.last())
    }

    /// A bit for each neighbour to which the link is up.
    pub fn links_up(&self) -> u64 {
        self.parts.links.up()
    }

    /// By how many nanoseconds each neighbour's clock is ahead of ours, as far as that is too much.
    pub fn skews(&self) -> Vec<Option<i128>> {
        let links = self.parts.links.iter();
        links.map(|peer| peer.outgoing.skew.found()).collect()
    }

    /// How the journal is.
    pub fn journal_status(&self) -> JournalStatus {
        let Parts { journal, store, .. } = self.parts;
        journal::status(journal.as_ref(), store, self.parts.metrics.journal)
    }

    /// How often each limit was met since the start; none that never was.
    pub fn limits_hit(&self) -> impl Iterator<Item = (&'static str, u64)> + use<'a> {
        self.parts.cx.counters.hits.iter()
    }
}
