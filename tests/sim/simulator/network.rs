//! The network between servers and guests: ways that take time, windows that fill, cuts
//! that hold what comes until they heal, and kernels that refuse.

use super::guest::State;
use super::world::{Happening, World};
use crate::support::wire::{End, Holder, Network, Parcel, Wire};

/// Reading gives the writer room again so much later, in nanoseconds, or after the way's delay.
const SOON: u64 = 50_000;

impl World {
    /// Somebody has come to a door: it is let in, or nobody is there.
    pub fn knock_at(&mut self, end: End) {
        let Holder::Kernel(place) = self.side(end).holder else {
            return;
        };
        match self.places[place].server.as_deref_mut() {
            Some(server) if !server.ending && !server.asked_to_end => {
                self.places[place].knocks.push_back(end);
                self.turn(place);
            }
            _ => {
                self.side(end).holder = Holder::Nobody;
                let dialler = self.side(end.other());
                dialler.broken = true;
                let holder = std::mem::replace(&mut dialler.holder, Holder::Nobody);
                match holder {
                    Holder::Guest(guest) => self.guests[guest].state = State::Void,
                    Holder::Watcher(watcher) => self.watcher_ends(watcher),
                    _ => {}
                }
            }
        }
    }

    /// A server that waits for room at an end has some, soon.
    pub fn wake_writer(&mut self, end: End, after: u64) {
        let Holder::Server(place, conn) = self.side(end).holder else {
            return;
        };
        // In the middle of its own turn it is not there, and looks for itself.
        let Some(server) = self.places[place].server.as_deref_mut() else {
            return;
        };
        let life = server.life;
        if let Some(socket) = server.socket(conn).filter(|socket| socket.blocked) {
            socket.blocked = false;
            self.plan(self.now + after, Happening::Writable(place, life, conn));
        }
    }

    /// A connection is dead: the sides that are to learn of it do, the others when they write.
    pub fn kill(&mut self, wire: usize, sides: &[usize]) {
        self.unrest += 1;
        for &side in sides {
            self.deliver(End { wire, side }, Parcel::Reset);
        }
    }
}

impl Network for World {
    fn wires(&mut self) -> &mut Vec<Wire> {
        &mut self.wires
    }

    fn post(&mut self, to: End, mut parcel: Parcel) {
        let side = 1 - to.side;
        if let Parcel::Bytes(bytes) = &mut parcel {
            self.garble(to, bytes);
        }
        if let Parcel::Bytes(bytes) = &parcel {
            match self.side(to).holder {
                Holder::Guest(guest) => self.guests[guest].written += bytes.len(),
                Holder::Watcher(watcher) => self.watchers[watcher].written += bytes.len(),
                _ => {}
            }
        }
        if let Some(way) = self.wires[to.wire].way(side)
            && self.cables[&way].is_tcp
        {
            return self.post_in_packets(to, way, parcel);
        }
        let delay = self.wires[to.wire].delays[side];
        let jitter = match self.weather.same_delay {
            true => 0,
            false => self.random.between(0, delay / 4),
        };
        let due = self.side(to).due.max(self.now + delay + jitter);
        self.side(to).due = due;
        self.plan(due, Happening::Arrive(to, parcel));
    }

    fn wake(&mut self, end: End) {
        match self.side(end).holder {
            Holder::Server(place, conn) => {
                if let Some(server) = self.places[place].server.as_deref_mut() {
                    server.list(conn);
                    self.turn(place);
                }
            }
            Holder::Guest(guest) => self.guest_hears(guest),
            Holder::Watcher(watcher) => self.watcher_hears(watcher),
            Holder::Kernel(_) | Holder::Nobody => {}
        }
    }

    fn has_room(&mut self, end: End) {
        let delay = self.wires[end.wire].delays[end.side];
        self.wake_writer(end.other(), delay + SOON);
    }

    fn is_cut(&self, way: (usize, usize)) -> bool {
        self.cuts.contains_key(&way)
    }
}
