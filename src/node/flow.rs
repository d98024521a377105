//! What happens to a connection, whatever it is for: its lines are obeyed, its replies are sent,
//! it is read or not, it ends.

use super::notes::Level;
use super::session::{Ending, Input, Role};
use super::{Action, Node, Timer};
use crate::buffers::Line;
use crate::limits::Limit;
use crate::units::ConnId;

impl Node {
    /// Obeys the lines of a connection: those it has kept, then those in `fresh`, as many as one
    /// turn allows and as there is room for the answers.
    pub(super) fn obey(&mut self, conn: ConnId, mut fresh: &[u8]) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if let Role::Plain(peer) = session.role {
            return self.chatter(conn, peer, fresh.len());
        }
        let line_max = session.line_max(&self.limits);
        // Taken out while its lines are obeyed, for that may change everything else.
        let mut lines = std::mem::take(&mut session.lines);
        // A link has no budget of lines: it is a neighbour's, and one read bounds it.
        let client = session.role == Role::Client;
        let most = if client {
            self.limits.lines_per_turn
        } else {
            usize::MAX
        };
        let mut budget = most;
        let behind = loop {
            let Some(session) = self.sessions.get(conn) else {
                return;
            };
            if session.input == Input::Dropped {
                lines.clear();
                fresh = &[];
                break false;
            }
            if budget == 0 {
                self.hits.add(Limit::lines_per_turn);
                break true;
            }
            if session.full(&self.limits).is_some() {
                break true;
            }
            match lines.next(&mut fresh, line_max) {
                Some(Line::Whole(line)) => self.obey_line(conn, line),
                Some(Line::Overlong(start)) => {
                    self.hits.add(match client {
                        true => Limit::client_line,
                        false => Limit::server_line,
                    });
                    self.refuse(conn, start, "the line is too long");
                }
                None => break false,
            }
            budget -= 1;
        };
        lines.keep(fresh, &mut self.spare_lines);
        let begun = client && !behind && !lines.is_empty();
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.lines = lines;
        session.behind = behind;
        if budget < most || !begun {
            session.patience.line_over();
        }
        if !behind && session.input == Input::Ended {
            self.obey_rest(conn);
        }
        self.settle(conn);
        if begun {
            self.await_line(conn);
        }
    }

    /// The other side has ended, and all its lines are obeyed. What a client left without LF is
    /// one, too. On a link it is the stump of a line whose time may have lost its last digits:
    /// the neighbour will tell it again.
    fn obey_rest(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.input = Input::Dropped;
        session.ending = Ending::Close;
        match session.lines.rest() {
            Some(rest) if session.role == Role::Client => self.client_line(conn, &rest),
            _ => {}
        }
    }

    fn obey_line(&mut self, conn: ConnId, line: &[u8]) {
        let role = self.sessions.get(conn).map(|session| session.role);
        if role == Some(Role::Client) {
            return self.client_line(conn, line);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match role {
            Some(Role::Stranger) => self.stranger_line(conn, line),
            Some(Role::Asker) => self.asker_line(conn, line),
            Some(Role::Greeted(peer)) => self.greeted_line(conn, peer, line),
            Some(Role::Hearing(peer)) => self.hearing_line(conn, peer, line),
            Some(Role::Telling(peer)) => self.telling_line(conn, peer, line),
            Some(Role::Client | Role::Plain(_)) | None => {}
        }
    }

    /// The other side will say no more. Who only hears, and is owed an answer, still gets it; a
    /// link that cannot answer is of no use.
    pub(super) fn ended(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.ending == Ending::Lingering {
            return self.farewell(conn);
        }
        if matches!(session.role, Role::Telling(_) | Role::Plain(_)) {
            return self.close(conn, "ended by the neighbour");
        }
        if session.input == Input::Open {
            session.input = Input::Ended;
            if !session.behind {
                self.obey_rest(conn);
            }
        } else {
            session.ending = Ending::Close;
        }
        self.settle(conn);
    }

    /// A session has changed: does it go on, is it read, is it done?
    pub(super) fn settle(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        let full = session.full(&self.limits);
        if session.behind && full.is_none() && !session.queued {
            session.queued = true;
            self.behind.push_back(conn);
        }
        let pause = session.input == Input::Open && (full.is_some() || session.behind);
        let turned = pause != session.paused;
        if turned {
            session.paused = pause;
            session.patience.turned(self.now.mono);
            if let Some(limit) = full.filter(|_| pause) {
                self.hits.add(limit);
            }
            self.actions.push_back(if pause {
                Action::Pause(conn)
            } else {
                Action::Resume(conn)
            });
        }
        if session.owes_nothing() {
            match session.ending {
                Ending::None | Ending::Lingering => {}
                Ending::Close if session.role == Role::Client => self.close(conn, "done"),
                Ending::Close => self.close(conn, "ended by the neighbour"),
                Ending::Linger => {
                    session.ending = Ending::Lingering;
                    self.actions.push_back(Action::Finish(conn));
                    self.timers
                        .set(Timer::Linger(conn), self.now.mono + self.limits.linger);
                }
            }
        }
        if turned {
            self.watch(conn);
        }
    }

    /// There are bytes for the shell to write.
    pub(super) fn flush(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.flushing || session.outbox.is_empty() {
            return;
        }
        session.flushing = true;
        match session.role {
            Role::Client => self.clients_to_flush.push_back(conn),
            _ => self.links_to_flush.push_back(conn),
        }
    }

    /// Has the shell close a connection.
    pub(super) fn close(&mut self, conn: ConnId, why: &str) {
        if self.sessions.get(conn).is_some() {
            self.actions.push_back(Action::Close(conn));
            self.gone(conn, why);
        }
    }

    /// Forgets a connection and what it waited for.
    pub(super) fn gone(&mut self, conn: ConnId, why: &str) {
        let Some(session) = self.sessions.remove(conn) else {
            return;
        };
        self.timers.stop(Timer::Silent(conn));
        self.timers.stop(Timer::Linger(conn));
        self.forget_patience(&session);
        while let Some(id) = self.lookups.of(conn) {
            self.forget(id);
        }
        if !session.replies.is_empty() {
            self.forget_replies(session.replies.len());
        }
        match session.role {
            Role::Telling(peer) => self.telling_gone(conn, peer, why),
            Role::Plain(peer) => {
                let sent = session.ending == Ending::Lingering;
                self.call_failed(conn, peer, sent, why);
            }
            Role::Greeted(peer) | Role::Hearing(peer) => self.hearing_gone(conn, peer, why),
            Role::Client | Role::Stranger | Role::Asker => {}
        }
        if let Some(from) = session.from {
            self.note(Level::Info, format_args!("{from} closed: {why}"));
        }
    }

    /// The first bytes of a line that is wrong beyond answering: they are echoed, and that is the
    /// end of this connection. What still comes is dropped.
    pub(super) fn refuse(&mut self, conn: ConnId, line: &[u8], why: &str) {
        let Some(session) = self.sessions.get(conn) else {
            return;
        };
        let role = session.role;
        self.end_after_reply(conn);
        self.note_line(conn, '<', line);
        if role != Role::Client {
            self.warn_of(conn, why);
        }
        if let Role::Telling(peer) = role {
            self.telling_gone(conn, peer, why);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(b"? ");
        self.scratch.extend_from_slice(line);
        self.scratch.push(b'\n');
        self.reply(conn);
    }

    /// What is sent next is the last: what still comes is dropped, and the connection ends.
    pub(super) fn end_after_reply(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        // Who has ended already sends nothing more that could be left unread.
        session.ending = match session.input {
            Input::Ended => Ending::Close,
            Input::Open | Input::Dropped => Ending::Linger,
        };
        session.input = Input::Dropped;
        // It may never read the answer.
        self.timers
            .set(Timer::Linger(conn), self.now.mono + self.limits.grace);
    }

    /// Ends a connection of which nothing more is wanted, but gives it what it is owed. A client
    /// that is owed nothing is closed at once.
    pub(super) fn dismiss(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.ending != Ending::None {
            return;
        }
        session.input = Input::Dropped;
        session.behind = false;
        session.lines.clear();
        if session.owes_nothing() && !matches!(session.role, Role::Telling(_)) {
            return self.close(conn, "ending");
        }
        session.ending = Ending::Linger;
        self.settle(conn);
    }

    /// Sends what is in `scratch`, after the replies before it.
    pub(super) fn reply(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.replies.is_empty() {
            session.outbox.borrow(&mut self.spares);
        }
        session.replies.answer(&self.scratch, &mut session.outbox);
        if self.notes.has(Level::Info) {
            let line = std::mem::take(&mut self.scratch);
            self.note_line(conn, '>', &line);
            self.scratch = line;
        }
        self.flush(conn);
    }

    /// Notes a line that comes from (`<`) or goes to (`>`) a connection.
    pub(super) fn note_line(&mut self, conn: ConnId, way: char, line: &[u8]) {
        if !self.notes.has(Level::Info) {
            return;
        }
        let Some(session) = self.sessions.get(conn) else {
            return;
        };
        match (session.role, session.from) {
            (Role::Telling(id) | Role::Hearing(id) | Role::Greeted(id) | Role::Plain(id), _) => {
                let name = &self.peers[id.index()].name;
                self.notes.line(Level::Info, name, way, line);
            }
            (_, Some(from)) => self.notes.client(from, way, line),
            (_, None) => {}
        }
    }
}
