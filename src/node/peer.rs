//! A neighbour: the link on which we tell it things, and the one on which it tells us.

use std::net::IpAddr;

use super::event::Neighbour;
use super::notes::Level;
use crate::limits::Throttle;
use crate::units::{ConnId, Mono};
use crate::wire::{Position, Run};

/// What we know of a neighbour, and how far we have got with it.
#[derive(Debug)]
pub struct Peer {
    /// Its name in the topology.
    pub name: String,
    /// It is of another make: it knows the clients' door only.
    pub plain: bool,
    /// Where it may come from.
    pub addresses: Vec<IpAddr>,
    /// Its present life, as it last said.
    pub run: Option<Run>,
    /// Our feed's number when we learnt of that life, or of this neighbour. What it told us of
    /// earlier changes, it may have told in an earlier life, and forgotten; or another told it, who
    /// had its place.
    pub run_since: u64,
    /// The link on which we tell it things.
    pub tell: Tell,
    /// When it was last dialled.
    pub dialled: Mono,
    /// Our nonce on the link that is being greeted.
    pub nonce: String,
    /// The number of the last change that was told or is known to it.
    pub told: u64,
    /// The number of the last change that it is known to have, with all before it.
    pub confirmed: u64,
    /// Bytes of AT lines that it was told since the last MARK.
    pub unmarked: usize,
    /// The last two MARKs that we sent.
    pub marks: [Option<Position>; 2],
    /// How long to wait before the next dial, in nanoseconds.
    pub backoff: u64,
    /// Why it could not be dialled, if that is noted already: a neighbour that stays away is not
    /// worth a line a second.
    pub trouble: Option<String>,
    /// The link on which it tells us things.
    pub hear: Option<ConnId>,
    /// The last MARK that it sent in this life: so far we got into its feed.
    pub heard: Position,
    /// Bytes that it said, being plain, where nothing is to be said.
    pub chatter: usize,
    /// What it does not take, being plain.
    pub doubt: Doubt,
    /// Throttle about it.
    pub warnings: Throttle,
}

/// A plain neighbour resets what it is told: is it going down, or is it this line?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// Resets in a row of the first change that it has not been told.
    pub resets: u32,
    /// That change is left aside, and the next one told.
    pub aside: bool,
    /// The number of a change that was reset while a later one got through.
    pub suspect: Option<u64>,
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
    /// We tell it one change, the one of that number: it is plain.
    Telling(ConnId, u64),
}

impl Tell {
    /// The connection, if there is one.
    pub fn conn(self) -> Option<ConnId> {
        match self {
            Tell::Down | Tell::Dialling => None,
            Tell::Greeting(conn)
            | Tell::Resuming(conn)
            | Tell::Up(conn)
            | Tell::Telling(conn, _) => Some(conn),
        }
    }
}

impl Peer {
    /// A neighbour that has not been met.
    pub fn new(neighbour: Neighbour, backoff: u64) -> Peer {
        Peer {
            name: neighbour.name,
            plain: neighbour.plain,
            addresses: neighbour.addresses,
            run: None,
            run_since: 0,
            tell: Tell::Down,
            dialled: Mono(0),
            nonce: String::new(),
            told: 0,
            confirmed: 0,
            unmarked: 0,
            marks: [None; 2],
            backoff,
            trouble: None,
            hear: None,
            heard: Position::default(),
            chatter: 0,
            doubt: Doubt::default(),
            warnings: Throttle::default(),
        }
    }

    /// Whether it is plain, and that address is its own.
    pub fn plain_at(&self, address: IpAddr) -> bool {
        self.plain && self.is_at(address)
    }

    /// Whether that address is its own.
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|own| own.to_canonical() == address)
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
