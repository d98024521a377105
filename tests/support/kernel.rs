//! The world as one process meets it.

use std::net::{IpAddr, Ipv4Addr};

use herd::limits::Limits;
use herd::node::{Ack, Config, JournalEvent, JournalTask, LookupError, Neighbour, Query};
use herd::units::{ConnId, LookupId, PeerId};

use super::shell::Shell;
use super::wire::{End, Network};

/// Radius in km and bound of a WHATSAT: in the simulator they name it.
pub type Numbers = (u32, usize);

/// The numbers of a lookup.
pub fn numbers(query: &Query) -> Numbers {
    (query.radius_m / 1000, query.bound)
}

pub type Answer = Result<Vec<u8>, LookupError>;

/// All that a process asks of its kernel, its workers and its disk.
pub trait Kernel: Network + Watch {
    /// Begins an attempt to dial; its outcome comes into `outcomes`, or never.
    fn dial(&mut self, shell: &mut Shell, peer: PeerId, attempt: u32);
    /// The server's end of a wire that waits at a door of this place.
    fn knock(&mut self, place: usize) -> Option<End>;
    /// Whether the server in this place is killed before its next action.
    fn dies(&mut self, _place: usize) -> bool {
        false
    }
    /// How many bytes a write at an end would take.
    fn room(&mut self, end: End) -> usize;
    /// How many bytes the next read at an end finds.
    fn found(&mut self, end: End) -> usize;
    /// How many of `count` bytes, for which there is room, a write takes.
    fn written(&mut self, count: usize) -> usize {
        count
    }
    /// How many lookups the workers take at a time.
    fn pool(&self) -> usize;
    /// A lookup is asked for. Unless all workers are busy, its answer comes into `answers`, or
    /// never.
    fn look_up(&mut self, shell: &Shell, id: LookupId, query: Query, busy: bool);
    /// A task for the journal; one that is the loop's own has its answer at once.
    fn journal_task(&mut self, shell: &Shell, task: JournalTask) -> Option<JournalEvent>;
    /// The disk's worker is done.
    fn disk_done(&mut self, place: usize) -> Option<JournalEvent>;
}

/// All that a world may want to see of a process.
pub trait Watch {
    /// A server is about to be handed what came to its end; nothing is the end. The number in the
    /// last MARK of it, if it ends with one.
    fn heard(&mut self, shell: &Shell, end: End, bytes: &[u8]) -> Option<u64>;
    /// It was handed a MARK.
    fn marked(&mut self, _shell: &Shell, _conn: ConnId, _end: End, _seq: u64) {}
    /// A server is about to write a part of `unsent`.
    fn offered(&mut self, _shell: &Shell, _end: End, _unsent: &[u8]) {}
    /// The server is told the answer of a lookup.
    fn answered(&mut self, _numbers: Numbers, _answer: &Answer) {}
    /// The server gave up a lookup. True: so does its worker.
    fn forgotten(&mut self, shell: &Shell, id: LookupId, numbers: Numbers) -> bool;
    fn paused(&mut self, _shell: &Shell, _end: End, _paused: bool) {}
    fn closed(&mut self, _shell: &Shell, _conn: ConnId, _end: End) {}
    fn stopped(&mut self, _shell: &Shell) {}
    /// The process behind the other end of a wire goes away.
    fn deserted(&mut self, _end: End) {}
    /// The node broke a rule.
    fn wrong(&mut self, check: &'static str, what: String);
}

/// The address of the server in a place.
pub fn address(place: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, (place % 250) as u8 + 1))
}

/// A neighbour in a place.
pub fn neighbour(place: usize, name: &str, plain: bool) -> Neighbour {
    Neighbour {
        name: name.to_string(),
        plain,
        addresses: vec![address(place)],
    }
}

/// A server as simple as can be: no journal, no secret, no log.
pub fn config(name: &str, run: u64, neighbours: Vec<Neighbour>) -> Config {
    Config {
        name: name.to_string(),
        version: "1.0".to_string(),
        run,
        seed: run,
        neighbours,
        ack: Ack::Local,
        journal: None,
        secret: None,
        level: None,
        limits: Limits::default(),
    }
}
