//! Loop metrics: how many turns the loop takes, how long they are, and where its time goes.
//!
//! Measuring must not cost what it measures, so clocks are read where the loop reads them anyway,
//! and elsewhere only in sampled turns:
//!
//! - *Waiting* is exact. The loop reads its clock before each wait, for the time-out, and after it,
//!   for the node; the time between is waiting. A turn goes from one waking to the next wait, and
//!   the longest turn is the longest of these, whatever took that long: the node, a slow disk under
//!   the log, or the kernel giving the core to another process.
//! - *Read, node, flush and log* are sampled. In one turn of [`SAMPLED_EVERY`] the clock is read
//!   wherever one of these phases begins. The shares in sampled turns are scaled to all time that
//!   was not waiting. Node is everything that is none of the others, including the journal and the
//!   loop's own steps. In all other turns a phase costs a look at one flag. While turns are traced
//!   (`slices.rs`), every turn is sampled.
//!
//! `slow.rs` looks at every turn, and at little of it.
//!
//! The last seconds are a ring of totals, one for the beginning of each second. A second that
//! began while the loop waited is filled in when it wakes: nothing but waiting had happened.

use super::clock::Clock;
use super::phase::Phase;
use super::slices::{Slices, Span};
use super::slow::{Served, SlowTurns};
use crate::node::{Counts, LoopMetrics, Recent, Remote};
use crate::units::{ConnId, Mono, SECOND, Wall};

/// One turn of this number is timed phase by phase. It is a prime: turns that come in a pattern (a
/// timer, a reply, a timer, a reply) are all sampled in the long run.
const SAMPLED_EVERY: u64 = 61;
/// How many seconds are recent, the present one included.
const SECONDS: usize = 10;

/// Sums since the start; times are in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    turns: u64,
    events: u64,
    waited: u64,
    /// The longest turn.
    longest: u64,
    /// By phase, of sampled turns only.
    sampled: [u64; 5],
    counts: Counts,
}

/// The loop's clock, which measures as it is read.
#[derive(Debug)]
pub struct Stopwatch {
    pub clock: Clock,
    started: Wall,
    totals: Totals,
    /// The totals at the beginning of each of the last seconds; but the longest turn is its own.
    ring: [Totals; SECONDS],
    /// The first second of the process's life that is not in the ring yet.
    next_second: u64,
    /// When the present wait or turn began.
    border: Mono,
    /// The phase of a sampled turn, and since when; none: this turn is not sampled.
    phase: Option<(Phase, Mono)>,
    /// The events of this turn.
    events: usize,
    /// The slow turns.
    pub slow: SlowTurns,
    /// If turns are traced, what they were spent on.
    pub slices: Option<Slices>,
}

impl Stopwatch {
    /// Measures from now on. A turn that takes longer than `slow` nanoseconds is slow; 0: none is.
    pub fn new(clock: Clock, slow: u64, is_traced: bool) -> Stopwatch {
        Stopwatch {
            started: clock.now().wall,
            clock,
            totals: Totals::default(),
            ring: [Totals::default(); SECONDS],
            next_second: 0,
            border: Mono(0),
            phase: None,
            events: 0,
            slow: SlowTurns::new(slow),
            slices: is_traced.then(Slices::default),
        }
    }

    /// The turn enters another phase. The clock is read only if somebody wants to know.
    pub fn enter(&mut self, phase: Phase) {
        if self.phase.is_some() || self.slow.awaits(phase) {
            self.enter_at(phase, self.clock.mono());
        }
    }

    fn enter_at(&mut self, phase: Phase, now: Mono) {
        self.slow.enter(phase, now);
        if let Some((present, since)) = &mut self.phase {
            self.totals.sampled[*present as usize] += now.since(*since);
            if let Some(slices) = &mut self.slices {
                slices.phase(*present, *since, now);
            }
            (*present, *since) = (phase, now);
        }
    }

    /// The ring, if this turn is traced.
    fn traced(&mut self) -> Option<&mut Slices> {
        match self.phase {
            Some(_) => self.slices.as_mut(),
            None => None,
        }
    }

    /// The present phase has read bytes from a connection, or written them to it.
    pub fn carry(&mut self, bytes: usize, remote: impl FnOnce() -> Option<Remote>) {
        if let Some(slices) = self.traced() {
            slices.carry(remote(), bytes);
        }
    }

