//! What lies between those who talk: ways that take time, windows that fill, cuts that hold what
//! comes until they heal, and kernels that close, refuse and reset.

use std::net::SocketAddr;

use herd::units::{ConnId, PeerId};

use super::guest::State;
use super::server::Server;
use super::wire::{Holder, Parcel, Wire};
use super::world::{Happening, World};
use crate::support::shell::address;

/// Reading gives the writer room again so much later, in nanoseconds, or after the way's delay.
const SOON: u64 = 50_000;

impl World {
    /// A server connects to a neighbour.
    pub fn dial(&mut self, server: &mut Server, place: usize, peer: PeerId) {
        let attempt = server.dials[peer.index()] + 1;
        server.dials[peer.index()] = attempt;
        let other = self.places[place].neighbours[peer.index()];
        if self.is_cut(place, other) || self.is_cut(other, place) {
            return; // Nobody answers, ever.
        }
        let (there, back) = (self.delays[&(place, other)], self.delays[&(other, place)]);
        let at = self.now + there + back;
        let refused = self.rough && self.random.percent(self.weather.refused);
        let wire = (!refused).then(|| {
            let holders = [Holder::Kernel(place), Holder::Kernel(other)];
            let from = (address(place % 250), 40_000).into();
            self.wires.push(Wire::new(holders, from, [there, back]));
            self.plan(self.now + there, Happening::Knock(self.wires.len() - 1));
            self.wires.len() - 1
        });
        self.plan(
            at,
            Happening::Dialled(place, server.life, peer, attempt, wire),
        );
    }

    /// Somebody has come to a door: it is let in, or nobody is there.
    pub fn knock(&mut self, wire: usize) {
        let Holder::Kernel(place) = self.wires[wire].sides[1].holder else {
            return;
        };
        match self.places[place].server.as_deref_mut() {
            Some(server) if !server.ending && !server.asked_to_end => {
                server.knocks.push_back(wire);
                self.turn(place);
            }
            _ => {
                self.wires[wire].sides[1].holder = Holder::Nobody;
                let dialler = &mut self.wires[wire].sides[0];
                dialler.broken = true;
                let holder = std::mem::replace(&mut dialler.holder, Holder::Nobody);
                if let Holder::Guest(guest) = holder {
                    self.guests[guest].state = State::Void;
                }
            }
        }
    }

    /// A server takes an end of a wire into its hands; where the other comes from.
    pub fn hold(&mut self, wire: usize, side: usize, place: usize, conn: ConnId) -> SocketAddr {
        self.wires[wire].sides[side].holder = Holder::Server(place, conn);
        self.wires[wire].from
    }

    /// So many bytes would a write at that side take.
    pub fn room(&self, wire: usize, side: usize) -> usize {
        let wire = &self.wires[wire];
        let reader = &wire.sides[1 - side];
        // What is dead takes everything, and drops it.
        if wire.sides[side].broken {
            return usize::MAX;
        }
        let window = match (reader.holder, wire.way(side)) {
            (Holder::Guest(guest), _) => self.guests[guest].visit.window,
            (_, Some(way)) if self.blocks.contains_key(&way) => return 0,
            _ => self.weather.window,
        };
        window.saturating_sub(reader.load())
    }

    /// Sends bytes from a side to the other.
    pub fn send(&mut self, wire: usize, side: usize, bytes: &[u8]) {
        if let Holder::Guest(guest) = self.wires[wire].sides[1 - side].holder {
            self.guests[guest].written += bytes.len();
        }
        if bytes.is_empty() || self.wires[wire].sides[side].broken {
            return;
        }
        self.wires[wire].sides[1 - side].coming += bytes.len();
        self.post(wire, side, Parcel::Bytes(bytes.to_vec()));
    }

    /// Shuts down sending at a side.
    pub fn finish(&mut self, wire: usize, side: usize) {
        if !std::mem::replace(&mut self.wires[wire].sides[side].finished, true) {
            self.post(wire, side, Parcel::End);
        }
    }

