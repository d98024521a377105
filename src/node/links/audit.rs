//! An audit finds a difference between a neighbour's table and ours that stays while both change.
//!
//! Under steady traffic some changes are always under way, so the two tables are hardly ever seen
//! equal, and that they differ says nothing. So the digests of their buckets are compared twice.
//! Between the two, everything that either side had at the first comparison is told: the
//! neighbour's SINCE acknowledges our newest change of then, and its MARK covers its own.
//!
//! **Why that is enough.** A digest is a sum of hashes. So the difference of a bucket's digests,
//! ours less the neighbour's, is the sum of what is under way in that bucket and of what stays
//! different. If it is the same number in both comparisons, and not 0, the same reports made it.
//! A report that was under way at the first comparison had arrived before the second. So none was,
//! and all of the number stays different. A bucket with traffic at one of the two moments hides its
//! difference until a later audit.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::units::Mono;
use crate::wire::{GROUPS, Scope, Sums};

/// The state of the audits of a neighbour's table.
#[derive(Debug, Default)]
pub struct Audit {
    /// Since when the tables have not been seen equal, or the last audit began or ended.
    since: Option<Mono>,
    first: Option<Sample>,
    /// The comparison that is under way.
    open: Option<Sample>,
}

/// A comparison of all buckets, or of those that differed in the one before.
#[derive(Debug)]
struct Sample {
    /// The newest change of ours and of the neighbour's that the digests may hold.
    until: [u64; 2],
    awaits_groups: bool,
    /// A bit for each group that is not asked for yet.
    unasked: u64,
    /// A bit for each group that is asked for.
    asked: u64,
    /// The buckets that differ, and by how much.
    differences: BTreeMap<usize, u64>,
}

/// The result of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No bucket stays different.
    Agree,
    /// Some may: changes were under way in them.
    Unknown,
    /// This number of buckets do.
    Differ(usize),
}

impl Audit {
    /// The neighbour has another table. `told` is how far our changes are acknowledged, and how far
    /// the neighbour told us its own. Returns the first question, if a comparison begins.
    pub fn next(
        &mut self,
        now: Mono,
        told: [u64; 2],
        may_begin: bool,
        limits: &Limits,
    ) -> Option<Scope> {
        let age = now.since(*self.since.get_or_insert(now));
        let is_old = age >= limits.audit_after;
        match (&self.first, &self.open) {
            (None, None) if is_old && may_begin => {
                self.open = Some(Sample::new(true, 0));
                self.since = Some(now);
                return Some(Scope::Groups);
            }
            (Some(first), None) if told[0] >= first.until[0] && told[1] >= first.until[1] => {
                let groups = first.differences.keys().map(|bucket| bucket / GROUPS);
                let groups = groups.fold(0, |groups, group| groups | 1 << group);
                self.open = Some(Sample::new(false, groups));
                return self.ask(1);
            }
            // It does not answer, or one side cannot tell everything in this time.
            (None, Some(_)) | (Some(_), _) if is_old => *self = Audit::since(now),
            _ => {}
        }
        None
    }

    /// The next group to ask for, if fewer than `ahead` are.
    pub fn ask(&mut self, ahead: u32) -> Option<Scope> {
        let open = self.open.as_mut()?;
        if open.unasked == 0 || open.asked.count_ones() >= ahead {
            return None;
        }
        let group = open.unasked.trailing_zeros();
        open.unasked &= !(1 << group);
        open.asked |= 1 << group;
        Some(Scope::Group(group as usize))
    }

    /// Digests have come. `ours` are those of the same part now, and `until` the newest changes of
    /// ours and of the neighbour's. The result, if they were the last ones.
    pub fn on_answer(
        &mut self,
        scope: Scope,
        theirs: &Sums,
        ours: &Sums,
        until: [u64; 2],
    ) -> Option<Verdict> {
        let open = self.open.as_mut()?;
        open.take(scope, theirs, ours, until);
        if open.awaits_groups || open.unasked | open.asked != 0 {
            return None;
        }
        let (began, sample) = (self.since?, self.open.take()?);
        if self.first.is_none() && !sample.differences.is_empty() {
            self.first = Some(sample);
            return None;
        }
        let first = self.first.take();
        *self = Audit::since(began);
        Some(first.map_or(Verdict::Agree, |first| first.verdict(&sample)))
    }

    fn since(now: Mono) -> Audit {
        Audit {
            since: Some(now),
            ..Audit::default()
        }
    }
}

impl Sample {
    fn new(awaits_groups: bool, unasked: u64) -> Sample {
        Sample {
            until: [0; 2],
            awaits_groups,
            unasked,
            asked: 0,
            differences: BTreeMap::new(),
        }
    }

