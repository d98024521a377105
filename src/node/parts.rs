//! The parts of a node besides its connections, side by side. A handler of a connection gets that
//! connection and the parts; an inner function gets only what it uses.

use std::fmt;

use super::ack::Acks;
use super::admin::LoopMetrics;
use super::api::Config;
use super::conn::{Kind, Session};
use super::context::{Context, Level};
use super::journal::Journal;
use super::links::Links;
use super::watch::Watchers;
use crate::store::Store;

/// The parts of a node besides its connections.
#[derive(Debug)]
pub struct Parts {
    pub cx: Context,
    pub store: Store,
    pub links: Links,
    pub acks: Acks,
    pub journal: Option<Journal>,
    pub watchers: Watchers,
    /// The last metrics of the shell.
    pub metrics: Box<LoopMetrics>,
}

impl Parts {
    /// The parts of a node that knows nothing.
    pub fn new(mut config: Config) -> Parts {
        let neighbours = std::mem::take(&mut config.neighbours);
        let fsync = config.journal;
        let mut cx = Context::new(config);
        let mut store = Store::new(&cx.limits);
        let links = Links::new(neighbours, &mut store.feed, &mut cx);
        let journal = fsync.map(|fsync| Journal::new(fsync, store.feed.follow()));
        let synced = journal.as_ref().map_or(u64::MAX, Journal::durable);
        Parts {
            cx,
            store,
            links,
            acks: Acks::new(synced),
            journal,
            watchers: Watchers::default(),
            metrics: Box::default(),
        }
    }

    /// How much the lines of a connection matter: little in a handshake that failed before and is
    /// tried again and again.
    pub fn level(&self, session: &Session) -> Level {
        let is_stuck = match session.kind {
            Kind::Outgoing(id) => {
                let peer = self.links.peer(id);
                peer.outgoing.state.is_handshake() && peer.redial.is_stuck
            }
            Kind::Incoming(id) => return self.links.peer(id).incoming.level(),
            Kind::Challenged => session.peer().is_some_and(|id| {
                let incoming = &self.links.peer(id).incoming;
                incoming.is_doubted || incoming.level() == Level::Debug
            }),
            Kind::Client | Kind::Unidentified | Kind::Watcher | Kind::Foreign(_) => false,
        };
        if is_stuck { Level::Debug } else { Level::Info }
    }

    /// Sends a line, given without LF, to a connection at the servers' door.
    pub fn say(&mut self, session: &mut Session, line: fmt::Arguments<'_>) {
        self.say_at(self.level(session), session, line);
    }

    /// Sends a line that is logged at `level`.
    pub fn say_at(&mut self, level: Level, session: &mut Session, line: fmt::Arguments<'_>) {
        session.output.outbox.borrow(&mut self.cx.pools.outboxes);
        let peer = session.peer();
        let line = session.output.outbox.push_line(line);
        if let Some(peer) = peer {
            let name = &self.links.peer(peer).name;
            self.cx.log.line(level, name, '>', line);
        }
        self.cx.effects.flush(session);
    }

    /// Logs a line that comes from (`<`) or goes to (`>`) a connection.
    pub fn log_line(&mut self, session: &Session, way: char, line: &[u8]) {
        self.log_line_at(self.level(session), session, way, line);
    }

    /// Logs such a line at `level`.
    pub fn log_line_at(&mut self, level: Level, session: &Session, way: char, line: &[u8]) {
        if !self.cx.log.has(level) {
            return;
        }
        match (session.peer(), session.from) {
            (Some(peer), _) => {
                let name = &self.links.peer(peer).name;
                self.cx.log.line(level, name, way, line);
            }
            (None, Some(from)) => self.cx.log.client(level, from, way, line),
            (None, None) => {}
        }
    }

    /// Warns about a connection, at most once in a while. False: not now.
    pub fn warn(&mut self, session: &Session, why: &str) -> bool {
        self.complain(Level::Warn, session, why)
    }

    /// Says that a report on this connection is lost, at most once in a while.
    pub fn report_loss(&mut self, session: &Session, why: &str) {
        self.complain(Level::Error, session, why);
    }

    fn complain(&mut self, level: Level, session: &Session, why: &str) -> bool {
        let (now, gap) = (self.cx.now.mono, self.cx.limits.warning_gap);
        let (who, warnings) = self.links.who(session);
        let permit = warnings.permit(now, gap);
        if let Some(before) = &permit {
            let line = format_args!("{who}: {why}{before}");
            self.cx.log.write(level, line);
        }
        permit.is_some()
    }
}
