//! Other neighbours while the node runs. A neighbour is a place in the list of peers, a bit in each
//! record and a cursor into the feed; the place of one that is gone is given to another.
//!
//! The bits of the one before are left as they are: what a place is known to have counts only for
//! changes after `run_since`, and that is now.

use super::event::Neighbour;
use super::notes::Level;
use super::peer::Peer;
use super::session::Role;
use super::{Node, Timer};
use crate::units::{ConnId, PeerId};

impl Node {
    /// That place has a new neighbour: it is dialled.
    pub(super) fn linked(&mut self, id: PeerId, neighbour: Neighbour) {
        let mut peer = Peer::new(neighbour, self.limits.redial_first);
        peer.run_since = self.table.feed.last();
        if id.index() == self.peers.len() {
            self.peers.push(peer);
        } else {
            self.peers[id.index()] = peer;
        }
        self.table.feed.admit(id);
        self.timers.set(Timer::Link(id), self.now.mono);
    }

    /// That place has no neighbour any more: all its connections end, and nobody is dialled.
    pub(super) fn unlinked(&mut self, id: PeerId) {
        let is_its = |role: Role| match role {
            Role::Greeted(peer) | Role::Hearing(peer) | Role::Telling(peer) | Role::Plain(peer) => {
                peer == id
            }
            Role::Client | Role::Stranger | Role::Asker => false,
        };
        let sessions = self.sessions.iter();
        let its: Vec<ConnId> = sessions
            .filter(|session| is_its(session.role))
            .map(|session| session.id)
            .collect();
        // Nobody has this name and this address.
        let nobody = Neighbour {
            name: String::new(),
            plain: false,
            addresses: Vec::new(),
        };
        let nobody = Peer::new(nobody, self.limits.redial_first);
        let Peer { name, .. } = std::mem::replace(&mut self.peers[id.index()], nobody);
        self.note(Level::Info, format_args!("{name} is no neighbour any more"));
        for conn in its {
            self.close(conn, "no neighbour any more");
        }
        self.waves_without(id);
        self.timers.stop(Timer::Link(id));
        self.timers.stop(Timer::Beat(id));
    }
}
