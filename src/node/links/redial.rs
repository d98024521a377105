//! When a neighbour is dialled again: after a wait that doubles, until a link is up.

use crate::limits::{Limits, Throttle};
use crate::node::context::Level;
use crate::node::random::Random;
use crate::units::Mono;

/// The back-off of the dials to one neighbour.
#[derive(Debug)]
pub struct Redial {
    /// The wait before the next dial, in nanoseconds, before jitter.
    backoff: u64,
    dialled_at: Mono,
    /// Why the last attempt failed, if that is logged already: a neighbour that stays away is not
    /// worth a line a second.
    logged: Option<String>,
    /// Why the neighbour and this server refuse each other, if that ended the last attempt.
    pub refusal: Option<String>,
    /// The last connection ended in the handshake, so that of the next one is not news.
    pub is_stuck: bool,
    /// When the first attempt since the last success failed.
    failing_since: Option<Mono>,
    /// That it cannot be reached was warned of.
    is_warned: bool,
    /// Warnings of links that went down.
    losses: Throttle,
}

impl Redial {
    /// A neighbour that was never dialled.
    pub fn new(limits: &Limits) -> Redial {
        Redial {
            backoff: limits.redial_first,
            dialled_at: Mono(0),
            logged: None,
            refusal: None,
            is_stuck: false,
            failing_since: None,
            is_warned: false,
            losses: Throttle::default(),
        }
    }

    /// A dial begins.
    pub fn dialled(&mut self, now: Mono) {
        self.dialled_at = now;
    }

    /// Whether the dial that is under way is older than the shortest wait.
    pub fn is_old(&self, now: Mono, limits: &Limits) -> bool {
        now.since(self.dialled_at) >= limits.redial_first
    }

    /// The neighbour is there: the next wait is short again.
    pub fn reset(&mut self, limits: &Limits) {
        self.backoff = limits.redial_first;
    }

    /// The neighbour works: the next failure is worth a line.
    pub fn succeeded(&mut self, limits: &Limits) {
        *self = Redial {
            dialled_at: self.dialled_at,
            losses: std::mem::take(&mut self.losses),
            ..Redial::new(limits)
        };
    }

    /// Whether an attempt failed since the last success.
    pub fn has_failed(&self, limits: &Limits) -> bool {
        self.backoff > limits.redial_first
    }

    /// The level of a line about a link that was up, and is lost; and the end of that line. A link
    /// that comes and goes is worth one warning in a while.
    pub fn loss(&mut self, now: Mono, limits: &Limits) -> (Level, String) {
        match self.losses.permit(now, limits.warning_gap) {
            Some(before) => (Level::Warn, before),
            None => (Level::Info, String::new()),
        }
    }

    /// An attempt failed at `now`. For how long, in nanoseconds, the neighbour cannot be reached,
    /// if that is worth a warning: once, until it is reached again.
    pub fn unreachable(&mut self, now: Mono, limits: &Limits) -> Option<u64> {
        let since = *self.failing_since.get_or_insert(now);
        let time = now.since(since);
        let is_due = time >= limits.unreachable && !self.is_warned;
        self.is_warned |= is_due;
        is_due.then_some(time)
    }

    /// An attempt failed, or a link was lost: the wait before the next dial, in nanoseconds, and
    /// whether `why` is worth a line.
    pub fn failed(&mut self, why: &str, random: &mut Random, limits: &Limits) -> (u64, bool) {
        self.refusal = None;
        self.wait(why, limits.redial_last, random)
    }

    /// One of both refused the other. Nothing changes before somebody corrects a file, and then the
    /// one that is started again dials: so the waits may become longer.
    pub fn refused(&mut self, why: &str, random: &mut Random, limits: &Limits) -> (u64, bool) {
        self.refusal = Some(why.to_string());
        // That is said already.
        self.is_warned = true;
        self.wait(why, limits.redial_refused, random)
    }

    fn wait(&mut self, why: &str, longest: u64, random: &mut Random) -> (u64, bool) {
        let wait = random.jitter(self.backoff.min(longest));
        self.backoff = (self.backoff * 2).min(longest);
        let is_news = self.logged.as_deref() != Some(why);
        if is_news {
            self.logged = Some(why.to_string());
        }
        (wait, is_news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_limit_and_a_reason_is_news_once() {
        let limits = Limits {
            redial_first: 100,
            redial_last: 350,
            redial_refused: 900,
            ..Limits::PRODUCT
        };
        let (mut redial, mut random) = (Redial::new(&limits), Random(1));
        for (about, is_news) in [(100, true), (200, false), (350, false), (350, false)] {
            let (wait, said) = redial.failed("refused", &mut random, &limits);
            assert!(wait.abs_diff(about) <= about / 4 + 1, "{wait} for {about}");
            assert_eq!(said, is_news);
        }
        assert!(redial.has_failed(&limits));
        assert!(redial.failed("reset", &mut random, &limits).1);
        // A refusal waits longer, until the neighbour is away.
        for (about, is_news) in [(350, true), (700, false), (900, false), (900, false)] {
            let (wait, said) = redial.refused("another secret", &mut random, &limits);
            assert!(wait.abs_diff(about) <= about / 4 + 1, "{wait} for {about}");
            assert_eq!(said, is_news);
        }
        assert_eq!(redial.refusal.as_deref(), Some("another secret"));
        let (wait, said) = redial.failed("reset", &mut random, &limits);
        assert!(wait.abs_diff(350) <= 88 && said, "{wait}");
        assert_eq!(redial.refusal, None);
        redial.succeeded(&limits);
        assert!(!redial.has_failed(&limits));
        assert!(redial.failed("reset", &mut random, &limits).1);
    }

    #[test]
    fn a_neighbour_that_stays_away_is_worth_one_warning() {
        let limits = Limits {
            unreachable: 10,
            warning_gap: 60,
            ..Limits::PRODUCT
        };
        let mut redial = Redial::new(&limits);
        let times = [5, 14, 15, 16, 500].map(|now| redial.unreachable(Mono(now), &limits));
        assert_eq!(times, [None, None, Some(10), None, None]);
        redial.succeeded(&limits);
        let times = [600, 640].map(|now| redial.unreachable(Mono(now), &limits));
        assert_eq!(times, [None, Some(40)]);
        // A refusal is worth more than that.
        redial.succeeded(&limits);
        redial.refused("another secret", &mut Random(1), &limits);
        let times = [700, 740].map(|now| redial.unreachable(Mono(now), &limits));
        assert_eq!(times, [None, None]);
    }

    #[test]
    fn a_link_that_comes_and_goes_is_worth_one_warning_in_a_while() {
        let limits = Limits {
            warning_gap: 60,
            ..Limits::PRODUCT
        };
        let mut redial = Redial::new(&limits);
        let mut loss = |now| {
            redial.succeeded(&limits);
            redial.loss(Mono(now), &limits)
        };
        assert_eq!(loss(0), (Level::Warn, String::new()));
        assert_eq!(loss(1), (Level::Info, String::new()));
        assert_eq!(loss(60), (Level::Warn, " (1 more before)".to_string()));
    }
}
