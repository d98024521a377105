//! How long a client may keep us waiting: with a line that it has begun and does not end, and with
//! replies that it does not take. Links have a death of their own, after three seconds.
//!
//! Many a read ends in a piece of a line, and many a write leaves a rest. So neither moves a
//! deadline: the moment is written down here, and one timer per connection looks at it. That is
//! set only if none is set for earlier, and may find that there is nothing to wait for any more.

use super::notes::Level;
use super::session::{Input, Role, Session};
use super::{Node, Timer};
use crate::limits::{Limit, Limits};
use crate::units::{ConnId, Mono, SECOND};

/// The moments of one connection.
#[derive(Debug)]
pub struct Patience {
    /// When the line began that is not complete. While the connection is not read it is how old
    /// that line was: the time that we do not read is not the client's.
    line: Mono,
    /// When the socket last took something of what is unsent, or first took nothing.
    taken: Mono,
    /// When the timer goes off.
    timer: Mono,
}

/// Nothing is waited for.
const NEVER: Mono = Mono(u64::MAX);

impl Patience {
    /// Of a connection that owes us nothing.
    pub fn new() -> Patience {
        Patience {
            line: NEVER,
            taken: NEVER,
            timer: NEVER,
        }
    }

    /// The line is complete, or none had begun.
    pub fn line_over(&mut self) {
        self.line = NEVER;
    }

    /// A line has begun, unless it had before.
    fn line_begun(&mut self, now: Mono, paused: bool) {
        if self.line == NEVER {
            self.line = if paused { Mono(0) } else { now };
        }
    }

    /// The connection is not read any more, or is again: the line's moment becomes its age, or its
    /// age a moment. Either is how far the other is from now.
    pub fn turned(&mut self, now: Mono) {
        if self.line != NEVER {
            self.line = Mono(now.since(self.line));
        }
    }

    /// The socket took so many bytes, and some are left, or not.
    pub fn written(&mut self, now: Mono, count: usize, left: bool) {
        if !left {
            self.taken = NEVER;
        } else if count > 0 || self.taken == NEVER {
            self.taken = now;
        }
    }
}

impl Session {
    /// When its client has kept us waiting for too long, and how.
    fn deadline(&self, limits: &Limits) -> Option<(Mono, Limit)> {
        if self.role != Role::Client {
            return None;
        }
        let Patience { line, taken, .. } = self.patience;
        let line =
            Some(line).filter(|at| *at != NEVER && !self.paused && self.input == Input::Open);
        let taken = Some(taken).filter(|at| *at != NEVER);
        let line = line.map(|at| (at + limits.half_line, Limit::half_line));
        let taken = taken.map(|at| (at + limits.stall, Limit::stall));
        [line, taken]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

impl Node {
    /// A client has begun a line, and it is read or not.
    pub(super) fn await_line(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.patience.line_begun(self.now.mono, session.paused);
        self.watch(conn);
    }

    /// Has the timer go off when the client has kept us waiting for too long, if it does not
    /// before.
    pub(super) fn watch(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if let Some((at, _)) = session.deadline(&self.limits)
            && at < session.patience.timer
        {
            session.patience.timer = at;
            self.timers.set(Timer::Patience(conn), at);
        }
    }

    /// The timer goes off: has the client kept us waiting for too long?
    pub(super) fn lose_patience(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.patience.timer = NEVER;
        let limit = match session.deadline(&self.limits) {
            Some((at, limit)) if at <= self.now.mono => limit,
            _ => return self.watch(conn),
        };
        self.hits.add(limit);
        if limit == Limit::stall {
            let seconds = self.limits.stall / SECOND;
            return self.close(conn, &format!("it has taken nothing for {seconds} s"));
        }
        // Not obeyed: it may have lost its last digits. It is echoed, so that a person who types
        // sees what was not taken.
        let start = session.lines.rest().unwrap_or_default();
        let seconds = self.limits.half_line / SECOND;
        if let Some(from) = session.from {
            let line = format_args!("{from}: its line was not complete after {seconds} s");
            self.notes.note(Level::Info, line);
        }
        self.refuse(conn, &start, "its line was not complete in time");
    }

    /// Its connection is gone.
    pub(super) fn forget_patience(&mut self, session: &Session) {
        if session.patience.timer != NEVER {
            self.timers.stop(Timer::Patience(session.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        half_line: 30,
        stall: 10,
        ..Limits::PRODUCT
    };

    fn client() -> Session {
        Session::new(ConnId::new(1, 0), None, Role::Client)
    }

    #[test]
    fn a_lines_first_byte_counts_and_time_that_is_ours_does_not() {
        let mut session = client();
        assert_eq!(session.deadline(&LIMITS), None);
        session.patience.line_begun(Mono(5), false);
        session.patience.line_begun(Mono(9), false);
        let due = |at| Some((Mono(at), Limit::half_line));
        assert_eq!(session.deadline(&LIMITS), due(35));
        // 15 of the 30 are over when we stop reading.
        session.paused = true;
        session.patience.turned(Mono(20));
        assert_eq!(session.deadline(&LIMITS), None);
        session.paused = false;
        session.patience.turned(Mono(1000));
        assert_eq!(session.deadline(&LIMITS), due(1015));
        session.patience.line_over();
        assert_eq!(session.deadline(&LIMITS), None);
        // One that begins while we do not read has all its time before it.
        session.patience.line_begun(Mono(50), true);
        session.patience.turned(Mono(70));
        assert_eq!(session.deadline(&LIMITS), due(100));
    }

    #[test]
    fn whoever_takes_a_byte_has_its_time_again() {
        let mut session = client();
        let due = |at| Some((Mono(at), Limit::stall));
        session.patience.written(Mono(1), 7, false);
        assert_eq!(session.deadline(&LIMITS), None);
        session.patience.written(Mono(2), 0, true);
        session.patience.written(Mono(3), 0, true);
        assert_eq!(session.deadline(&LIMITS), due(12));
        session.patience.written(Mono(4), 1, true);
        assert_eq!(session.deadline(&LIMITS), due(14));
        session.patience.written(Mono(5), 9, false);
        assert_eq!(session.deadline(&LIMITS), None);
    }
}
