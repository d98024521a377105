//! Lines at the servers' door, and on the links that we dialled.

use super::{foreign, handshake, incoming, outgoing, refusal};
use crate::node::conn::{End, Kind, Session, close, output};
use crate::node::context::{Level, Timer};
use crate::node::parts::Parts;

/// Handles a line, given without its LF.
pub fn handle(session: &mut Session, line: &[u8], parts: &mut Parts) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let outcome = match session.kind {
        Kind::Unidentified => handshake::first_line(session, line, parts),
        Kind::Challenged => handshake::proof(session, line, parts),
        Kind::Incoming(id) => incoming::line(id, session, line, parts),
        Kind::Outgoing(id) => outgoing::line(id, session, line, parts),
        Kind::Watcher => Err(End::refused("a watcher says no more")),
        Kind::Client | Kind::Foreign(_) => Ok(()),
    };
    match outcome {
        Ok(()) => {}
        Err(End::Refused(why)) => refuse(session, line, &why, parts),
        Err(End::Closed(why)) => close::close(session, why, &mut parts.cx),
    }
}

/// Refuses a line: it is echoed, somebody is warned, and its connection ends.
pub fn refuse(session: &mut Session, line: &[u8], why: &str, parts: &mut Parts) {
    close::end_after_reply(session, &mut parts.cx);
    let level = match session.kind {
        Kind::Outgoing(id) => {
            let level = parts.level(session);
            let peer = parts.links.peer_mut(id);
            peer.refused(session.id, why, &mut parts.cx);
            level
        }
        // Some come back every second, for ever.
        _ if parts.warn(session, why) => Level::Info,
        _ => Level::Debug,
    };
    let echo = refusal::echo(line, why);
    parts.log_line_at(level, session, '<', line);
    output::reply_quietly(session, &[&echo[..], b"\n"].concat(), &mut parts.cx);
    parts.log_line_at(level, session, '>', &echo);
}

/// A connection is gone that may have been a link.
pub fn gone(session: &Session, why: &str, parts: &mut Parts) {
    let (conn, cx) = (session.id, &mut parts.cx);
    match session.kind {
        Kind::Incoming(id) => parts.links.peer_mut(id).stop_hearing(conn, why, cx),
        Kind::Outgoing(id) => parts.links.peer_mut(id).lost(conn, why, cx),
        Kind::Foreign(id) => {
            let peer = parts.links.peer_mut(id);
            foreign::failed(peer, session, why, &mut parts.store.feed, cx);
        }
        Kind::Challenged => {
            if let Some(id) = session.peer() {
                parts.links.peer_mut(id).incoming.is_doubted = true;
            }
        }
        Kind::Watcher => {
            if parts.watchers.remove(conn) {
                cx.timers.stop(Timer::Watchers);
            }
        }
        Kind::Client | Kind::Unidentified => {}
    }
}
