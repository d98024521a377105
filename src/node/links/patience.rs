//! How long a neighbour may be silent before it is considered dead. That depends on what its line
//! does to packets, and the only witness of that is the time that answers take: HELLO's to HELLO,
//! and SINCE's to MARK. It is smoothed as in RFC 6298, but the variation falls slowly, because a
//! line that has stalled once stalls again.
//!
//! TCP sends a lost packet again after about srtt + 4 × rttvar, and after twice as long each time
//! after that, so a connection may be silent for several times as long and live. On a line that
//! answers evenly and soon the patience is `dead`, on any other more, at most `patience`. Silence
//! itself proves nothing: a dead neighbour and a queue that fills at once look the same. So such a
//! queue ends a link once, and the waits of the next handshakes double until a MARK is answered.

use super::timed::Timed;
use crate::limits::Limits;
use crate::units::Mono;

/// The line to a neighbour, as far as it is known. It outlives the links.
#[derive(Debug, Default)]
pub struct Patience {
    round_trip: Option<RoundTrip>,
    /// The questions on the present link.
    timed: Timed,
    /// Answers that did not come in time, since the last MARK that was answered.
    timeouts: u32,
}

/// The time that answers take, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RoundTrip {
    smoothed: u64,
    variation: u64,
}

/// Time-outs of TCP in a silence that a good line may have: two losses in a row take three, and the
/// lost packet arrives within the fourth.
const GOOD: u64 = 4;
/// On a line that needs more than `dead` for those: three losses in a row take seven.
const BAD: u64 = 8;
/// The parts of a deviation by which the variation rises and falls. RFC 6298 has 4 for both.
const RISE: u64 = 4;
const FALL: u64 = 64;

impl Patience {
    /// A connection to the neighbour is made: nothing was asked on it.
    pub fn begin(&mut self) {
        self.timed = Timed::default();
    }

    /// The neighbour is asked something.
    pub fn asked(&mut self, now: Mono) {
        self.timed.asked(now);
    }

    /// It answers the oldest question.
    pub fn answered(&mut self, now: Mono) {
        if let Some(asked) = self.timed.answered() {
            let taken = now.since(asked);
            self.round_trip = Some(match self.round_trip {
                Some(before) => before.with(taken),
                None => RoundTrip::first(taken),
            });
        }
    }

    /// The link works.
    pub fn succeeded(&mut self) {
        self.timeouts = 0;
    }

    /// The neighbour did not say in time what it was awaited to say.
    pub fn timed_out(&mut self) {
        self.timeouts += 1;
    }

    /// The time that answers take; none: it was never measured.
    pub fn round_trip(&self) -> Option<u64> {
        self.round_trip.map(|it| it.smoothed)
    }

    /// How long a link may bring no byte, in nanoseconds.
    pub fn for_silence(&self, limits: &Limits) -> u64 {
        let timeout = self.round_trip.map_or(0, RoundTrip::timeout);
        match limits.heartbeat + GOOD * timeout <= limits.dead {
            true => limits.dead,
            false => (limits.heartbeat + BAD * timeout).min(limits.patience),
        }
    }

    /// How long each answer of a handshake may take once there is a connection, in nanoseconds.
    pub fn for_answer(&self, limits: &Limits) -> u64 {
        let doubled = limits.dead << self.timeouts.min(8);
        let known = self.for_silence(limits);
        doubled.min(limits.answer_last).max(known)
    }
}

impl RoundTrip {
    /// RFC 6298 begins with a variation of half of the first answer. Here that would last, and a
    /// neighbour that has just started is slow once.
    fn first(taken: u64) -> RoundTrip {
        RoundTrip {
            smoothed: taken,
            variation: 0,
        }
    }

    fn with(self, taken: u64) -> RoundTrip {
        let off = taken.abs_diff(self.smoothed);
        let part = if off > self.variation { RISE } else { FALL };
        RoundTrip {
            smoothed: toward(self.smoothed, taken, 8),
            variation: toward(self.variation, off, part),
        }
    }

    /// When TCP sends a packet again.
    fn timeout(self) -> u64 {
        self.smoothed + 4 * self.variation
    }
}

/// `from`, moved by one `part`th of the way to `to`.
fn toward(from: u64, to: u64, part: u64) -> u64 {
    match to >= from {
        true => from + (to - from) / part,
        false => from - (from - to) / part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{MILLISECOND, SECOND};

    const LIMITS: Limits = Limits::PRODUCT;

    /// A neighbour that took this long for its answers, in milliseconds.
    fn after(answers: impl IntoIterator<Item = u64>) -> Patience {
        let (mut patience, mut now) = (Patience::default(), Mono(0));
        for taken in answers {
            patience.asked(now);
            now = now + taken * MILLISECOND;
            patience.answered(now);
        }
        patience
    }

    #[test]
    fn a_line_that_answers_evenly_and_soon_has_three_seconds() {
        assert_eq!(Patience::default().for_silence(&LIMITS), 3 * SECOND);
        for taken in [0, 1, 20, 100] {
            assert_eq!(after([taken]).for_silence(&LIMITS), 3 * SECOND, "{taken}");
        }
        let far = after(vec![400; 300]);
        assert_eq!(far.for_silence(&LIMITS), 3 * SECOND);
        // The machine was busy once, or a packet was lost.
        let hiccup = after(vec![1; 100].into_iter().chain([250]));
        assert_eq!(hiccup.for_silence(&LIMITS), 3 * SECOND);
    }

    #[test]
    fn a_line_that_stalls_has_more_and_in_time_three_seconds_again() {
        let stalls = [20, 20, 600, 20, 1400, 20].into_iter();
        let silence = after(stalls.clone()).for_silence(&LIMITS);
        assert!(
            silence > 10 * SECOND && silence < LIMITS.patience,
            "{silence}"
        );
        assert_eq!(after([8000]).for_silence(&LIMITS), LIMITS.patience);
        let calm = after(stalls.chain(vec![20; 300]));
        assert_eq!(calm.for_silence(&LIMITS), 3 * SECOND);
    }

    #[test]
    fn an_answer_belongs_to_its_question() {
        let mut patience = Patience::default();
        let second = |count| Mono(count * SECOND);
        patience.asked(second(0));
        patience.asked(second(1));
        patience.answered(second(2));
        assert_eq!(patience.round_trip(), Some(2 * SECOND));
        // The next one is timed while an older one is not answered.
        patience.asked(second(3));
        patience.answered(second(4));
        assert_eq!(patience.round_trip(), Some(2 * SECOND));
        patience.answered(second(5));
        assert_eq!(patience.round_trip(), Some(2 * SECOND));
        // Nobody asked; and what was asked on an earlier link is not answered on the next.
        patience.answered(second(60));
        patience.asked(second(60));
        patience.begin();
        patience.answered(second(99));
        assert_eq!(patience.round_trip(), Some(2 * SECOND));
    }

    #[test]
    fn the_wait_for_an_answer_doubles_until_a_link_works() {
        let mut patience = Patience::default();
        for want in [3, 6, 12, 12] {
            assert_eq!(patience.for_answer(&LIMITS), want * SECOND);
            patience.timed_out();
        }
        assert_eq!(patience.for_silence(&LIMITS), 3 * SECOND);
        patience.succeeded();
        assert_eq!(patience.for_answer(&LIMITS), 3 * SECOND);
        assert_eq!(after([8000]).for_answer(&LIMITS), LIMITS.patience);
    }
}
