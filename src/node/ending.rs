//! The end of a server: the doors are closed, answers that are owed are given, what was heard is
//! told, and then it stops; after the grace, whatever is still owed.

use super::notes::Level;
use super::peer::Tell;
use super::session::Role;
use super::{Action, Node, Timer};
use crate::units::{ConnId, PeerId};

impl Node {
    /// Ends: nothing more is read from clients, but what they are owed is given, and what was
    /// heard is told.
    pub(super) fn shut_down(&mut self) {
        if self.ending {
            return;
        }
        self.ending = true;
        self.note(Level::Info, format_args!("ending"));
        self.timers
            .set(Timer::Grace, self.now.mono + self.limits.grace);
        let all: Vec<(ConnId, Role)> = self
            .sessions
            .iter()
            .map(|session| (session.id, session.role))
            .collect();
        for (conn, role) in all {
            match role {
                Role::Client | Role::Stranger | Role::Asker | Role::Greeted(_) => {
                    self.dismiss(conn);
                }
                Role::Telling(peer) if self.peers[peer.index()].tell != Tell::Up(conn) => {
                    self.close(conn, "ending");
                }
                Role::Telling(_) | Role::Hearing(_) | Role::Plain(_) => {}
            }
        }
    }

    /// Ends the links on which all is told, and everything when nobody is owed anything.
    pub(super) fn end_if_quiet(&mut self) {
        if self.holds_replies() {
            return;
        }
        for index in 0..self.peers.len() {
            let Tell::Up(conn) = self.peers[index].tell else {
                continue;
            };
            if self.table.feed.is_at_end(PeerId(index as u8)) {
                // Not closed at once: what it has said and we have not read would reset the
                // connection, and destroy what is still under way to it.
                self.dismiss(conn);
            }
        }
        let first = self.limits.redial_first;
        let calls = (0..self.peers.len() as u8).map(PeerId).any(|id| {
            let peer = &self.peers[id.index()];
            let idle = peer.plain && peer.tell.conn().is_none();
            idle && peer.backoff == first && self.has_news(id)
        });
        let is_quiet = !calls
            && self.sessions.iter().all(|session| match session.role {
                Role::Hearing(_) => session.outbox.is_empty(),
                _ => false,
            });
        if is_quiet && (self.journal.as_mut()).is_none_or(|it| it.is_settled()) {
            self.stop();
        }
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.note(Level::Info, format_args!("ended"));
        self.actions.push_back(Action::Stop);
    }
}
