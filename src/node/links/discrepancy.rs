//! A neighbour's table that stays different although the neighbour was told everything. Nothing in
//! the protocol leads there, so something is broken: a record was lost or changed in memory or on
//! the way. It is found while both tables are at rest, or by an audit if they never are, and
//! repaired: what differs is told again.

use super::audit::Audit;
use crate::limits::Limits;
use crate::units::Mono;
use crate::wire::Position;

/// The state of the tables' difference.
#[derive(Debug, Default)]
pub struct Discrepancy {
    /// Since when both tables are as they are: ours, and the neighbour's.
    rest: Option<(Mono, [Position; 2])>,
    /// Looks for a difference while the tables change.
    pub audit: Audit,
    /// Repairs since the tables last agreed.
    repairs: u32,
    repaired_at: Mono,
}

impl Discrepancy {
    /// Whether a repair was begun, and the tables have not agreed since.
    pub fn stays(&self) -> bool {
        self.repairs > 0
    }

    /// Whether the last repair was the first one.
    pub fn is_first(&self) -> bool {
        self.repairs == 1
    }

    /// The tables agree. True: they had stayed different.
    pub fn agreed(&mut self) -> bool {
        std::mem::take(self).stays()
    }

    /// A table changes, or may be about to.
    pub fn disturbed(&mut self) {
        self.rest = None;
    }

    /// The neighbour is told everything from some change on: what was seen before is void.
    pub fn begin_again(&mut self) {
        (self.rest, self.audit) = (None, Audit::default());
    }

    /// The neighbour was told everything, and the tables differ. True: they have been at rest for
    /// `rest` nanoseconds, and a repair is due.
    pub fn on_rest(
        &mut self,
        now: Mono,
        tables: [Position; 2],
        rest: u64,
        limits: &Limits,
    ) -> bool {
        let since = match self.rest {
            Some((since, before)) if before == tables => since,
            _ => now,
        };
        self.rest = Some((since, tables));
        now.since(since) >= rest && self.begin_repair(now, limits)
    }

    /// A difference was found. True: a repair is due. The first follows at once, and later ones
    /// ever more rarely, for a table that is full never agrees.
    pub fn begin_repair(&mut self, now: Mono, limits: &Limits) -> bool {
        let is_due = self.is_due(now, limits);
        if is_due {
            self.repairs += 1;
            (self.repaired_at, self.rest) = (now, None);
        }
        is_due
    }

    /// Whether an audit is worth its lines: after the first repair it may show that the tables
    /// agree, and later ones are as rare as the repairs.
    pub fn may_audit(&self, now: Mono, limits: &Limits) -> bool {
        self.repairs < 2 || self.is_due(now, limits)
    }

    fn is_due(&self, now: Mono, limits: &Limits) -> bool {
        let doublings = self.repairs.saturating_sub(1).min(16);
        let gap = (limits.repair_first << doublings).min(limits.repair_last);
        self.repairs == 0 || now.since(self.repaired_at) >= gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_follows_a_rest_and_the_next_ones_ever_more_rarely() {
        let limits = Limits {
            repair_first: 60,
            repair_last: 200,
            ..Limits::PRODUCT
        };
        let (mut discrepancy, tables) = (Discrepancy::default(), [Position::default(); 2]);
        let other = [
            Position::default(),
            Position {
                count: 1,
                ..tables[0]
            },
        ];
        let mut due = Vec::new();
        for second in 0..600 {
            // A table moves, or a line comes, and the rest begins again.
            let now = if second < 10 { other } else { tables };
            if second == 20 {
                discrepancy.disturbed();
            }
            let is_early = second < 4;
            if !is_early && discrepancy.on_rest(Mono(second), now, 5, &limits) {
                due.push(second);
            }
        }
        assert_eq!(due, [9, 69, 189, 389, 589]);
        // The next one is due 200 after the last.
        assert!(!discrepancy.may_audit(Mono(788), &limits));
        assert!(discrepancy.may_audit(Mono(789), &limits));
        assert!(discrepancy.stays() && discrepancy.agreed());
        assert!(discrepancy.may_audit(Mono(600), &limits));
        assert!(!discrepancy.stays() && !discrepancy.agreed());
    }
}
