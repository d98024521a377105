//! What a load run has seen: how many requests, how long they took, and what went wrong.

use super::histogram::Histogram;

/// A way in which a request can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server called it invalid: `? ` and the line.
    Refused,
    /// The line in the place of an AT line is not the right one.
    Wrong,
    /// What follows the AT line of a WHATSAT is no answer, or says that none could be had.
    Places,
    /// A line for which there was no request. Its connection is closed.
    Unasked,
    /// No reply came, in time or before its connection ended.
    Unanswered,
    /// The connection ended before the load did.
    Lost,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] = [
        Fault::Refused,
        Fault::Wrong,
        Fault::Places,
        Fault::Unasked,
        Fault::Unanswered,
        Fault::Lost,
    ];

    /// Its name, for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Refused => "refused",
            Fault::Wrong => "wrong",
            Fault::Places => "places",
            Fault::Unasked => "unasked",
            Fault::Unanswered => "unanswered",
            Fault::Lost => "lost",
        }
    }
}

/// Faults of one kind.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many.
    pub count: u64,
    /// The first of them: what was asked, and what came.
    pub sample: String,
}

/// The account of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests that were made, or were due.
    pub asked: u64,
    /// Those that had a right reply.
    pub right: u64,
    /// Those that had a wrong one, or none.
    pub failed: u64,
    /// From asking, or from when it was due, to the end of a right reply, in nanoseconds.
    pub latency: Histogram,
    faults: [Seen; Fault::ALL.len()],
}

impl Tally {
    /// Takes note of `count` faults; `sample` is asked for the first of its kind.
    pub fn fault(&mut self, fault: Fault, count: u64, sample: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let seen = &mut self.faults[fault as usize];
        if seen.count == 0 {
            seen.sample = sample();
        }
        seen.count += count;
        // A connection and a line that nobody asked for are no requests.
        if !matches!(fault, Fault::Lost | Fault::Unasked) {
            self.failed += count;
        }
    }

    /// What was seen of a kind.
    pub fn seen(&self, fault: Fault) -> &Seen {
        &self.faults[fault as usize]
    }

    /// Everything that went wrong.
    pub fn faults(&self) -> u64 {
        self.faults.iter().map(|seen| seen.count).sum()
    }

    /// Requests whose outcome is not known yet.
    pub fn open(&self) -> u64 {
        self.asked - self.right - self.failed
    }
}
