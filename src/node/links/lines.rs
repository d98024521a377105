//! Lines at the servers' door, and on the links that we dialled.

use super::{foreign, handshake, incoming, outgoing};
use crate::node::conn::{End, Kind, Session, close};
use crate::node::parts::Parts;

/// Handles a line, given without its LF.
pub fn handle(session: &mut Session, line: &[u8], parts: &mut Parts) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let outcome = match session.kind {
        Kind::Unidentified => handshake::first_line(session, line, parts),
        Kind::Challenged => handshake::proof(session, line, parts),
        Kind::Incoming(id) => incoming::line(id, session, line, parts),
        Kind::Outgoing(id) => outgoing::line(id, session, line, parts),
        Kind::Client | Kind::Foreign(_) => Ok(()),
    };
    match outcome {
        Ok(()) => {}
        Err(End::Refused(why)) => refuse(session, line, why, parts),
        Err(End::Closed(why)) => close::close(session, why, &mut parts.cx),
    }
}

/// Refuses a line: it is echoed, somebody is warned, and its connection ends.
pub fn refuse(session: &mut Session, line: &[u8], why: &str, parts: &mut Parts) {
    close::end_after_reply(session, &mut parts.cx);
    parts.log_line(session, '<', line);
    if !session.is_client() {
        parts.warn(session, why);
    }
    if let Kind::Outgoing(id) = session.kind {
        let peer = parts.links.peer_mut(id);
        peer.lost(session.id, why, &mut parts.cx);
    }
    let echo = [b"? ", line].concat();
    close::echo(session, line, &mut parts.cx);
    if session.peer().is_some() {
        parts.log_line(session, '>', &echo);
    }
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
        Kind::Client | Kind::Unidentified | Kind::Challenged => {}
    }
}