    /// A connection begins to be served. The node has handled `lines` so far.
    pub fn begin_serving(&mut self, remote: impl FnOnce() -> Option<Remote>, lines: u64) {
        if self.traced().is_some() {
            let now = self.clock.mono();
            self.enter_at(Phase::Node, now);
            if let Some(slices) = &mut self.slices {
                slices.begin_serving(remote(), now, lines);
            }
        }
    }

    /// It is served: `bytes` were read from it.
    pub fn end_serving(&mut self, bytes: usize, lines: u64) {
        if self.traced().is_some() {
            let now = self.clock.mono();
            self.enter_at(Phase::Node, now);
            if let Some(slices) = &mut self.slices {
                slices.end_serving(now, bytes, lines);
            }
        }
    }

    /// A worker has done a job.
    pub fn worked(&mut self, span: Option<Span>) {
        if let (Some(slices), Some(span)) = (&mut self.slices, span) {
            slices.push(span.into());
        }
    }

    /// Every connection of this turn is served. The node has handled `lines` so far.
    pub fn served(&mut self, lines: u64, remote: impl FnOnce(ConnId) -> Option<Remote>) {
        if self.slow.is_on() {
            let now = self.clock.mono();
            let length = now.since(self.border);
            self.slow.served(length, now, lines, remote);
        }
    }

    /// Bytes came in on a connection.
    pub fn received(&mut self, served: Served, now: Mono) {
        self.slow.received(served, now);
    }

    /// The turn ends, and waiting begins. Returns how long it was, if it was slow.
    pub fn sleep(&mut self, now: Mono) -> Option<u64> {
        let length = now.since(self.border);
        self.totals.longest = self.totals.longest.max(length);
        let second = self.next_second.saturating_sub(1);
        let longest = &mut self.ring[second as usize % SECONDS].longest;
        *longest = length.max(*longest);
        self.enter_at(Phase::Node, now);
        let (border, events) = (self.border, self.events);
        if let Some(slices) = self.traced() {
            slices.turn(border, now, events);
        }
        self.phase = None;
        self.border = now;
        self.slow.end(length).then_some(length)
    }

    /// Waiting ends.
    pub fn wake(&mut self, now: Mono) {
        self.totals.waited += now.since(self.border);
        if let Some(slices) = &mut self.slices {
            slices.wait(self.border, now);
        }
        self.border = now;
    }

    /// A turn begins, with that many events.
    pub fn begin_turn(&mut self, events: usize) {
        let is_sampled = self.totals.turns.is_multiple_of(SAMPLED_EVERY);
        if is_sampled || self.slices.is_some() {
            self.phase = Some((Phase::Node, self.border));
        }
        self.totals.turns += 1;
        self.totals.events += events as u64;
        self.events = events;
        self.slow.begin();
    }

    /// The metrics at the end of a wait, if a second has begun since the last.
    pub fn report(&mut self, counts: impl FnOnce() -> Counts) -> Option<LoopMetrics> {
        let now = self.border;
        let second = now.0 / SECOND;
        if second < self.next_second {
            return None;
        }
        self.totals.counts = counts();
        let oldest = second.saturating_sub(SECONDS as u64 - 1);
        // When second 0 began there was nothing.
        for begun in self.next_second.max(oldest).max(1)..=second {
            let waited = now.since(Mono(begun * SECOND)).min(self.totals.waited);
            let mut then = self.totals;
            (then.waited, then.longest) = (then.waited - waited, 0);
            self.ring[begun as usize % SECONDS] = then;
        }
        self.next_second = second + 1;
        let before = self.ring[oldest as usize % SECONDS];
        let Totals { turns, events, .. } = self.totals;
        let period = now.since(Mono(oldest * SECOND));
        let longest = self.ring.iter().map(|then| then.longest).max();
        let recent = Recent {
            period,
            turns: turns - before.turns,
            events: events - before.events,
            longest: longest.unwrap_or_default(),
            spent: self.spent(&before, period),
            counts: self.totals.counts.since(&before.counts),
        };
        Some(LoopMetrics {
            started: self.started,
            turns,
            longest: self.totals.longest,
            slow_turns: self.slow.count,
            recent,
            ..LoopMetrics::default()
        })
    }