    fn take(&mut self, scope: Scope, theirs: &Sums, ours: &Sums, until: [u64; 2]) {
        match scope {
            Scope::Groups if self.awaits_groups => {
                self.awaits_groups = false;
                self.unasked = ours.differing(theirs);
            }
            Scope::Group(group) if self.asked >> group & 1 == 1 => {
                self.asked &= !(1 << group);
                let pairs = ours.0.iter().zip(&theirs.0).enumerate();
                let differences = pairs
                    .filter(|(_, (ours, theirs))| ours != theirs)
                    .map(|(at, (ours, theirs))| (group * GROUPS + at, ours.wrapping_sub(*theirs)));
                self.differences.extend(differences);
            }
            // Nobody asked for them.
            _ => return,
        }
        self.until = [0, 1].map(|side| self.until[side].max(until[side]));
    }

    /// The result of this comparison and a later one.
    fn verdict(&self, later: &Sample) -> Verdict {
        let both = self.differences.iter();
        let both = both.filter_map(|(bucket, by)| Some(later.differences.get(bucket)? == by));
        let (same, other): (Vec<bool>, Vec<bool>) = both.partition(|is_same| *is_same);
        match (same.len(), other.len()) {
            (0, 0) => Verdict::Agree,
            (0, _) => Verdict::Unknown,
            (count, _) => Verdict::Differ(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        audit_after: 30,
        ..Limits::PRODUCT
    };
    const OURS: Sums = Sums([1; GROUPS]);

    /// The neighbour's digests: those buckets differ by that much.
    fn but(places: &[(usize, u64)]) -> Sums {
        let mut sums = OURS;
        for (place, by) in places {
            sums.0[*place] = OURS.0[*place].wrapping_sub(*by);
        }
        sums
    }

    /// An audit whose first comparison has found these buckets of group 5.
    fn after_the_first(places: &[(usize, u64)]) -> Audit {
        let mut audit = Audit::default();
        assert_eq!(audit.next(Mono(10), [0, 0], true, &LIMITS), None);
        assert_eq!(audit.next(Mono(39), [0, 0], true, &LIMITS), None);
        assert_eq!(audit.next(Mono(40), [0, 0], false, &LIMITS), None);
        let scope = audit.next(Mono(41), [0, 0], true, &LIMITS);
        assert_eq!(scope, Some(Scope::Groups));
        let groups = but(&[(5, 1)]);
        let mut hear = |scope, theirs, until| audit.on_answer(scope, &theirs, &OURS, until);
        assert_eq!(hear(Scope::Groups, groups, [7, 1]), None);
        // Nobody asked for this one.
        assert_eq!(hear(Scope::Group(6), groups, [7, 1]), None);
        assert_eq!((audit.ask(8), audit.ask(8)), (Some(Scope::Group(5)), None));
        let verdict = audit.on_answer(Scope::Group(5), &but(places), &OURS, [8, 2]);
        assert_eq!(verdict, None);
        audit
    }

    fn second(audit: &mut Audit, places: &[(usize, u64)]) -> Option<Verdict> {
        let scope = audit.next(Mono(42), [8, 2], true, &LIMITS);
        assert_eq!((scope, audit.ask(8)), (Some(Scope::Group(5)), None));
        audit.on_answer(Scope::Group(5), &but(places), &OURS, [9, 3])
    }

    #[test]
    fn a_difference_that_is_the_same_twice_stays() {
        for (places, want) in [
            (&[(3, 77)][..], Verdict::Differ(1)),
            (&[(3, 77), (4, 5)], Verdict::Differ(1)),
            (&[(3, 77), (9, 4)], Verdict::Differ(2)),
            (&[(3, 78)], Verdict::Unknown),
            (&[(4, 77)], Verdict::Agree),
            (&[], Verdict::Agree),
        ] {
            let mut audit = after_the_first(&[(3, 77), (9, 4)]);
            assert_eq!(second(&mut audit, places), Some(want), "{places:?}");
            // The next one begins after another 30.
            assert_eq!(audit.next(Mono(70), [9, 3], true, &LIMITS), None);
            assert!(audit.next(Mono(71), [9, 3], true, &LIMITS).is_some());
        }
    }

    #[test]
    fn what_either_side_had_is_told_between_the_two() {
        let mut audit = after_the_first(&[(3, 77)]);
        for told in [[7, 2], [8, 1]] {
            assert_eq!(audit.next(Mono(42), told, true, &LIMITS), None);
        }
        assert_eq!(second(&mut audit, &[(3, 77)]), Some(Verdict::Differ(1)));
    }

    #[test]
    fn tables_that_are_equal_in_every_part_agree_at_once() {
        let mut audit = Audit::default();
        audit.next(Mono(0), [0, 0], true, &LIMITS);
        audit.next(Mono(30), [0, 0], true, &LIMITS);
        let verdict = audit.on_answer(Scope::Groups, &OURS, &OURS, [7, 1]);
        assert_eq!((verdict, audit.ask(8)), (Some(Verdict::Agree), None));
    }

    #[test]
    fn an_audit_that_gets_no_answer_is_given_up() {
        let mut audit = Audit::default();
        let mut asked = Vec::new();
        for second in 0..200 {
            if audit.next(Mono(second), [0, 0], true, &LIMITS).is_some() {
                asked.push(second);
            }
        }
        assert_eq!(asked, [30, 90, 150]);
    }
}