    /// Closes a side as a kernel does: politely, unless something was left unread.
    pub fn close(&mut self, wire: usize, side: usize) {
        if self.wires[wire].sides[side].holder == Holder::Nobody {
            return;
        }
        let here = &self.wires[wire].sides[side];
        match here.unread().is_empty() {
            _ if here.broken => {}
            true => self.finish(wire, side),
            false => self.post(wire, side, Parcel::Reset),
        }
        self.wires[wire].sides[side].clear();
        self.wires[wire].sides[side].holder = Holder::Nobody;
    }

    /// Closes a side at once.
    pub fn reset(&mut self, wire: usize, side: usize) {
        self.post(wire, side, Parcel::Reset);
        self.wires[wire].sides[side].clear();
        self.wires[wire].sides[side].holder = Holder::Nobody;
    }

    /// Puts a parcel on its way to the other side, behind those that are under way.
    fn post(&mut self, wire: usize, side: usize, parcel: Parcel) {
        let delay = self.wires[wire].delays[side];
        let jitter = match self.weather.same_delay {
            true => 0,
            false => self.random.between(0, delay / 4),
        };
        let due = &mut self.wires[wire].sides[1 - side].due;
        *due = (*due).max(self.now + delay + jitter);
        let due = *due;
        self.plan(due, Happening::Arrive(wire, 1 - side, parcel));
    }

    /// A parcel has come to a side.
    pub fn arrive(&mut self, wire: usize, side: usize, parcel: Parcel) {
        if let Some(way) = self.wires[wire].way(1 - side) {
            let held = &mut self.wires[wire].sides[side].held;
            if self.cuts.contains_key(&way) || !held.is_empty() {
                return held.push_back(parcel);
            }
        }
        self.deliver(wire, side, parcel);
    }

    /// What was held at a side arrives.
    pub fn release(&mut self, wire: usize, side: usize) {
        while let Some(parcel) = self.wires[wire].sides[side].held.pop_front() {
            self.deliver(wire, side, parcel);
        }
    }

    fn deliver(&mut self, wire: usize, side: usize, parcel: Parcel) {
        let here = &mut self.wires[wire].sides[side];
        if here.broken || here.holder == Holder::Nobody {
            if let Parcel::Bytes(bytes) = parcel {
                here.coming -= bytes.len();
                if here.holder == Holder::Nobody {
                    self.post(wire, side, Parcel::Reset);
                }
            }
            return;
        }
        match parcel {
            Parcel::Bytes(bytes) => here.put(&bytes),
            Parcel::End => here.ended = true,
            Parcel::Reset => {
                here.broken = true;
                here.clear();
            }
        }
        match self.wires[wire].sides[side].holder {
            Holder::Server(place, conn) => {
                if let Some(server) = self.places[place].server.as_deref_mut() {
                    server.list(conn);
                    self.turn(place);
                }
            }
            Holder::Guest(guest) => self.guest_hears(guest),
            Holder::Kernel(_) | Holder::Nobody => {}
        }
    }

    /// A side was read: there is room for more.
    pub fn took(&mut self, wire: usize, side: usize, count: usize) {
        self.wires[wire].sides[side].take(count);
        let delay = self.wires[wire].delays[side];
        self.wake_writer(wire, 1 - side, delay + SOON);
    }

    /// Who waits for room at a side has some, soon.
    pub fn wake_writer(&mut self, wire: usize, side: usize, after: u64) {
        let Holder::Server(place, conn) = self.wires[wire].sides[side].holder else {
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

    /// A connection is dead: whoever is to learn of it does, the other when it writes.
    pub fn kill(&mut self, wire: usize, sides: &[usize]) {
        for &side in sides {
            self.deliver(wire, side, Parcel::Reset);
        }
    }

    /// Whether nothing gets from one to the other.
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.contains_key(&(from, to))
    }
}
