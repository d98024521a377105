//! Closing connections, and cleaning up after them.

use super::api::Action;
use super::conn::{Kind, Sessions, timeouts};
use super::context::{Level, Timer};
use super::links::{foreign, lines};
use super::parts::Parts;
use crate::units::ConnId;

/// Has the shell close the connections that handlers wanted closed.
pub fn close_pending(all: &mut Sessions, parts: &mut Parts) {
    while let Some((conn, why)) = parts.cx.effects.closing.pop_front() {
        if all.get(conn).is_some() {
            parts.cx.effects.actions.push_back(Action::Close(conn));
            gone(conn, &why, all, parts);
        }
    }
}

/// A connection has lingered for long enough. One to a plain neighbour may have to wait
/// until it is known whether that neighbour was told.
pub fn on_linger(conn: ConnId, all: &mut Sessions, parts: &mut Parts) {
    if let Some(session) = all.get_mut(conn)
        && let Kind::Foreign(id) = session.kind
        && foreign::is_in_doubt(parts.links.peer_mut(id), session, &mut parts.cx)
    {
        return;
    }
    close_lingered(conn, all, parts);
}

/// Closes a connection on which everything was sent. If it was to a plain neighbour, that
/// neighbour has now been told its change.
pub fn close_lingered(conn: ConnId, all: &Sessions, parts: &mut Parts) {
    if let Some(session) = all.get(conn)
        && let Kind::Foreign(id) = session.kind
    {
        let peer = parts.links.peer_mut(id);
        foreign::told(peer, conn, &mut parts.store.feed, &mut parts.cx);
    }
    parts.cx.effects.close_later(conn, "done");
}

/// Forgets a connection, and everything that waits for it.
pub fn gone(conn: ConnId, why: &str, all: &mut Sessions, parts: &mut Parts) {
    let Some(session) = all.remove(conn) else {
        return;
    };
    let (cx, acks) = (&mut parts.cx, &mut parts.acks);
    cx.counters.clients -= usize::from(session.is_client());
    cx.timers.stop(Timer::Silent(conn));
    cx.timers.stop(Timer::Linger(conn));
    timeouts::disarm(&session, cx);
    for id in acks.barriers.forget_lookups(conn) {
        cx.timers.stop(Timer::Lookup(id));
        cx.effects.actions.push_back(Action::Forget(id));
    }
    let replies = session.output.replies.len();
    if replies > 0 {
        let is_connected = |conn| all.get(conn).is_some();
        acks.barriers.forget_updates(replies, is_connected);
        acks.arm(cx);
    }
    lines::gone(&session, why, parts);
    if let Some(from) = session.from.filter(|_| session.input.has_spoken) {
        let level = match session.is_unidentified() {
            true => Level::Debug,
            false => parts.level(&session),
        };
        let line = format_args!("{from} closed: {why}");
        parts.cx.log.write(level, line);
    }
}
