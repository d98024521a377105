//! A cable carries bytes from one server to another. It takes time; a bad one also loses packets,
//! has a rate, and a queue in front of it that others fill. TCP is modelled as far as a link can
//! notice it: a lost packet is sent again after a time-out that doubles each time, and those after
//! it wait for it at the other end.

use herd::units::{MILLISECOND, SECOND};

use super::random::Random;
use super::world::{Happening, World};
use crate::support::wire::{End, Network, Parcel};

/// Bytes that a packet carries, and its others.
const PACKET: usize = 1448;
const HEADER: usize = 52;
/// TCP's first time-outs, and the longest (RFC 6298, and Linux).
const RESENT_AFTER: u64 = 200 * MILLISECOND;
const SYN_RESENT_AFTER: u64 = SECOND;
const RESENT_LAST: u64 = 120 * SECOND;

/// One direction between two servers. Times are in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Cable {
    pub delay: u64,
    /// TCP carries bytes in packets, and its handshake takes three. Else a write arrives as it was,
    /// and a dial comes in with its first one.
    pub is_tcp: bool,
    /// Of a thousand packets this many are lost.
    pub loss: u64,
    /// Bytes a second; 0: any number.
    pub rate: u64,
    /// The traffic of others, in order of time.
    pub floods: Vec<Flood>,
    /// When the last of our packets has left the queue.
    free_at: u64,
}

/// Others fill the queue in front of a line.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    pub from: u64,
    pub until: u64,
    /// How long a packet waits in the full queue.
    pub queue: u64,
    /// How long it takes to fill it. Afterwards it empties as fast as the line carries it.
    pub ramp: u64,
}

impl Cable {
    pub fn new(delay: u64) -> Cable {
        Cable {
            delay,
            ..Cable::default()
        }
    }

    /// How long a packet of now waits for those of others.
    fn wait(&self, now: u64) -> u64 {
        let floods = self.floods.iter().filter(|flood| flood.from <= now);
        let waits = floods.map(|flood| {
            let age = now.min(flood.until) - flood.from;
            let filled = match age < flood.ramp {
                true => flood.queue * (age / MILLISECOND) / (flood.ramp / MILLISECOND),
                false => flood.queue,
            };
            filled.saturating_sub(now.saturating_sub(flood.until))
        });
        waits.max().unwrap_or(0)
    }

    /// When a packet of now arrives, if TCP sends it again for the first time after `resent_after`
    /// and a round trip.
    fn arrival(&mut self, now: u64, bytes: usize, resent_after: u64, luck: &mut Random) -> u64 {
        let (mut at, mut again) = (now, resent_after + 2 * self.delay + self.wait(now));
        while luck.below(1000) < self.loss as usize {
            (at, again) = (at + again, (2 * again).min(RESENT_LAST));
        }
        let length = (bytes + HEADER) as u64;
        let takes = (length * SECOND).checked_div(self.rate).unwrap_or(0);
        let left = self.free_at.max(at + self.wait(at)) + takes;
        // A packet of a later time holds up none of now.
        if at == now && bytes > 0 {
            self.free_at = left;
        }
        left + self.delay
    }
}

impl World {
    /// Two servers connect. When the dialler knows, and when the other one does.
    pub fn shake_hands(
        &mut self,
        [there, back]: [(usize, usize); 2],
        accepting: End,
    ) -> (u64, u64) {
        let [to, fro] = [there, back].map(|way| self.cables[&way].delay);
        if !self.cables[&there].is_tcp {
            return (self.now + to + fro, self.now + to);
        }
        let syn = self.carry(there, self.now, 0, SYN_RESENT_AFTER);
        let answer = self.carry(back, syn, 0, SYN_RESENT_AFTER);
        let made = self.carry(there, answer, 0, RESENT_AFTER);
        // Lines of the dialler come after the end of the handshake.
        self.side(accepting).due = made;
        (answer, made)
    }

    /// Puts a parcel on its way in packets.
    pub fn post_in_packets(&mut self, to: End, way: (usize, usize), parcel: Parcel) {
        let parcels = match parcel {
            Parcel::Bytes(bytes) => {
                let packets = bytes.chunks(PACKET);
                packets.map(|it| Parcel::Bytes(it.to_vec())).collect()
            }
            other => vec![other],
        };
        for parcel in parcels {
            let bytes = match &parcel {
                Parcel::Bytes(bytes) => bytes.len(),
                _ => 0,
            };
            let arrival = self.carry(way, self.now, bytes, RESENT_AFTER);
            let due = self.side(to).due.max(arrival);
            self.side(to).due = due;
            self.plan(due, Happening::Arrive(to, parcel));
        }
    }

    fn carry(&mut self, way: (usize, usize), now: u64, bytes: usize, resent_after: u64) -> u64 {
        let World { cables, random, .. } = self;
        let cable = cables.get_mut(&way).expect("linked servers");
        cable.arrival(now, bytes, resent_after, random)
    }
}
