//! When a neighbour is dialled again: after a wait that doubles, until a link is up.

use crate::limits::Limits;
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
            ..Redial::new(limits)
        };
    }

    /// Whether an attempt failed since the last success.
    pub fn has_failed(&self, limits: &Limits) -> bool {
        self.backoff > limits.redial_first
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
}