    /// Time in wait, read, node, flush and log since `before`, which was `period` ago.
    fn spent(&self, before: &Totals, period: u64) -> [u64; 5] {
        let waited = (self.totals.waited - before.waited).min(period);
        let recent = std::array::from_fn(|at| self.totals.sampled[at] - before.sampled[at]);
        // No turn was sampled: take the shares since the start.
        let sampled = match recent.iter().sum() {
            0u64 => self.totals.sampled,
            _ => recent,
        };
        let whole = u128::from(sampled.iter().sum::<u64>().max(1));
        let busy = u128::from(period - waited);
        let [read, node, journal, flush, log] =
            sampled.map(|part: u64| (u128::from(part) * busy / whole) as u64);
        [waited, read, node + journal, flush, log]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MILLISECOND;

    const MS: u64 = MILLISECOND;

    fn counts(iamats: u64) -> Counts {
        let mut counts = Counts::default();
        counts.commands[0] = iamats;
        counts
    }

    fn stopwatch() -> Stopwatch {
        Stopwatch::new(Clock::start(), 0, false)
    }

    fn wake(watch: &mut Stopwatch, now: u64, events: usize) {
        watch.wake(Mono(now));
        watch.begin_turn(events);
    }

    /// The metrics at the end of a wait.
    fn report(watch: &mut Stopwatch, now: u64, iamats: u64) -> LoopMetrics {
        watch.wake(Mono(now));
        watch.report(|| counts(iamats)).expect("a second is over")
    }

    /// A turn from `at`, in milliseconds, with 1 ms for each phase, then `idle` more of the node.
    fn turn(watch: &mut Stopwatch, at: u64, idle: u64) {
        wake(watch, at * MS, 2);
        for (step, phase) in [Phase::Read, Phase::Flush, Phase::Log, Phase::Node]
            .into_iter()
            .enumerate()
        {
            watch.enter_at(phase, Mono((at + 1 + step as u64) * MS));
        }
        watch.sleep(Mono((at + 4 + idle) * MS));
    }

    #[test]
    fn waiting_is_exact_and_the_rest_is_scaled() {
        let mut watch = stopwatch();
        watch.sleep(Mono(0));
        // The first is sampled; the second, of 4 ms too, is not.
        turn(&mut watch, 100, 0);
        turn(&mut watch, 200, 0);
        let metrics = report(&mut watch, 1_000 * MS, 5);
        let Recent { spent, period, .. } = metrics.recent;
        assert_eq!(period, 1_000 * MS);
        assert_eq!(spent, [992 * MS, 2 * MS, 2 * MS, 2 * MS, 2 * MS]);
        assert_eq!((metrics.turns, metrics.recent.turns), (2, 2));
        assert_eq!(
            (metrics.recent.events, metrics.recent.counts.commands[0]),
            (4, 5)
        );
        assert_eq!((metrics.longest, metrics.recent.longest), (4 * MS, 4 * MS));
    }

    #[test]
    fn the_clock_is_read_in_sampled_turns_only() {
        let mut watch = stopwatch();
        let mut reads = 0;
        for number in 0..2 * SAMPLED_EVERY {
            wake(&mut watch, number, 0);
            reads += u32::from(watch.phase.is_some());
            watch.sleep(Mono(number));
        }
        assert_eq!(reads, 2);
    }

    #[test]
    fn what_was_long_ago_is_not_recent() {
        let mut watch = stopwatch();
        watch.sleep(Mono(0));
        turn(&mut watch, 100, 50);
        // Nothing happens for a minute and a half second.
        let metrics = report(&mut watch, 60_500 * MS, 7);
        assert!(watch.report(|| counts(8)).is_none());
        watch.begin_turn(1);
        assert_eq!(metrics.recent.period, 9_500 * MS);
        assert_eq!(metrics.recent.spent, [9_500 * MS, 0, 0, 0, 0]);
        assert_eq!(
            (metrics.recent.counts.commands[0], metrics.recent.turns),
            (0, 0)
        );
        assert_eq!((metrics.longest, metrics.recent.longest), (54 * MS, 0));
        // That turn is recent two seconds later.
        watch.sleep(Mono(60_500 * MS));
        let metrics = report(&mut watch, 62_000 * MS, 9);
        assert_eq!(
            (metrics.recent.counts.commands[0], metrics.recent.turns),
            (2, 1)
        );
        assert_eq!(metrics.recent.period, 9_000 * MS);
    }
}
