//! All neighbours, and the connections that may become theirs.

use std::net::IpAddr;

use super::link::Link;
use super::peer::Peer;
use crate::limits::{Limit, Limits, Throttle};
use crate::node::api::Neighbour;
use crate::node::conn::{Kind, Session, Sessions};
use crate::node::context::{Context, Timer};
use crate::store::Feed;
use crate::units::{ConnId, PeerId};

/// The neighbours by index; some indices may be free.
#[derive(Debug)]
pub struct Links {
    peers: Vec<Peer>,
    /// Connections that were accepted at the servers' door and may still be unidentified, the
    /// oldest first.
    unidentified: Vec<ConnId>,
    /// Warnings about connections that belong to no neighbour.
    warnings: Throttle,
}

impl Links {
    /// The links to `neighbours`, which are dialled at the first tick.
    pub fn new(neighbours: Vec<Neighbour>, feed: &mut Feed, cx: &mut Context) -> Links {
        let mut links = Links {
            peers: Vec::new(),
            unidentified: Vec::new(),
            warnings: Throttle::default(),
        };
        for (index, neighbour) in neighbours.into_iter().enumerate() {
            let id = PeerId(index as u8);
            // A plain one is dialled when there is a change to tell, or a name to resolve.
            if !neighbour.plain || neighbour.addresses.is_empty() {
                cx.arm(Timer::Link(id), 0);
            }
            let peer = Peer::new(id, neighbour, feed.follow(), &cx.limits);
            links.put(peer);
        }
        links
    }

    /// A neighbour takes the index that it has: a free one, or the next.
    pub fn put(&mut self, peer: Peer) {
        let most = Limits::PRODUCT.neighbours;
        assert!(peer.id.index() < most, "the topology has that limit");
        match self.peers.get_mut(peer.id.index()) {
            Some(place) => *place = peer,
            None => self.peers.push(peer),
        }
    }

    /// A neighbour.
    pub fn peer(&self, id: PeerId) -> &Peer {
        &self.peers[id.index()]
    }

    /// A neighbour, to change it.
    pub fn peer_mut(&mut self, id: PeerId) -> &mut Peer {
        &mut self.peers[id.index()]
    }

    /// The neighbours, and free places.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.peers.iter()
    }

    /// The neighbours, and free places, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.peers.iter_mut()
    }

    /// A bit for each neighbour that is told every change.
    pub fn up(&self) -> u64 {
        self.bits(|state| matches!(state, Link::Up(_)))
    }

    /// A bit for each neighbour whose link has been told every change and may still carry them.
    pub fn up_or_closing(&self) -> u64 {
        self.bits(|state| matches!(state, Link::Up(_) | Link::Closing(_)))
    }

    fn bits(&self, is_set: impl Fn(Link) -> bool) -> u64 {
        let set = self.iter().filter(|peer| is_set(peer.outgoing.state));
        set.fold(0, |bits, peer| bits | 1 << peer.id.index())
    }

    /// The name of a connection's other end, and the warnings about it. A connection that has not
    /// proved its name does not use up its neighbour's warnings.
    pub fn who(&mut self, session: &Session) -> (String, &mut Throttle) {
        match session.peer().filter(|_| !session.is_unidentified()) {
            Some(peer) => {
                let peer = self.peer_mut(peer);
                (peer.name.clone(), &mut peer.warnings)
            }
            None => {
                let from = session.from.map(|from| from.to_string());
                (from.unwrap_or_default(), &mut self.warnings)
            }
        }
    }

    /// Caps unidentified connections, so that a crowd cannot keep a neighbour out. An address with
    /// neighbours has places of its own, enough for a crowd there to leave a handshake the time of
    /// its round trip; all others share a few. Neighbours say HELLO at once, so the connection that
    /// has been silent longest is evicted: it is returned.
    pub fn make_room(
        &mut self,
        (new, from): (ConnId, IpAddr),
        all: &Sessions,
        cx: &mut Context,
    ) -> Option<ConnId> {
        self.unidentified
            .retain(|id| all.get(*id).is_some_and(Session::is_unidentified));
        let may_be_there = |peer: &&Peer| peer.may_come_from(from);
        let neighbours = self.iter().filter(may_be_there).count();
        let (most, limit) = match neighbours {
            0 => (cx.limits.unidentified, Limit::unidentified),
            _ => (cx.limits.handshakes + 2 * neighbours, Limit::handshakes),
        };
        let rivals = |session: &&Session| {
            let its = session.from.map(|its| its.ip().to_canonical());
            its.is_some_and(|its| match neighbours {
                0 => !self.iter().any(|peer| peer.may_come_from(its)),
                // All loopback addresses are one: any program has any of them.
                _ => its == from || its.is_loopback() && from.is_loopback(),
            })
        };
        let ids = self.unidentified.iter();
        let there = ids.filter_map(|id| all.get(*id)).filter(rivals);
        // Only the secret gets somebody among these, and they have a limit of their own.
        let there = there.filter(|session| !session.is_early());
        let there: Vec<&Session> = there.collect();
        let evicted = (there.len() >= most).then(|| {
            cx.hit(limit);
            let is_silent = |it: &&&Session| matches!(it.kind, Kind::Unidentified);
            let silent = there.iter().find(is_silent);
            silent.or(there.first()).map(|session| session.id)
        });
        let evicted = evicted.flatten();
        self.unidentified.retain(|id| Some(*id) != evicted);
        self.unidentified.push(new);
        evicted
    }
}
