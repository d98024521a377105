//! The server, without I/O: every decision and every buffer, and no socket, clock, thread or log
//! sink. It runs under the mio loop, and the same type runs wherever else a test puts it.
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
//! that is not known any more changes nothing.

mod census;
mod clients;
mod ending;
mod event;
mod feed;
mod flow;
mod hearing;
mod holding;
mod index;
mod journal;
mod lookups;
mod notes;
mod patience;
mod peer;
mod plain;
mod random;
mod relink;
mod secret;
mod session;
mod status;
mod table;
mod telling;
mod ticking;
mod waves;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

pub use census::{ConnStats, Snapshot};
pub use event::{Action, Config, Door, Event, Neighbour};
pub use journal::line as journal_line;
pub use journal::{
    Fsync, JournalEvent, JournalSize, JournalState, JournalStatus, JournalTask, Lost,
};
pub use lookups::{LookupError, Query};
pub use notes::Level;
pub use secret::{SECRET_BYTES_MIN, Secret};
pub use status::{Counts, LoopMetrics, Question, Recent};
pub use waves::Ack;

use crate::buffers::{BufferPool, Timers};
use crate::limits::{Hits, Limit, Limits, Throttle};
use crate::units::{ConnId, Mono, Now, PeerId};
use feed::CursorId;
use holding::Holding;
use journal::Journal;
use lookups::Lookups;
use notes::Notes;
use peer::Peer;
use random::Random;
use session::{Role, Session, Sessions};
use table::Table;
use ticking::Timer;
use waves::Waves;

/// One server of the herd.
#[derive(Debug)]
pub struct Node {
    name: String,
    run: u64,
    ack: Ack,
    secret: Option<Secret>,
    limits: Limits,
    /// How often each was met.
    hits: Hits,
    now: Now,
    sessions: Sessions,
    table: Table,
    peers: Vec<Peer>,
    /// Who came in at the servers' door and may be no neighbour still, in the order of coming.
    strangers: Vec<ConnId>,
    lookups: Lookups,
    waves: Waves,
    holding: Holding,
    journal: Option<Journal>,
    timers: Timers<Timer>,
    counts: Counts,
    /// What the shell last said of itself.
    account: Box<LoopMetrics>,
    notes: Notes,
    random: Random,
    /// What the shell is to do, but for flushing.
    actions: VecDeque<Action>,
    /// Links with new bytes: they are flushed before the clients, so that news is on its way to
    /// the neighbours before its client knows that it was heard.
    links_to_flush: VecDeque<ConnId>,
    clients_to_flush: VecDeque<ConnId>,
    /// Sessions that go on with the lines that they have, in the next turn.
    behind: VecDeque<ConnId>,
    /// So many of them stood there when this turn began. The others have had its budget.
    behind_due: usize,
    /// The feed has changes that no link was offered yet, or a wave may begin.
    news: bool,
    /// Throttle about those who are no neighbours.
    warnings: Throttle,
    ending: bool,
    stopped: bool,
    /// The memory of outboxes that are empty now.
    spares: BufferPool,
    /// Likewise of line buffers, which are smaller.
    spare_lines: BufferPool,
    /// One reply, while it is made.
    scratch: Vec<u8>,
}

impl Node {
    /// A node that knows nothing; its neighbours are dialled at the first tick.
    pub fn new(config: Config) -> Node {
        let Config {
            name,
            run,
            secret,
            seed,
            neighbours,
            ack,
            journal,
            level,
            limits,
        } = config;
        assert!(
            neighbours.len() <= Limits::PRODUCT.neighbours,
            "the topology has a limit"
        );
        let marks_fit = 0 < limits.outbox_low && limits.outbox_low <= limits.outbox_high;
        assert!(marks_fit, "nothing paused would ever go on");
        let journal = journal.map(|fsync| Journal::new(fsync, CursorId::JOURNAL));
        let mut timers = Timers::default();
        for (index, neighbour) in neighbours.iter().enumerate() {
            // A plain one is dialled when there is something to tell, or its name to resolve.
            if !neighbour.plain || neighbour.addresses.is_empty() {
                timers.set(Timer::Link(PeerId(index as u8)), Mono(0));
            }
        }
        Node {
            name,
            run,
            ack,
            secret,
            now: Now::default(),
            sessions: Sessions::default(),
            table: Table::new(neighbours.len(), limits.records, limits.record_bytes),
            peers: neighbours
                .into_iter()
                .map(|n| Peer::new(n, limits.redial_first))
                .collect(),
            strangers: Vec::new(),
            lookups: Lookups::default(),
            waves: Waves::default(),
            holding: Holding::default(),
            journal,
            timers,
            counts: Counts::default(),
            account: Box::default(),
            notes: Notes::new(level),
            random: Random(seed),
            actions: VecDeque::new(),
            links_to_flush: VecDeque::new(),
            clients_to_flush: VecDeque::new(),
            behind: VecDeque::new(),
            behind_due: 0,
            news: false,
            warnings: Throttle::default(),
            ending: false,
            stopped: false,
            spares: BufferPool::new(limits.buffer_pool),
            spare_lines: BufferPool::new(limits.buffer_pool),
            scratch: Vec::new(),
            hits: Hits::default(),
            limits,
        }
    }

