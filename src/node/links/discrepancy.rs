//! A neighbour's table that stays different although the neighbour was told everything. Nothing in
//! the protocol leads there, so something is broken: a record was lost or changed in memory or on
//! the way. It is found while both tables are at rest, and repaired: what differs is told again.

use crate::limits::Limits;
use crate::units::Mono;
use crate::wire::Position;

/// The state of the tables' difference.
#[derive(Debug, Default)]
pub struct Discrepancy {
    /// Since when both tables are as they are: ours, and the neighbour's.
    rest: Option<(Mono, [Position; 2])>,
    /// Repairs since the tables last agreed.
    repairs: u32,
    repaired_at: Mono,
}

impl Discrepancy {
    /// Whether a repair was begun, and the tables have not agreed since.
    pub fn stays(&self) -> bool {
        self.repairs > 0
    }

    /// The tables agree. True: they had stayed different.
    pub fn agreed(&mut self) -> bool {
        std::mem::take(self).stays()
    }

    /// A table changes, or may be about to.
    pub fn disturbed(&mut self) {
        self.rest = None;
    }

    /// The neighbour was told everything, and the tables differ. True: they have been at rest for
    /// `rest` nanoseconds, and a repair is due. The first follows at once, and later ones ever more
    /// rarely, for a table that is full never agrees.
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
        let doublings = self.repairs.saturating_sub(1).min(16);
        let gap = (limits.repair_first << doublings).min(limits.repair_last);
        let is_due =
            now.since(since) >= rest && (self.repairs == 0 || now.since(self.repaired_at) >= gap);
        if is_due {
            self.repairs += 1;
            (self.repaired_at, self.rest) = (now, None);
        }
        is_due
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
        assert!(discrepancy.stays() && discrepancy.agreed());
        assert!(!discrepancy.stays() && !discrepancy.agreed());
    }
}
