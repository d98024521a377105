//! The counters of the node, and the metrics of the shell for the node's status.

use super::refusals::Refusals;
use crate::limits::{Hits, Throttle};
use crate::node::journal::JournalSize;
use crate::units::{ConnId, Wall};
use crate::wire::{FORMS, Invalid};

/// The counters of the node.
#[derive(Debug, Default)]
pub struct Counters {
    pub counts: Counts,
    /// The invalid lines of clients, by their kind.
    pub invalid: [u64; Invalid::NAMES.len()],
    /// The refusals of the place service.
    pub refusals: Refusals,
    /// Warnings of lookups that failed.
    pub failures: Throttle,
    /// How often each limit was met.
    pub hits: Hits,
    /// Clients that are connected.
    pub clients: usize,
    /// Lines of connections that were handled.
    pub lines: u64,
}

impl Counters {
    /// Counts an invalid line of a client.
    pub fn count_invalid(&mut self, why: Invalid) {
        self.counts.invalid += 1;
        self.invalid[why.kind()] += 1;
    }
}

/// Events since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Valid commands, by their kind.
    pub commands: [u64; FORMS.len()],
    /// Invalid lines of clients.
    pub invalid: u64,
    /// AT lines that neighbours told us.
    pub ats_in: u64,
    /// AT lines that we told neighbours.
    pub ats_out: u64,
    /// Lookups whose client waited for them, and that had no answer.
    pub lookups_failed: u64,
}

impl Counts {
    /// The events since `earlier`.
    pub fn since(&self, earlier: &Counts) -> Counts {
        Counts {
            commands: std::array::from_fn(|kind| self.commands[kind] - earlier.commands[kind]),
            invalid: self.invalid - earlier.invalid,
            ats_in: self.ats_in - earlier.ats_in,
            ats_out: self.ats_out - earlier.ats_out,
            lookups_failed: self.lookups_failed - earlier.lookups_failed,
        }
    }
}

/// Metrics that only the shell knows. All times are in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoopMetrics {
    /// When the process started.
    pub started: Wall,
    /// Its number.
    pub pid: u32,
    /// The most clients that are accepted.
    pub clients_max: usize,
    /// Why the log is not written, if it is not.
    pub log_trouble: Option<String>,
    /// Lines of the log that were dropped since the start.
    pub log_lost: u64,
    /// The journal's files, if there are any.
    pub journal: JournalSize,
    /// Why the journal is longer than it need be, if that cannot be changed.
    pub journal_long: Option<String>,
    /// Turns of the loop since the start.
    pub turns: u64,
    /// The longest of them, from waking to the next wait.
    pub longest: u64,
    /// Turns that were longer than [`Limits::slow_turn`](crate::limits::Limits::slow_turn).
    pub slow_turns: u64,
    /// The last seconds.
    pub recent: Recent,
}

/// Metrics of the last seconds. All times are in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// The time that this covers; 0: nothing is known yet.
    pub period: u64,
    /// Turns of the loop.
    pub turns: u64,
    /// Events in those turns.
    pub events: u64,
    /// The longest turn, from waking to the next wait.
    pub longest: u64,
    /// Time in wait, read, node, flush and log. All but the first are scaled from a sample.
    pub spent: [u64; 5],
    /// Events that the node counted.
    pub counts: Counts,
}

/// The contents of a node: everything that could leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Connections, clients' and links.
    pub sessions: usize,
    /// Deadlines that are set, except the journal's, which comes and goes with each write.
    pub timers: usize,
    /// Lookups that a client waits for.
    pub lookups: usize,
}

/// How far a neighbour was told our changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStats {
    /// The neighbour.
    pub name: String,
    /// The link on which it is told, if it is up.
    pub conn: Option<ConnId>,
    /// Every change up to this one is told, or was known to it.
    pub sent_seq: u64,
    /// Every change up to this one is acknowledged.
    pub acked_seq: u64,
}

/// The contents of one connection, in bytes unless a field says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnStats {
    /// Bytes that are read and not processed.
    pub unread: usize,
    /// Bytes that are to be written.
    pub unsent: usize,
    /// Bytes of replies that wait.
    pub held: usize,
    /// The number of requests in the reply queue.
    pub replies: usize,
    /// The number of them that wait for a lookup.
    pub lookups: usize,
}
