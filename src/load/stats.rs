//! The numbers of a load run: how many requests, how long they took, and what went wrong.

use hdrhistogram::Histogram;

/// A way in which a request can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server called it invalid: `? ` and the line.
    Refused,
    /// A wrong line instead of the AT line.
    Wrong,
    /// The rest of a WHATSAT's reply is not an answer, or says that none could be had.
    Places,
    /// A line without a request. Its connection is closed.
    Unasked,
    /// No reply came, in time or before its connection ended.
    Unanswered,
    /// The connection ended before the run did.
    Lost,
}

/// The names of all faults in their order, for people and programs.
const NAMES: &str = "refused wrong places unasked unanswered lost";

/// The faults of one kind.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub count: u64,
    /// The first of them: what was asked, and what came.
    pub sample: String,
}

/// The numbers of a run.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Requests that were made, or were due.
    pub asked: u64,
    /// Requests with a right reply.
    pub right: u64,
    /// Requests with a wrong reply, or none.
    pub failed: u64,
    /// Nanoseconds from asking, or from when it was due, to the end of a right reply; to within a
    /// thousandth.
    pub latency: Histogram<u64>,
    faults: [Seen; Fault::Lost as usize + 1],
}

impl Default for Stats {
    fn default() -> Stats {
        Stats {
            asked: 0,
            right: 0,
            failed: 0,
            latency: Histogram::new(3).expect("three digits are allowed"),
            faults: Default::default(),
        }
    }
}

impl Stats {
    /// Counts a right reply, `latency` nanoseconds after its request.
    pub fn answered(&mut self, latency: u64) {
        self.right += 1;
        // It grows as it must, so there is no value that it refuses.
        let _ = self.latency.record(latency);
    }

    /// Counts `count` faults; `sample` describes the first of its kind.
    pub fn fault(&mut self, fault: Fault, count: u64, sample: impl FnOnce() -> String) {
        if count == 0 {
            return;
        }
        let seen = &mut self.faults[fault as usize];
        if seen.count == 0 {
            seen.sample = sample();
        }
        seen.count += count;
        // A lost connection and a line that nobody asked for are not requests.
        if !matches!(fault, Fault::Lost | Fault::Unasked) {
            self.failed += count;
        }
    }

    /// All kinds of faults by their names, whether any was seen or not.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &Seen)> {
        NAMES.split(' ').zip(&self.faults)
    }

    /// The kinds of faults that were seen.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, &Seen)> {
        self.kinds().filter(|(_, seen)| seen.count > 0)
    }

    /// Requests whose outcome is not known yet.
    pub fn open(&self) -> u64 {
        self.asked - self.right - self.failed
    }
}
