//! Each fact that the shell reports, and its consequences.

use std::net::SocketAddr;

use super::admin::shutdown;
use super::api::{Door, LookupError};
use super::clients;
use super::conn::{Kind, Phase, Session, Sessions, Stamp, close, input, output, settle, timeouts};
use super::context::{Level, Timer};
use super::hangup::{close_lingered, close_pending};
use super::journal::JournalEvent;
use super::links::{foreign, lines, outgoing};
use super::parts::Parts;
use crate::buffers::Line;
use crate::units::{ConnId, LookupId};

/// A connection was accepted.
pub fn accepted(conn: ConnId, door: Door, from: SocketAddr, all: &mut Sessions, parts: &mut Parts) {
    let cx = &mut parts.cx;
    let kind = match door {
        Door::Clients => Kind::Client,
        Door::Servers => Kind::Unidentified,
    };
    let session = all.insert(Session::new(conn, Some(from), kind));
    session.input.active = Stamp::of(cx.now.mono);
    cx.counters.clients += usize::from(door == Door::Clients);
    if door == Door::Servers {
        cx.arm(Timer::Silent(conn), cx.limits.dead);
        let new = (conn, from.ip().to_canonical());
        if let Some(evicted) = parts.links.make_room(new, all, cx) {
            cx.effects
                .close_later(evicted, "it makes room for a newer connection");
        }
    }
    if cx.is_shutting_down {
        cx.effects.close_later(conn, "ending");
    }
}

/// Bytes came in.
pub fn received(conn: ConnId, bytes: &[u8], all: &mut Sessions, parts: &mut Parts) {
    let Some(session) = all.get_mut(conn) else {
        return;
    };
    if !std::mem::replace(&mut session.input.has_spoken, true)
        && let Some(from) = session.from
    {
        // At the servers' door its first line says enough.
        let (name, level) = match session.kind {
            Kind::Client => ("clients", Level::Info),
            _ => ("servers", Level::Debug),
        };
        let line = format_args!("{from} opened at the {name}' door");
        parts.cx.log.write(level, line);
    }
    if let Kind::Foreign(id) = session.kind {
        let peer = parts.links.peer_mut(id);
        if foreign::unexpected(peer, session, bytes.len(), &mut parts.cx) {
            close_lingered(conn, all, parts);
        }
        return;
    }
    input::process(session, bytes, parts, handle);
}

/// The peer shut down sending. A client still gets its pending replies; an outgoing link is
/// useless without answers.
pub fn ended(conn: ConnId, all: &mut Sessions, parts: &mut Parts) {
    let Some(session) = all.get_mut(conn) else {
        return;
    };
    if session.phase == Phase::Lingering {
        close_lingered(conn, all, parts);
    } else if matches!(session.kind, Kind::Outgoing(_) | Kind::Foreign(_)) {
        close::close(session, "closed by it", &mut parts.cx);
    } else {
        input::half_close(session, parts, handle);
    }
}

/// Handles a line.
fn handle(session: &mut Session, line: Line<'_>, parts: &mut Parts) {
    match line {
        Line::Whole(line) if session.is_client() => clients::lines::handle(session, line, parts),
        Line::Whole(line) => lines::handle(session, line, parts),
        Line::Overlong(start) => {
            let (_, limit) = session.line_max(&parts.cx.limits);
            parts.cx.hit(limit);
            if session.is_client() {
                clients::lines::refuse(session, start, parts);
            } else {
                lines::refuse(session, start, "the line is too long", parts);
            }
        }
    }
}

/// The socket took `count` bytes.
pub fn written(conn: ConnId, count: usize, all: &mut Sessions, parts: &mut Parts) {
    let Some(session) = all.get_mut(conn) else {
        return;
    };
    let cx = &mut parts.cx;
    output::advance(session, count, cx);
    match session.kind {
        Kind::Outgoing(id) => {
            let peer = parts.links.peer_mut(id);
            outgoing::pump_one(peer, session, &mut parts.store, cx);
            // A wave may have waited for the end of the feed.
            cx.effects.news |= count > 0 && parts.acks.waves.unsent() != 0;
        }
        Kind::Incoming(id) if session.output.outbox.is_empty() => {
            parts.links.peer_mut(id).incoming.is_ready = true;
        }
        _ => {}
    }
    settle(session, cx);
    if let (Kind::Foreign(id), Phase::Lingering) = (session.kind, session.phase) {
        foreign::sent(parts.links.peer_mut(id), conn, cx);
    }
    timeouts::arm(session, cx);
}

/// A lookup came back.
pub fn looked_up(
    id: LookupId,
    answer: Result<Vec<u8>, LookupError>,
    all: &mut Sessions,
    parts: &mut Parts,
) {
    let cx = &mut parts.cx;
    cx.timers.stop(Timer::Lookup(id));
    let Some(waiting) = parts.acks.barriers.end_lookup(id) else {
        let LookupId(number) = id;
        return cx.info(format_args!("lookup {number}: nobody waits any more"));
    };
    let rest = clients::answer(id, &waiting, answer, cx);
    let Some(session) = all.get_mut(waiting.conn) else {
        return;
    };
    session.output.lookups -= 1;
    output::fill(session, waiting.ticket, &rest, cx);
    settle(session, cx);
}

/// A task of the journal was done.
pub fn journal(event: JournalEvent, parts: &mut Parts) {
    let Parts {
        cx, store, acks, ..
    } = parts;
    if let Some(journal) = &mut parts.journal {
        // Replies may wait for it.
        cx.effects.news |= journal.on_event(event, &mut store.feed, cx);
        acks.synced = journal.durable();
    }
}

/// The process is asked to end: nothing more is read from clients, but they are sent what they are
/// owed, and the neighbours are told what was heard.
pub fn shut_down(all: &mut Sessions, parts: &mut Parts) {
    let cx = &mut parts.cx;
    if std::mem::replace(&mut cx.is_shutting_down, true) {
        return;
    }
    cx.info(format_args!("ending"));
    cx.arm(Timer::Grace, cx.limits.grace);
    for session in all.iter_mut() {
        shutdown::begin(session, parts);
    }
}

/// Connections with a backlog go on.
pub fn resume(all: &mut Sessions, parts: &mut Parts) {
    while let Some(conn) = parts.cx.effects.next_backlog() {
        if let Some(session) = all.get_mut(conn) {
            session.input.in_backlog_queue = false;
            received(conn, &[], all, parts);
            close_pending(all, parts);
        }
    }
}
