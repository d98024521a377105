//! Effects are values: the actions of the shell, in the order in which it must carry them out, and
//! the connections that the node itself still has to close or resume.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::api::Action;
use super::conn::{Kind, Session};
use crate::units::ConnId;

/// The effects of a turn.
#[derive(Debug, Default)]
pub struct Effects {
    /// Actions for the shell, except flushes.
    pub actions: VecDeque<Action>,
    /// Links with new bytes. They are flushed before the clients, so that news is on its way to
    /// the neighbours before its client knows that it was heard.
    pub links_to_flush: VecDeque<ConnId>,
    pub clients_to_flush: VecDeque<ConnId>,
    /// Watchers come last.
    pub watchers_to_flush: VecDeque<ConnId>,
    /// Connections to close after this event, each with the reason for the log.
    pub closing: VecDeque<(ConnId, Cow<'static, str>)>,
    /// The feed has changes that no follower was offered, or a reply may be released.
    pub news: bool,
    /// A follower has had its share of this turn: it is offered the rest in the next one.
    pub news_in_next_turn: bool,
    /// Connections with lines that wait for the next turn, and the number of those whose turn it
    /// is. The others were added in this turn, and have had its budget.
    backlog: VecDeque<ConnId>,
    backlog_due: usize,
}

impl Effects {
    /// Has the shell write to a connection, if there are bytes for it.
    pub fn flush(&mut self, session: &mut Session) {
        if session.in_flush_queue || session.output.outbox.is_empty() {
            return;
        }
        session.in_flush_queue = true;
        match session.kind {
            Kind::Client => self.clients_to_flush.push_back(session.id),
            Kind::Watcher => self.watchers_to_flush.push_back(session.id),
            _ => self.links_to_flush.push_back(session.id),
        }
    }

    /// Closes a connection after the event that is being handled.
    pub fn close_later(&mut self, conn: ConnId, why: impl Into<Cow<'static, str>>) {
        self.closing.push_back((conn, why.into()));
    }

    /// Lets a connection go on with its lines in the next turn.
    pub fn resume_later(&mut self, session: &mut Session) {
        if !std::mem::replace(&mut session.input.in_backlog_queue, true) {
            self.backlog.push_back(session.id);
        }
    }

    /// Everything was done: connections with a backlog have their turn at the next tick.
    pub fn end_turn(&mut self) {
        self.backlog_due = self.backlog.len();
    }

    /// The next connection whose backlog has its turn.
    pub fn next_backlog(&mut self) -> Option<ConnId> {
        self.backlog_due = self.backlog_due.checked_sub(1)?;
        self.backlog.pop_front()
    }

    /// Whether a connection or a follower waits for the next turn.
    pub fn has_backlog(&self) -> bool {
        self.news_in_next_turn || !self.backlog.is_empty()
    }
}
