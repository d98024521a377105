//! A neighbour: the link on which we tell it things, and the one on which it tells us.

use std::net::IpAddr;

use super::event::Neighbour;
use super::notes::Level;
use crate::units::{ConnId, Mono};
use crate::wire::{Extent, Run};

/// What we know of a neighbour, and how far we have got with it.
#[derive(Debug)]
pub struct Peer {
    /// Its name in the topology.
    pub name: String,
    /// Where it may come from.
    pub addresses: Vec<IpAddr>,
    /// Its present life, as it last said.
    pub run: Option<Run>,
    /// Our feed's number when we learnt of that life. What it told us of earlier changes, it may
    /// have told in an earlier life, and forgotten.
    pub run_since: u64,
    /// The link on which we tell it things.
    pub tell: Tell,
    /// When it was last dialled.
    pub dialled: Mono,
    /// Our nonce on the link that is being greeted.
    pub nonce: String,
    /// The number of the last change that was told or is known to it.
    pub told: u64,
    /// Bytes of news that it was told since the last MARK.
    pub unmarked: usize,
    /// The last two MARKs that we sent.
    pub marks: [Option<Extent>; 2],
    /// How long to wait before the next dial, in nanoseconds.
    pub backoff: u64,
    /// Why it could not be dialled, if that is noted already: a neighbour that stays away is not
    /// worth a line a second.
    pub trouble: Option<String>,
    /// The link on which it tells us things.
    pub hear: Option<ConnId>,
    /// The last MARK that it sent in this life: so far we got into its feed.
    pub heard: Extent,
    /// Warnings about it.
    pub warnings: Warnings,
}

/// The state of the link on which we tell a neighbour things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Waiting for the next dial.
    Down,
    /// The shell connects.
    Dialling,
    /// We said HELLO.
    Greeting(ConnId),
    /// It said HELLO; where to begin is not known yet.
    Resuming(ConnId),
    /// We tell it every change.
    Up(ConnId),
}

impl Tell {
    /// The connection, if there is one.
    pub fn conn(self) -> Option<ConnId> {
        match self {
            Tell::Down | Tell::Dialling => None,
            Tell::Greeting(conn) | Tell::Resuming(conn) | Tell::Up(conn) => Some(conn),
        }
    }
}

impl Peer {
    /// A neighbour that has not been met.
    pub fn new(neighbour: Neighbour, backoff: u64) -> Peer {
        Peer {
            name: neighbour.name,
            addresses: neighbour.addresses,
            run: None,
            run_since: 0,
            tell: Tell::Down,
            dialled: Mono(0),
            nonce: String::new(),
            told: 0,
            unmarked: 0,
            marks: [None; 2],
            backoff,
            trouble: None,
            hear: None,
            heard: Extent::default(),
            warnings: Warnings::default(),
        }
    }

    /// The next MARK for it, about a table of so many records with that digest.
    pub fn mark(&mut self, count: u64, digest: u64) -> Extent {
        let seq = self.told;
        let mark = Extent { seq, count, digest };
        self.unmarked = 0;
        self.marks = [self.marks[1], Some(mark)];
        mark
    }

    /// How much our last MARK and its answer matter: little, if it was the one before again.
    pub fn beat_level(&self) -> Level {
        if self.marks[0] == self.marks[1] {
            Level::Debug
        } else {
            Level::Info
        }
    }
}

/// At most one warning in a while about the same thing.
#[derive(Debug, Default)]
pub struct Warnings {
    next: Mono,
    withheld: u64,
}

impl Warnings {
    /// Whether one may be given now, and how many were withheld since the last.
    pub fn permit(&mut self, now: Mono, pause: u64) -> Option<u64> {
        if now < self.next {
            self.withheld += 1;
            return None;
        }
        self.next = now + pause;
        Some(std::mem::take(&mut self.withheld))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted_while_they_are_withheld() {
        let mut warnings = Warnings::default();
        assert_eq!(warnings.permit(Mono(5), 10), Some(0));
        assert_eq!(warnings.permit(Mono(6), 10), None);
        assert_eq!(warnings.permit(Mono(14), 10), None);
        assert_eq!(warnings.permit(Mono(15), 10), Some(2));
        assert_eq!(warnings.permit(Mono(25), 10), Some(0));
    }
}
