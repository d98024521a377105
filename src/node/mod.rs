//! The server, without I/O: every decision and every buffer, and no socket, clock, thread or log
//! sink. It runs under the mio loop, in the simulator and wherever else a test puts it.
//!
//! In: [`Node::handle`] is told a fact and what time it is. Out: [`Node::poll_action`] says what
//! the shell is to do, until there is nothing; [`Node::unsent`] and [`Node::advance`] hand over
//! the bytes; [`Node::poll_timeout`] says when to come back with a [`Event::Tick`]. A shell calls
//! them in that order, turn after turn:
//!
//! ```
//! use herd::limits::Limits;
//! use herd::node::{Ack, Action, Config, Door, Event, Node};
//! use herd::units::{ConnId, Mono, Now, Wall};
//!
//! let mut node = Node::new(Config {
//!     name: "Goloman".into(),
//!     version: "1.0".into(),
//!     run: 1,
//!     seed: 1,
//!     neighbours: vec![],
//!     ack: Ack::Local,
//!     journal: None,
//!     secret: None,
//!     level: None,
//!     limits: Limits::default(),
//! });
//! let now = Now { mono: Mono(0), wall: Wall(1_500_000_000) };
//! let conn = ConnId::new(1, 0);
//! let from = ([127, 0, 0, 1], 40_000).into();
//! node.handle(now, Event::Accepted { conn, door: Door::Clients, from });
//! node.handle(now, Event::Received { conn, bytes: b"IAMAT kiwi +1-2 1.25\nhello\n" });
//! assert_eq!(node.poll_action(), Some(Action::Flush(conn)));
//! assert_eq!(node.unsent(conn), b"AT Goloman +0.250000000 kiwi +1-2 1.25\n? hello\n");
//! ```
//!
//! Nothing fails: a stranger's bytes end at worst their own connection, and a fact about a name
//! that is no longer known changes nothing.
//!
//! [`Node`] is only the surface. It stands above its parts, and no part knows it. Each folder is a
//! heading of the [protocol page](crate::guide::protocol):
//!
//! - `conn`: connections, whatever they are for
//! - `clients`: what clients may say
//! - `links`: the neighbours
//! - `ack`: what replies wait for
//! - `journal`: the follower that writes
//! - `watch`: the followers that hear of each change
//! - `admin`: the status and the end
//!
//! `events.rs` is where each fact arrives, and `turn.rs` what happens once per turn.

mod ack;
mod admin;
mod api;
mod clients;
mod clocks;
mod conn;
mod context;
mod effects;
mod events;
mod hangup;
mod journal;
mod links;
mod log_lines;
mod parts;
mod random;
mod timer;
mod turn;
mod watch;

pub use admin::{ConnStats, Counts, Inspector, LinkStats, LoopMetrics, Recent, Snapshot};
pub use api::{Ack, Action, Config, Door, Event, LookupError, Neighbour, Query, Refusal, Remote};
pub use journal::{
    Fsync, JournalEvent, JournalSize, JournalState, JournalStatus, JournalTask, Lost, Replay,
};
pub use log_lines::{Level, LogLines};

use crate::limits::Limit;
use crate::units::{ConnId, Mono, Now};
use conn::{Session, Sessions};
use journal::Journal;
use links::{outgoing, reload};
use parts::Parts;

/// One server of the herd.
#[derive(Debug)]
pub struct Node {
    sessions: Sessions,
    parts: Parts,
    /// [`Action::Stop`] was said.
    stopped: bool,
}

impl Node {
    /// A node that knows nothing; its neighbours are dialled at the first tick.
    pub fn new(config: Config) -> Node {
        Node {
            sessions: Sessions::default(),
            parts: Parts::new(config),
            stopped: false,
        }
    }

    /// Takes in a fact.
    pub fn handle(&mut self, now: Now, event: Event<'_>) {
        let (all, parts) = (&mut self.sessions, &mut self.parts);
        parts.cx.set_now(now);
        match event {
            Event::Accepted { conn, door, from } => events::accepted(conn, door, from, all, parts),
            Event::Received { conn, bytes } => events::received(conn, bytes, all, parts),
            Event::Ended { conn } => events::ended(conn, all, parts),
            Event::Broken { conn, why } => hangup::gone(conn, &why, all, parts),
            Event::Resolved { peer, addresses } => {
                let peer = parts.links.peer_mut(peer);
                peer.resolved(addresses, &mut parts.cx);
            }
            Event::Linked { peer, neighbour } => reload::link(peer, neighbour, parts),
            Event::Unlinked { peer } => reload::unlink(peer, all, parts),
            Event::Secrets(secrets) => parts.cx.me.secret = Some(secrets),
            Event::Dialled { peer, conn } => outgoing::connected(peer, conn, all, parts),
            Event::DialFailed { peer, why } => {
                parts.links.peer_mut(peer).dial_failed(&why, &mut parts.cx);
            }
            Event::LookedUp { id, answer } => events::looked_up(id, answer, all, parts),
            Event::LoopMetrics(metrics) => parts.metrics = metrics,
            Event::Journal(event) => events::journal(event, parts),
            Event::Tick => turn::tick(all, parts),
            Event::Shutdown => events::shut_down(all, parts),
        }
        hangup::close_pending(all, parts);
    }

