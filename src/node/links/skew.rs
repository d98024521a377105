//! A neighbour's clock, compared with ours.
//!
//! A neighbour says its time in each SINCE, which answers a MARK of ours. It wrote that time after
//! we sent the MARK and before we read the SINCE. So its clock is ahead of ours by at least the
//! difference when we read the SINCE, and by at most as much more as has passed since the MARK.
//! Both bounds hold however slow the link is: no delay looks like a wrong clock, and a slow link
//! only makes the comparison less sharp.

use super::timed::Timed;
use crate::limits::Limits;
use crate::units::{Mono, Now, Wall};

/// The difference of the clocks, as far as it is known.
#[derive(Debug, Default)]
pub struct Skew {
    /// The questions on the present link, of which each is answered by a SINCE.
    timed: Timed,
    /// The clocks were compared.
    is_known: bool,
    /// If it is too large: by how much the neighbour's clock is ahead of ours at least; behind, if
    /// it is negative.
    found: Option<i128>,
    /// The difference that was last told, and when.
    told: Option<(i128, Mono)>,
}

impl Skew {
    /// A link begins with our HELLO, and a SINCE answers it.
    pub fn begin(&mut self, now: Mono) {
        self.timed = Timed::default();
        self.asked(now);
    }

    /// A MARK is sent.
    pub fn asked(&mut self, now: Mono) {
        self.timed.asked(now);
    }

    /// A SINCE has come, with the neighbour's time if it says one. True: it has changed whether the
    /// clocks differ too much, or by how much.
    pub fn answered(&mut self, theirs: Option<Wall>, now: Now, limits: &Limits) -> bool {
        let (Some(asked), Some(theirs)) = (self.timed.answered(), theirs) else {
            return false;
        };
        let least = theirs - now.wall;
        let most = least + i128::from(now.mono.since(asked));
        self.judge([least, most], now.mono, limits)
    }

    /// The neighbour's clock is ahead of ours by `least` to `most`. A difference is over when it is
    /// certainly below half the limit, so that one near the limit is not told again and again.
    fn judge(&mut self, [least, most]: [i128; 2], now: Mono, limits: &Limits) -> bool {
        let limit = i128::from(limits.clock_skew);
        let certain = match (least > 0, most < 0) {
            (true, _) => least,
            (_, true) => most,
            _ => 0,
        };
        self.is_known = true;
        if -limit < 2 * least && 2 * most < limit {
            self.found = None;
        } else if certain.abs() > limit || certain != 0 && self.found.is_some() {
            self.found = Some(certain);
        }
        let is_news = match (self.found, self.told) {
            (None, told) => told.is_some(),
            (Some(_), None) => true,
            (Some(found), Some((told, at))) => {
                (found - told).abs() > limit && now.since(at) >= limits.warning_gap
            }
        };
        if is_news {
            self.told = self.found.map(|found| (found, now));
        }
        is_news
    }

    /// If it is too large: by how much the neighbour's clock is ahead of ours at least; behind, if
    /// it is negative.
    pub fn found(&self) -> Option<i128> {
        self.found
    }

    /// Whether the clocks were ever compared.
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{MILLISECOND, SECOND};

    const LIMITS: Limits = Limits::PRODUCT;

    /// A neighbour whose clock is ahead, at the ends of a link with these delays, in milliseconds.
    fn compare(skew: &mut Skew, second: u64, ahead: i128, [there, back]: [u64; 2]) -> bool {
        let asked = Mono(second * SECOND);
        skew.asked(asked);
        let wrote = asked + there * MILLISECOND;
        let read = wrote + back * MILLISECOND;
        let theirs = Wall(i128::from(wrote.0) + ahead * i128::from(MILLISECOND));
        let wall = Wall(read.0.into());
        skew.answered(Some(theirs), Now { mono: read, wall }, &LIMITS)
    }

    #[test]
    fn a_skew_is_told_when_it_begins_changes_and_ends() {
        for sign in [1, -1] {
            let (mut skew, mut told) = (Skew::default(), Vec::new());
            let ahead = |second| match second {
                0..5 => 4900,
                5..20 => 5200,
                20..30 => 30_000,
                // Not yet over, and then it is.
                30..150 => 4000,
                _ => 2300,
            };
            for second in 0..200 {
                if compare(&mut skew, second, sign * ahead(second), [10, 10]) {
                    told.push((second, skew.found().is_some()));
                }
            }
            // The leap to 30 s came within the minute, and was over before its end.
            assert_eq!(told, [(5, true), (150, false)]);
            assert!(compare(&mut skew, 300, sign * 9000, [10, 10]));
            assert!(!compare(&mut skew, 359, sign * 60_000, [10, 10]));
            assert!(compare(&mut skew, 360, sign * 60_000, [10, 10]));
            let found = skew.found().unwrap() * sign;
            let most = 60_000 * i128::from(MILLISECOND);
            let least = most - i128::from(SECOND);
            assert!((least..=most).contains(&found), "{found}");
        }
    }

    #[test]
    fn no_delay_looks_like_a_wrong_clock() {
        let mut skew = Skew::default();
        let mut second = 0;
        for ways in [[0, 0], [9000, 0], [0, 9000], [30_000, 60_000]] {
            for ahead in [0, 4900, -4900] {
                second += 1000;
                let is_told = compare(&mut skew, second, ahead, ways);
                assert!(!is_told, "{ways:?}, {ahead}");
            }
        }
        // Nor does it hide one for longer than it lasts.
        assert!(!compare(&mut skew, 50_000, 8000, [0, 4000]));
        assert!(compare(&mut skew, 60_000, 8000, [0, 1000]));
        assert!(!compare(&mut skew, 70_000, 0, [4000, 4000]));
        assert!(compare(&mut skew, 80_000, 0, [1000, 1000]));
    }

    #[test]
    fn an_answer_goes_with_its_own_question() {
        let mut skew = Skew::default();
        let at = |second: u64, theirs: i128| {
            let wall = Wall(i128::from(second) * i128::from(SECOND));
            let mono = Mono(second * SECOND);
            let theirs = Wall(theirs * i128::from(SECOND));
            (Some(theirs), Now { mono, wall })
        };
        // The HELLO is answered after two MARKs were sent.
        skew.begin(Mono(0));
        skew.asked(Mono(SECOND));
        skew.asked(Mono(2 * SECOND));
        for (theirs, now) in [at(3, 1), at(13, 2)] {
            assert!(!skew.answered(theirs, now, &LIMITS));
        }
        // Of this MARK the answer is the second one from here, ten seconds late and not behind.
        skew.asked(Mono(14 * SECOND));
        for (theirs, now) in [at(24, 2), at(25, 15)] {
            assert!(!skew.answered(theirs, now, &LIMITS));
        }
        assert_eq!(skew.found(), None);
    }
}
