//! The end of a server: replies that are owed are sent, changes that were heard are told, and then
//! it stops; after the grace period in any case.

use crate::node::conn::{Kind, Session, Sessions, close, settle};
use crate::node::journal::Journal;
use crate::node::links::{Link, foreign};
use crate::node::parts::Parts;

/// The shutdown begins: nothing more is read from a client, and links that are not up are closed.
pub fn begin(session: &mut Session, parts: &mut Parts) {
    let cx = &mut parts.cx;
    match session.kind {
        // It has had the time to read that a linger would give it.
        Kind::Client if session.is_at_rest(cx.now.mono, cx.limits.linger) => {
            close::close(session, "ending", cx);
        }
        Kind::Client | Kind::Unidentified | Kind::Challenged => {
            close::dismiss(session);
            settle(session, cx);
        }
        // Its stream has no last word, and it holds up nobody.
        Kind::Watcher => close::close(session, "ending", cx),
        Kind::Outgoing(id) if parts.links.peer(id).outgoing.state != Link::Up(session.id) => {
            close::close(session, "ending", cx);
        }
        Kind::Outgoing(_) | Kind::Incoming(_) | Kind::Foreign(_) => {}
    }
}

/// Ends the links on which everything was told. True: nothing is owed to anybody.
pub fn is_quiet(sessions: &mut Sessions, parts: &mut Parts) -> bool {
    let (cx, feed) = (&mut parts.cx, &mut parts.store.feed);
    // The disk is at work while others are told.
    let is_safe = parts.journal.as_mut().is_none_or(Journal::is_settled);
    if parts.acks.barriers.awaits_updates() {
        return false;
    }
    let mut is_quiet = true;
    for peer in parts.links.iter_mut() {
        if let Link::Up(conn) = peer.outgoing.state
            && feed.is_at_end(peer.outgoing.cursor)
            && let Some(session) = sessions.get_mut(conn)
        {
            peer.outgoing.state = Link::Closing(conn);
            // Not closed at once: unread input would reset the connection, and destroy what is
            // still under way to the neighbour.
            close::dismiss(session);
            settle(session, cx);
        }
        is_quiet &= !foreign::is_owed(peer, feed, cx);
    }
    // The neighbours' links to us are theirs to end.
    let is_done = |session: &Session| match session.kind {
        Kind::Incoming(_) => session.output.outbox.is_empty(),
        _ => false,
    };
    is_quiet && is_safe && sessions.iter().all(is_done)
}
