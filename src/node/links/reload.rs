//! Neighbours that come and go while the server runs. A neighbour has an index among the peers, a
//! bit in each record and a cursor into the feed; when it is removed, another takes them over.
//!
//! The bits are not cleared: a bit counts only for changes after `known_since`, and that is now.

use super::peer::Peer;
use crate::node::api::Neighbour;
use crate::node::conn::Sessions;
use crate::node::context::Timer;
use crate::node::parts::Parts;
use crate::units::PeerId;

/// A new neighbour takes an index: it is dialled.
pub fn link(id: PeerId, neighbour: Neighbour, parts: &mut Parts) {
    let Parts { cx, store, .. } = parts;
    let former = parts.links.iter().find(|peer| peer.id == id);
    let cursor = match former {
        Some(former) => former.outgoing.cursor,
        None => store.feed.follow(),
    };
    store.feed.rewind(cursor, 0);
    let mut peer = Peer::new(id, neighbour, cursor, &cx.limits);
    peer.known_since = store.feed.last();
    parts.links.put(peer);
    cx.arm(Timer::Link(id), 0);
}

/// A neighbour is removed: all its connections end, and nobody is dialled.
pub fn unlink(id: PeerId, sessions: &Sessions, parts: &mut Parts) {
    let cx = &mut parts.cx;
    let its = sessions.iter().filter(|session| session.peer() == Some(id));
    for session in its {
        cx.effects
            .close_later(session.id, "not a neighbour any more");
    }
    let peer = parts.links.peer_mut(id);
    cx.info(format_args!("{} is not a neighbour any more", peer.name));
    // Nobody has this name and these addresses.
    let nobody = Neighbour {
        name: String::new(),
        plain: false,
        addresses: Vec::new(),
    };
    *peer = Peer::new(id, nobody, peer.outgoing.cursor, &cx.limits);
    cx.effects.news = true;
    cx.timers.stop(Timer::Link(id));
    cx.timers.stop(Timer::Mark(id));
}
