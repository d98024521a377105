//! The time-outs of a client: a line that it began must be complete in time, and replies must be
//! taken. A watcher must take its changes, too. Links have a time-out of their own, three seconds.
//!
//! Partial reads and writes are common, so they only record a timestamp; a single timer per
//! connection checks it. That timer is armed only if none is armed for an earlier time, so it may
//! expire and find that there is nothing to wait for any more.

use super::deadlines::{Deadlines, NEVER};
use super::session::{Kind, Phase, Session};
use super::{close, output};
use crate::limits::{Limit, Limits};
use crate::node::context::{Context, Level, Timer};
use crate::units::{Mono, SECOND};
use crate::wire::Invalid;

/// Arms the timer for the client's next deadline, unless it is armed for an earlier time.
pub fn arm(session: &mut Session, cx: &mut Context) {
    if let Some((at, _)) = deadline(session, &cx.limits)
        && at < session.deadlines.timer
    {
        session.deadlines.timer = at;
        cx.timers.set(Timer::Client(session.id), at);
    }
}

/// The connection is gone, and its timer with it.
pub fn disarm(session: &Session, cx: &mut Context) {
    if session.deadlines.timer != NEVER {
        cx.timers.stop(Timer::Client(session.id));
    }
}

/// When the client's next time-out is, and which limit it exceeds then.
pub fn deadline(session: &Session, limits: &Limits) -> Option<(Mono, Limit)> {
    if !matches!(session.kind, Kind::Client | Kind::Watcher) {
        return None;
    }
    let Deadlines { line, taken, .. } = session.deadlines;
    let is_read = !session.input.paused && session.phase == Phase::Open;
    let line = (line != NEVER && is_read).then(|| (line + limits.half_line, Limit::half_line));
    let taken = (taken != NEVER).then(|| (taken + limits.stall, Limit::stall));
    let both = [line, taken].into_iter().flatten();
    both.min_by_key(|(at, _)| *at)
}

/// The timer expired: has the client kept us waiting for too long?
pub fn on_timeout(session: &mut Session, cx: &mut Context) {
    session.deadlines.timer = NEVER;
    let due = deadline(session, &cx.limits).filter(|(at, _)| *at <= cx.now.mono);
    let Some((_, limit)) = due else {
        return arm(session, cx);
    };
    cx.hit(limit);
    if limit == Limit::stall {
        let seconds = cx.limits.stall / SECOND;
        return close::close(session, format!("it has taken nothing for {seconds} s"), cx);
    }
    // The line is not processed: it may have lost its last digits. It is echoed, so that a person
    // who types sees which line was not taken.
    let start = session.input.lines.rest().unwrap_or_default();
    if let Some(from) = session.from {
        cx.log.client(Level::Info, from, '<', &start);
    }
    close::end_after_reply(session, cx);
    output::refuse(session, &start, Invalid::Incomplete, cx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ConnId;

    const LIMITS: Limits = Limits {
        half_line: 30,
        stall: 10,
        ..Limits::PRODUCT
    };

    fn client() -> Session {
        Session::new(ConnId::new(1, 0), None, Kind::Client)
    }

    #[test]
    fn a_lines_first_byte_counts_and_time_that_is_ours_does_not() {
        let mut session = client();
        assert_eq!(deadline(&session, &LIMITS), None);
        session.deadlines.line_began(Mono(5), false);
        session.deadlines.line_began(Mono(9), false);
        let due = |at| Some((Mono(at), Limit::half_line));
        assert_eq!(deadline(&session, &LIMITS), due(35));
        // 15 of the 30 are over when we stop reading.
        session.input.paused = true;
        session.deadlines.turned(Mono(20));
        assert_eq!(deadline(&session, &LIMITS), None);
        session.input.paused = false;
        session.deadlines.turned(Mono(1000));
        assert_eq!(deadline(&session, &LIMITS), due(1015));
        session.deadlines.line = NEVER;
        assert_eq!(deadline(&session, &LIMITS), None);
        // One that begins while we do not read has all its time before it.
        session.deadlines.line_began(Mono(50), true);
        session.deadlines.turned(Mono(70));
        assert_eq!(deadline(&session, &LIMITS), due(100));
    }

    #[test]
    fn whoever_takes_a_byte_has_its_time_again() {
        let mut session = client();
        let due = |at| Some((Mono(at), Limit::stall));
        session.deadlines.written(Mono(1), 7, false);
        assert_eq!(deadline(&session, &LIMITS), None);
        session.deadlines.written(Mono(2), 0, true);
        session.deadlines.written(Mono(3), 0, true);
        assert_eq!(deadline(&session, &LIMITS), due(12));
        session.deadlines.written(Mono(4), 1, true);
        assert_eq!(deadline(&session, &LIMITS), due(14));
        session.deadlines.written(Mono(5), 9, false);
        assert_eq!(deadline(&session, &LIMITS), None);
    }
}
