//! The loop's own account: how many turns it takes, how long they are, and where its time goes.
//!
//! An account must not cost what it is to show, so clocks are read where the loop reads them
//! anyway, and elsewhere only now and then:
//!
//! - *Waiting* is exact. The loop reads its clock before each wait, for the time-out, and behind
//!   it, for the node. What lies between is waiting; a turn goes from one waking to the next wait,
//!   and the longest turn is the longest of these, whatever took that long: the node, a slow disk
//!   under the log, or the kernel giving the core to somebody else.
//! - *Read, node, flush and log* are sampled. One turn in [`SAMPLED_EVERY`] is a stopwatch: it
//!   reads the clock wherever one of these phases begins. How the sampled turns divide is taken
//!   for how all do, and scaled to the time that was not waiting. Node is all that is none of the
//!   others, the loop's own steps too. In all other turns a phase costs the look at one flag.
//!
//! The last seconds are a ring of totals, one for the beginning of each second. A second that
//! began while the loop waited is filled in when it wakes: nothing but waiting had happened.
//!
//! It reads no clock itself: it is told the time, or how to read it. Nothing in it fails.

use super::EventLoop;
use super::journal::Journal;
use crate::node::{Counts, Event, LoopMetrics, Recent};
use crate::units::{Mono, SECOND, Wall};

/// One turn in so many is timed phase by phase. A prime: turns that come in a pattern, a timer, a
/// reply, a timer, a reply, are all met in their turn.
const SAMPLED_EVERY: u64 = 61;
/// The last seconds are so many, the present one among them.
const SECONDS: usize = 10;

/// What a turn does, between waiting and waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading from sockets.
    Read,
    /// All that is none of the others.
    Node,
    /// Writing to sockets.
    Flush,
    /// Writing the log.
    Log,
}

/// All that has been since the start, in nanoseconds where it is time.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    turns: u64,
    events: u64,
    waited: u64,
    /// By phase, of sampled turns alone.
    sampled: [u64; 4],
    counts: Counts,
}

/// The account while it is kept.
#[derive(Debug)]
pub struct Ledger {
    started: Wall,
    totals: Totals,
    longest: u64,
    /// Of each of the last seconds: the totals at its beginning, and its longest turn.
    ring: [(Totals, u64); SECONDS],
    /// The second of the process's life that has not begun yet, as far as the ring knows.
    next_second: u64,
    /// When the present wait or turn began.
    border: Mono,
    /// What a sampled turn does at present, and since when; none: this turn is not sampled.
    phase: Option<(Phase, Mono)>,
}

impl Ledger {
    /// Of a process that started at `started`.
    pub fn new(started: Wall) -> Ledger {
        Ledger {
            started,
            totals: Totals::default(),
            longest: 0,
            ring: [(Totals::default(), 0); SECONDS],
            next_second: 0,
            border: Mono(0),
            phase: None,
        }
    }

    /// A turn ends: the loop is going to wait.
    pub fn sleeps(&mut self, now: Mono) {
        let length = now.since(self.border);
        self.longest = self.longest.max(length);
        let second = self.next_second.saturating_sub(1);
        let longest = &mut self.ring[second as usize % SECONDS].1;
        *longest = length.max(*longest);
        self.enter(Phase::Node, || now);
        self.phase = None;
        self.border = now;
    }

    /// A turn begins, with so many events.
    pub fn wakes(&mut self, now: Mono, events: usize) {
        if self.totals.turns.is_multiple_of(SAMPLED_EVERY) {
            self.phase = Some((Phase::Node, now));
        }
        self.totals.turns += 1;
        self.totals.events += events as u64;
        self.waited_until(now);
    }

    fn waited_until(&mut self, now: Mono) {
        self.totals.waited += now.since(self.border);
        self.border = now;
    }

    /// The turn goes over to another phase. The clock is read only if it is sampled.
    pub fn enter(&mut self, phase: Phase, clock: impl FnOnce() -> Mono) {
        if let Some((present, since)) = &mut self.phase {
            let now = clock();
            self.totals.sampled[*present as usize] += now.since(*since);
            (*present, *since) = (phase, now);
        }
    }

    /// Whether a second has begun since the last account.
    pub fn is_due(&self, now: Mono) -> bool {
        now.0 / SECOND >= self.next_second
    }

    /// The account of this moment, at the end of a wait.
    pub fn account(&mut self, now: Mono, counts: Counts) -> LoopMetrics {
        self.waited_until(now);
        self.totals.counts = counts;
        let second = now.0 / SECOND;
        let oldest = second.saturating_sub(SECONDS as u64 - 1);
        // When second 0 began there was nothing.
        for begun in self.next_second.max(oldest).max(1)..=second {
            let waited = now.since(Mono(begun * SECOND)).min(self.totals.waited);
            let mut then = self.totals;
            then.waited -= waited;
            self.ring[begun as usize % SECONDS] = (then, 0);
        }
        self.next_second = second + 1;
        let (before, _) = self.ring[oldest as usize % SECONDS];
        let Totals { turns, events, .. } = self.totals;
        let period = now.since(Mono(oldest * SECOND));
        let longest = self.ring.iter().map(|(_, longest)| *longest).max();
        let recent = Recent {
            period,
            turns: turns - before.turns,
            events: events - before.events,
            longest: longest.unwrap_or_default(),
            spent: self.spent(&before, period),
            counts: counts.since(&before.counts),
        };
        LoopMetrics {
            started: self.started,
            turns,
            longest: self.longest,
            recent,
            ..LoopMetrics::default()
        }
    }