    /// The next thing that the shell is to do; none: everything is done until the next event.
    /// Changes for the neighbours come before replies, and so do lines for the journal. Watchers
    /// come last.
    pub fn poll_action(&mut self) -> Option<Action> {
        let (all, parts) = (&mut self.sessions, &mut self.parts);
        while std::mem::take(&mut parts.cx.effects.news) {
            turn::pump(all, parts);
        }
        if let Some(action) = parts.cx.effects.actions.pop_front() {
            return Some(action);
        }
        if let Some(conn) = turn::next_to_flush(&mut parts.cx.effects.links_to_flush, all) {
            return Some(Action::Flush(conn));
        }
        if let Some(journal) = &mut parts.journal
            && let Some(task) = journal.before_replies(&mut parts.store, &parts.cx.limits)
        {
            return Some(Action::Journal(task));
        }
        if let Some(conn) = turn::next_to_flush(&mut parts.cx.effects.clients_to_flush, all) {
            return Some(Action::Flush(conn));
        }
        if parts.watchers.take_due() {
            watch::pump(all, parts);
        }
        if let Some(conn) = turn::next_to_flush(&mut parts.cx.effects.watchers_to_flush, all) {
            return Some(Action::Flush(conn));
        }
        if !self.stopped && turn::is_over(all, parts) {
            self.stopped = true;
            return Some(Action::Stop);
        }
        parts.cx.effects.end_turn();
        let journal = parts.journal.as_mut();
        let (store, limits) = (&mut parts.store, &parts.cx.limits);
        (parts.cx.effects.actions.pop_front())
            .or_else(|| Some(Action::Journal(journal?.after_replies(store, limits)?)))
    }

    /// When the next `Tick` is due; an earlier one does no harm.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let Parts {
            cx,
            store,
            journal,
            watchers,
            ..
        } = &self.parts;
        let is_due = cx.effects.has_backlog()
            || journal.as_ref().is_some_and(Journal::is_catching_up)
            || watchers.have_more(&self.sessions, &store.feed, &cx.limits);
        match is_due {
            true => Some(cx.now.mono),
            false => cx.timers.next(),
        }
    }

    /// The bytes to write to a connection, in order; none if it is gone.
    pub fn unsent(&self, conn: ConnId) -> &[u8] {
        self.sessions.get(conn).map_or(&[], Session::unsent)
    }

    /// The socket took `count` bytes of `unsent`; 0: it took none. A link may have more to write
    /// then: the shell looks at `unsent` again, for no [`Action::Flush`] says so.
    pub fn advance(&mut self, now: Now, conn: ConnId, count: usize) {
        self.parts.cx.set_now(now);
        events::written(conn, count, &mut self.sessions, &mut self.parts);
        hangup::close_pending(&mut self.sessions, &mut self.parts);
    }

    /// A client that the shell may close so that another can come in, and for how many nanoseconds
    /// it has been idle: the longest among those that were looked at. `None`: no client has been.
    pub fn idlest_client(&mut self, now: Now) -> Option<(ConnId, u64)> {
        let limits = &self.parts.cx.limits;
        self.sessions.idlest_client(now.mono, limits)
    }

    /// The lines of the log that the shell has not written yet.
    pub fn log(&mut self) -> &mut LogLines {
        &mut self.parts.cx.log
    }

    /// Counts a limit that the shell met.
    pub fn hit(&mut self, limit: Limit) {
        self.parts.cx.hit(limit);
    }

    /// The events since the start.
    pub fn counts(&self) -> Counts {
        self.parts.cx.counters.counts
    }

    /// A view of what the node holds.
    pub fn inspect(&self) -> Inspector<'_> {
        Inspector::new(&self.sessions, &self.parts)
    }

    /// All of the journal was replayed.
    pub fn replayed(&mut self) {
        if let Some(journal) = &mut self.parts.journal {
            journal.replayed(&mut self.parts.store.feed);
        }
    }

    /// The lines for the last [`JournalTask::Append`]: whole lines.
    pub fn journal_text(&self) -> &[u8] {
        self.parts.journal.as_ref().map_or(&[], Journal::text)
    }
}

/// Before anything else happens, the journal is read.
impl Replay for Node {
    fn look_ahead(&self, bytes: &[u8]) {
        self.parts.store.look_ahead(bytes);
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
        let at = journal::replay(&mut self.parts.store, line)?;
        self.parts.cx.clocks.replayed(at);
        Ok(())
    }
}
