//! The part of a turn that no event brings: deadlines expire, followers are pumped, replies are
//! released, and the shell is told whom to flush.

use std::collections::VecDeque;

use super::admin::shutdown;
use super::api::{Ack, Action, LookupError};
use super::conn::{Sessions, output, settle, timeouts};
use super::context::{Level, Timer};
use super::events;
use super::hangup::{close_pending, on_linger};
use super::links::outgoing;
use super::parts::Parts;
use super::watch;
use crate::limits::Limit;
use crate::units::ConnId;

/// A turn has come: deadlines expire, and connections with a backlog go on.
pub fn tick(all: &mut Sessions, parts: &mut Parts) {
    let effects = &mut parts.cx.effects;
    effects.news |= std::mem::take(&mut effects.news_in_next_turn);
    let cx = &mut parts.cx;
    if let Some(line) = cx.clocks.observe(cx.now, &cx.limits) {
        cx.hit(Limit::clock_skew);
        cx.log.write(Level::Warn, format_args!("{line}"));
    }
    while let Some(timer) = parts.cx.timers.expired(parts.cx.now.mono) {
        expire(timer, all, parts);
        close_pending(all, parts);
    }
    if let Some(journal) = &mut parts.journal {
        journal.begin_turn();
    }
    parts.watchers.begin_turn();
    events::resume(all, parts);
}

fn expire(timer: Timer, all: &mut Sessions, parts: &mut Parts) {
    let cx = &mut parts.cx;
    match timer {
        Timer::Link(id) => outgoing::on_timeout(id, all, parts),
        Timer::Mark(id) => outgoing::mark(id, all, parts),
        Timer::Watchers => watch::mark(all, parts),
        Timer::Silent(conn) => {
            let left = all.get(conn).and_then(|session| {
                let peer = parts.links.peer(session.peer()?);
                session.patience_left(cx.now.mono, peer.patience_to_hear(&cx.limits))
            });
            match left {
                Some(left) => cx.arm(timer, left),
                None => {
                    cx.hit(Limit::dead);
                    if let Some(session) = all.get(conn) {
                        cx.effects.close_later(conn, session.silence(cx.now.mono));
                    }
                }
            }
        }
        Timer::Linger(conn) => on_linger(conn, all, parts),
        Timer::Client(conn) => {
            if let Some(session) = all.get_mut(conn) {
                timeouts::on_timeout(session, cx);
            }
        }
        Timer::Lookup(id) => {
            cx.hit(Limit::lookup_wait);
            cx.effects.actions.push_back(Action::Forget(id));
            events::looked_up(id, Err(LookupError::Late), all, parts);
        }
        Timer::Ack => parts.acks.on_timeout(all, cx),
        Timer::Journal => {
            if let Some(journal) = &mut parts.journal {
                journal.on_timer();
            }
        }
        Timer::Grace => {
            cx.hit(Limit::grace);
            cx.is_grace_over = true;
        }
    }
}

/// Once per turn with news: replies whose barrier is passed are released, waves begin, and the
/// feed is offered to its followers.
pub fn pump(all: &mut Sessions, parts: &mut Parts) {
    release(all, parts);
    let (up, acks) = (parts.links.up(), &mut parts.acks);
    let lost = !parts.links.up_or_closing();
    acks.waves.forget_lost(lost, &mut parts.cx);
    acks.waves
        .start(acks.barriers.last_wave(), up, &mut parts.cx);
    outgoing::pump(all, parts);
    outgoing::tell_waves(all, parts);
    parts.acks.arm(&mut parts.cx);
    close_pending(all, parts);
}

/// Fills the places of the replies that may leave.
fn release(all: &mut Sessions, parts: &mut Parts) {
    let cx = &mut parts.cx;
    while let Some((reply, is_late)) = parts.acks.release() {
        if let Some(session) = all.get_mut(reply.conn) {
            if cx.me.ack == Ack::HerdOrError {
                output::choose(session, reply.ticket, !is_late, cx);
            }
            output::fill(session, reply.ticket, b"", cx);
            settle(session, cx);
        }
    }
}

/// The next connection with bytes to flush: everything in its outbox may leave now.
pub fn next_to_flush(queue: &mut VecDeque<ConnId>, all: &mut Sessions) -> Option<ConnId> {
    loop {
        let conn = queue.pop_front()?;
        if let Some(session) = all.get_mut(conn) {
            session.in_flush_queue = false;
            session.output.flushable = session.output.outbox.len() as u32;
            return Some(conn);
        }
    }
}

/// Whether the server has shut down: nothing is owed to anybody, or the grace period is over.
pub fn is_over(all: &mut Sessions, parts: &mut Parts) -> bool {
    let is_over =
        parts.cx.is_shutting_down && (parts.cx.is_grace_over || shutdown::is_quiet(all, parts));
    if is_over {
        parts.cx.info(format_args!("ended"));
    }
    close_pending(all, parts);
    is_over
}
