//! The way in: bytes become lines, and each line is handed to whoever understands it, as many as
//! a turn allows and as there is room for the answers.

use super::deadlines::{NEVER, Stamp};
use super::session::{Phase, Session};
use super::settle::settle;
use super::timeouts;
use crate::buffers::Line;
use crate::limits::Limit;
use crate::node::parts::Parts;
use crate::store::TOGETHER;

/// Handles one line, given without its LF.
pub type Handler = fn(&mut Session, Line<'_>, &mut Parts);

/// Processes the lines of a connection: those that it has kept, then those in `fresh`.
pub fn process(session: &mut Session, mut fresh: &[u8], parts: &mut Parts, handle: Handler) {
    session.input.active = Stamp::of(parts.cx.now.mono);
    // Taken out while its lines are handled, for each line may change the session.
    let mut lines = std::mem::take(&mut session.input.lines);
    let is_client = session.is_client();
    let (line_max, _) = session.line_max(&parts.cx.limits);
    // A link has no budget of lines: a single read bounds it, and neighbours are trusted.
    let budget = if is_client {
        parts.cx.limits.lines_per_turn
    } else {
        usize::MAX
    };
    let mut handled = 0;
    let backlog = loop {
        if session.is_ending() {
            lines.clear();
            fresh = &[];
            break false;
        }
        if handled == budget {
            parts.cx.hit(Limit::lines_per_turn);
            break true;
        }
        if session.is_full(&parts.cx.limits).is_some() {
            break true;
        }
        if handled % TOGETHER == 0 {
            parts.store.look_ahead(lines.ahead(fresh));
        }
        let Some(line) = lines.next(&mut fresh, line_max) else {
            break false;
        };
        handle(session, line, parts);
        handled += 1;
    };
    parts.cx.counters.lines += handled as u64;
    lines.keep(fresh, &mut parts.cx.pools.lines);
    let line_begun = is_client && !backlog && !lines.is_empty();
    session.input.lines = lines;
    session.input.backlog = backlog;
    if handled > 0 || !line_begun {
        // The line is complete, or none had begun.
        session.deadlines.line = NEVER;
    }
    if !backlog && session.phase == Phase::HalfClosed {
        process_rest(session, parts, handle);
    }
    settle(session, &mut parts.cx);
    if line_begun {
        let now = parts.cx.now.mono;
        session.deadlines.line_began(now, session.input.paused);
        timeouts::arm(session, &mut parts.cx);
    }
}

/// The peer shut down sending.
pub fn half_close(session: &mut Session, parts: &mut Parts, handle: Handler) {
    match session.phase {
        Phase::Open => {
            session.phase = Phase::HalfClosed;
            if !session.input.backlog {
                process_rest(session, parts, handle);
            }
        }
        Phase::HalfClosed => {}
        _ => session.phase = Phase::Draining { linger: false },
    }
    settle(session, &mut parts.cx);
}

/// All lines of a peer that has shut down sending are processed. The rest without LF is a line too,
/// if a client left it. On a link it is the stump of a line whose time may have lost its last
/// digits: the neighbour will tell it again.
fn process_rest(session: &mut Session, parts: &mut Parts, handle: Handler) {
    session.phase = Phase::Draining { linger: false };
    if let Some(rest) = session.input.lines.rest()
        && session.is_client()
    {
        handle(session, Line::Whole(&rest), parts);
    }
}