    /// Takes in a fact.
    pub fn handle(&mut self, now: Now, event: Event<'_>) {
        self.set_now(now);
        match event {
            Event::Accepted { conn, door, from } => self.accepted(conn, door, from),
            Event::Resolved { peer, addresses } => self.peers[peer.index()].addresses = addresses,
            Event::Linked { peer, neighbour } => self.linked(peer, neighbour),
            Event::Unlinked { peer } => self.unlinked(peer),
            Event::Dialled { peer, conn } => self.dialled(peer, conn),
            Event::DialFailed { peer, why } => self.dial_failed(peer, &why),
            Event::Received { conn, bytes } => self.obey(conn, bytes),
            Event::Ended { conn } => self.ended(conn),
            Event::Broken { conn, why } => self.gone(conn, &why),
            Event::LookedUp { id, answer } => self.looked_up(id, answer),
            Event::LoopMetrics(account) => self.account = account,
            Event::Journal(event) => self.journal_event(event),
            Event::Tick => self.tick(),
            Event::Shutdown => self.shut_down(),
        }
    }

    /// The next thing that the shell is to do; none: all is done until the next event. News for
    /// the links comes before replies, and so does what the journal is to keep.
    pub fn poll_action(&mut self) -> Option<Action> {
        if std::mem::take(&mut self.news) {
            self.refill_links();
        }
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        while let Some(conn) = self.links_to_flush.pop_front() {
            if let Some(session) = self.sessions.get_mut(conn) {
                session.flushing = false;
                return Some(Action::Flush(conn));
            }
        }
        if let Some(journal) = &mut self.journal
            && let Some(task) = journal.before_replies(&mut self.table, &self.limits)
        {
            return Some(Action::Journal(task));
        }
        while let Some(conn) = self.clients_to_flush.pop_front() {
            if let Some(session) = self.sessions.get_mut(conn) {
                session.flushing = false;
                session.released = session.outbox.len();
                return Some(Action::Flush(conn));
            }
        }
        if self.ending && !self.stopped {
            self.end_if_quiet();
        }
        self.behind_due = self.behind.len();
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let journal = self.journal.as_mut()?;
        let task = journal.after_replies(&mut self.table, &self.limits)?;
        Some(Action::Journal(task))
    }

    /// When the next `Tick` is due; one that comes earlier does no harm.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let journal_waits = !self.journal.as_ref().is_some_and(Journal::is_catching_up);
        if self.behind.is_empty() && journal_waits {
            self.timers.next()
        } else {
            Some(self.now.mono)
        }
    }

    /// What is to be written to a connection, in order; nothing if it is gone.
    pub fn unsent(&self, conn: ConnId) -> &[u8] {
        self.sessions
            .get(conn)
            .map_or(&[], |session| session.unsent())
    }

    /// `count` bytes of `unsent` were written, none if the socket took none. A link may have more
    /// to write then: who writes looks at `unsent` again, for no [`Action::Flush`] says so.
    pub fn advance(&mut self, now: Now, conn: ConnId, count: usize) {
        self.set_now(now);
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.outbox.advance(count);
        session.outbox.give_back(&mut self.spares);
        let left = !session.outbox.is_empty();
        session.patience.written(now.mono, count, left);
        session.released = session.released.saturating_sub(count);
        match session.role {
            Role::Telling(peer) => {
                self.refill(peer);
                self.send_waves();
            }
            Role::Greeted(peer) if session.greeted.is_none() && session.outbox.is_empty() => {
                session.role = Role::Hearing(peer);
            }
            _ => {}
        }
        self.settle(conn);
        if left {
            self.watch(conn);
        }
    }

    /// The lines of the log since the last [`Node::clear_log`].
    pub fn log_text(&self) -> &str {
        self.notes.text()
    }

    /// They are written.
    pub fn clear_log(&mut self) {
        self.notes.clear();
    }

    /// Every AT line of the table, in the order of their bytes.
    pub fn lines(&self) -> Vec<&[u8]> {
        self.table.lines()
    }

    /// A limit was met. The shell says so of its own.
    pub fn hit(&mut self, limit: Limit) {
        self.hits.add(limit);
    }

    /// How often each limit was met since the start; none that never was.
    pub fn limits_hit(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.hits.iter()
    }

    /// Takes in a line of the journal, given without its LF, before anything else happens.
    ///
    /// # Errors
    /// Why it is lost.
    pub fn replay(&mut self, line: &[u8]) -> Result<(), Lost> {
        journal::replay(&mut self.table, line)
    }

    /// All of the journal was replayed.
    pub fn replayed(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.replayed(&mut self.table.feed);
        }
    }

    /// The lines for the last [`JournalTask::Append`]: whole lines.
    pub fn journal_text(&self) -> &[u8] {
        self.journal.as_ref().map_or(&[], Journal::text)
    }

    fn accepted(&mut self, conn: ConnId, door: Door, from: SocketAddr) {
        let (role, name) = match door {
            Door::Clients => (Role::Client, "clients"),
            Door::Servers => (Role::Stranger, "servers"),
        };
        self.note(
            Level::Info,
            format_args!("{from} opened at the {name}' door"),
        );
        self.sessions.insert(Session::new(conn, Some(from), role));
        if role == Role::Stranger {
            self.timers
                .set(Timer::Silent(conn), self.now.mono + self.limits.dead);
            self.make_room(conn);
        }
        if self.ending {
            self.close(conn, "ending");
        }
    }

    fn set_now(&mut self, now: Now) {
        self.now = now;
        self.notes.set_time(now.wall);
    }

    fn note(&mut self, level: Level, line: fmt::Arguments<'_>) {
        self.notes.note(level, line);
    }
}
