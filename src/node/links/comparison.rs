//! A comparison finds the changes that a neighbour lacks when it does not know how far it got in
//! our feed.
//!
//! After a restart of either side the neighbour's table is mostly ours, so we ask for the digests
//! of its parts, and tell it only the parts that differ from ours. No number is resumed, so no
//! number can be wrong: not after a loss of power, not with an old copy of a journal, not without
//! any.
//!
//! **Why that is enough.** The neighbour takes the digest of a part at some time, and we compare it
//! with ours when it arrives, which is later. If the two are equal, the neighbour held then just
//! the reports that we hold now, and since then it has only replaced reports by newer ones. So what
//! we hold now need not be told, and those are the changes up to our newest one. A later change is
//! always told, whatever its part. The order matters: our own digest must not be older than the
//! arrival of the other, and no change after the first comparison may count as covered by it.

use crate::units::Mono;
use crate::wire::{GROUPS, Scope, Sums};

/// A comparison of a neighbour's table with ours.
#[derive(Debug)]
pub struct Comparison {
    /// A bit for each bucket that differs, a word for each group.
    differing: [u64; GROUPS],
    /// Our newest change when the groups were compared.
    until: u64,
    /// The digests of the groups have not come yet.
    awaits_groups: bool,
    /// A bit for each group that differs and is not asked for yet.
    unasked: u64,
    /// A bit for each group that is asked for.
    asked: u64,
    /// When the last digests came, or the first were asked for.
    heard_at: Mono,
}

impl Comparison {
    /// The digests of the groups are asked for.
    pub fn new(now: Mono) -> Comparison {
        Comparison {
            differing: [0; GROUPS],
            until: 0,
            awaits_groups: true,
            unasked: 0,
            asked: 0,
            heard_at: now,
        }
    }

    /// Digests have come. `ours` are those of the same parts now, and `last` is our newest change.
    pub fn on_digests(&mut self, scope: Scope, theirs: &Sums, ours: &Sums, last: u64, now: Mono) {
        let differing = ours.differing(theirs);
        match scope {
            Scope::Groups if self.awaits_groups => {
                self.awaits_groups = false;
                (self.unasked, self.until) = (differing, last);
            }
            Scope::Group(group) if self.asked >> group & 1 == 1 => {
                self.asked &= !(1 << group);
                self.differing[group] = differing;
            }
            // They answer a comparison that was given up.
            _ => return,
        }
        self.heard_at = now;
    }

    /// The next group to ask for, if fewer than `ahead` are.
    pub fn ask(&mut self, ahead: u32) -> Option<Scope> {
        if self.unasked == 0 || self.asked.count_ones() >= ahead {
            return None;
        }
        let group = self.unasked.trailing_zeros();
        self.unasked &= !(1 << group);
        self.asked |= 1 << group;
        Some(Scope::Group(group as usize))
    }

    /// Whether digests are still to come.
    pub fn is_asking(&self) -> bool {
        self.awaits_groups || self.unasked | self.asked != 0
    }

    /// Whether nothing has come for `wait` nanoseconds.
    pub fn is_late(&self, now: Mono, wait: u64) -> bool {
        self.is_asking() && now.since(self.heard_at) >= wait
    }

    /// Our newest change when the groups were compared, if no bucket differs.
    pub fn agrees_until(&self) -> Option<u64> {
        let is_equal = !self.is_asking() && self.differing == [0; GROUPS];
        is_equal.then_some(self.until)
    }

    /// Whether the neighbour has that change of a client of that bucket, or a newer one.
    pub fn covers(&self, seq: u64, bucket: impl FnOnce() -> usize) -> bool {
        if seq > self.until {
            return false;
        }
        let bucket = bucket();
        self.differing[bucket / GROUPS] >> (bucket % GROUPS) & 1 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUAL: Sums = Sums([1; GROUPS]);

    fn but(places: &[usize]) -> Sums {
        let mut sums = EQUAL;
        places.iter().for_each(|&place| sums.0[place] = 2);
        sums
    }

    #[test]
    fn changes_up_to_the_comparison_are_covered_unless_their_bucket_differs() {
        let mut comparison = Comparison::new(Mono(0));
        assert_eq!((comparison.is_asking(), comparison.ask(9)), (true, None));
        comparison.on_digests(Scope::Groups, &but(&[0, 63]), &EQUAL, 7, Mono(1));
        assert_eq!(comparison.ask(1), Some(Scope::Group(0)));
        assert_eq!(comparison.ask(1), None);
        // Nobody asked for this one.
        comparison.on_digests(Scope::Group(1), &but(&[0]), &EQUAL, 8, Mono(2));
        comparison.on_digests(Scope::Group(0), &but(&[5]), &EQUAL, 8, Mono(2));
        assert_eq!(comparison.ask(1), Some(Scope::Group(63)));
        assert!(comparison.is_late(Mono(9), 7) && !comparison.is_late(Mono(9), 8));
        comparison.on_digests(Scope::Group(63), &but(&[63]), &EQUAL, 9, Mono(3));
        assert_eq!((comparison.is_asking(), comparison.ask(9)), (false, None));
        assert_eq!(comparison.agrees_until(), None);
        let covered = |seq, bucket| comparison.covers(seq, || bucket);
        assert!(covered(7, 0) && covered(7, 64) && covered(7, 63 * 64));
        assert!(!covered(7, 5) && !covered(7, 64 * 64 - 1));
        // The groups were compared at change 7: this one came later.
        assert!(!covered(8, 0));
    }

    #[test]
    fn equal_groups_need_no_further_question() {
        let mut comparison = Comparison::new(Mono(0));
        assert_eq!(comparison.agrees_until(), None);
        comparison.on_digests(Scope::Groups, &EQUAL, &EQUAL, 7, Mono(1));
        assert_eq!(
            (comparison.ask(9), comparison.agrees_until()),
            (None, Some(7))
        );
    }
}