    /// Time in wait, read, node, flush and log since `before`, which was `period` ago.
    fn spent(&self, before: &Totals, period: u64) -> [u64; 5] {
        let waited = (self.totals.waited - before.waited).min(period);
        let recent = std::array::from_fn(|at| self.totals.sampled[at] - before.sampled[at]);
        // So few turns that none was sampled: they divide as all before them.
        let sampled = match recent.iter().sum() {
            0u64 => self.totals.sampled,
            _ => recent,
        };
        let whole = u128::from(sampled.iter().sum::<u64>().max(1));
        let busy = u128::from(period - waited);
        let [read, node, flush, log] =
            sampled.map(|part: u64| (u128::from(part) * busy / whole) as u64);
        [waited, read, node, flush, log]
    }
}

impl EventLoop {
    /// Tells the node the account, once a second at most.
    pub(super) fn account(&mut self) {
        if self.ledger.is_due(self.now.mono) {
            let mut account = self.ledger.account(self.now.mono, self.node.counts());
            account.clients_max = self.clients_max;
            account.journal = (self.journal.as_ref()).map_or_else(Default::default, Journal::size);
            let log = self.log.state();
            (account.log_trouble, account.log_lost) = (log.trouble, log.lost);
            let event = Event::LoopMetrics(Box::new(account));
            self.node.handle(self.now, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MILLISECOND;

    const MS: u64 = MILLISECOND;

    fn counts(iamats: u64) -> Counts {
        Counts {
            iamats,
            ..Counts::default()
        }
    }

    /// A turn from `at`, in milliseconds, with 1 ms for each phase, then `idle` more of the node.
    fn turn(ledger: &mut Ledger, at: u64, idle: u64) {
        ledger.wakes(Mono(at * MS), 2);
        for (step, phase) in [Phase::Read, Phase::Flush, Phase::Log, Phase::Node]
            .into_iter()
            .enumerate()
        {
            ledger.enter(phase, || Mono((at + 1 + step as u64) * MS));
        }
        ledger.sleeps(Mono((at + 4 + idle) * MS));
    }

    #[test]
    fn waiting_is_exact_and_the_rest_is_scaled() {
        let mut ledger = Ledger::new(Wall(0));
        ledger.sleeps(Mono(0));
        // The first is sampled; the second, of 4 ms too, is not.
        turn(&mut ledger, 100, 0);
        turn(&mut ledger, 200, 0);
        let account = ledger.account(Mono(1_000 * MS), counts(5));
        let Recent { spent, period, .. } = account.recent;
        assert_eq!(period, 1_000 * MS);
        assert_eq!(spent, [992 * MS, 2 * MS, 2 * MS, 2 * MS, 2 * MS]);
        assert_eq!((account.turns, account.recent.turns), (2, 2));
        assert_eq!(
            (account.recent.events, account.recent.counts.iamats),
            (4, 5)
        );
        assert_eq!((account.longest, account.recent.longest), (4 * MS, 4 * MS));
    }

    #[test]
    fn the_clock_is_read_in_sampled_turns_only() {
        let mut ledger = Ledger::new(Wall(0));
        let mut reads = 0;
        for number in 0..2 * SAMPLED_EVERY {
            ledger.wakes(Mono(number), 0);
            ledger.enter(Phase::Read, || {
                reads += 1;
                Mono(number)
            });
            ledger.sleeps(Mono(number));
        }
        assert_eq!(reads, 2);
    }

    #[test]
    fn what_was_long_ago_is_not_recent() {
        let mut ledger = Ledger::new(Wall(0));
        ledger.sleeps(Mono(0));
        turn(&mut ledger, 100, 50);
        // Nothing happens for a minute and a half second.
        let now = Mono(60_500 * MS);
        let account = ledger.account(now, counts(7));
        assert!(!ledger.is_due(now) && ledger.is_due(Mono(61_000 * MS)));
        ledger.wakes(now, 1);
        assert_eq!(account.recent.period, 9_500 * MS);
        assert_eq!(account.recent.spent, [9_500 * MS, 0, 0, 0, 0]);
        assert_eq!((account.recent.counts.iamats, account.recent.turns), (0, 0));
        assert_eq!((account.longest, account.recent.longest), (54 * MS, 0));
        // That turn is recent two seconds later.
        ledger.sleeps(now);
        let now = Mono(62_000 * MS);
        let account = ledger.account(now, counts(9));
        assert_eq!((account.recent.counts.iamats, account.recent.turns), (2, 1));
        assert_eq!(account.recent.period, 9_000 * MS);
    }
}
