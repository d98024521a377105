//! A wall clock that is wrong, and jumps: what it says, and whether it ever said something.

/// The time on a right clock when the world begins, in nanoseconds.
pub const BASE: i128 = 1_500_000_000_000_000_000;

/// The wall clock of one server.
#[derive(Debug)]
pub struct Clock {
    /// From when on it was wrong by how much; the first from the beginning.
    epochs: Vec<(u64, i128)>,
}

impl Clock {
    /// A clock that is wrong by this many nanoseconds.
    pub fn new(skew: i128) -> Clock {
        Clock {
            epochs: vec![(0, skew)],
        }
    }

    /// The time on this clock.
    pub fn wall(&self, now: u64) -> i128 {
        let (_, skew) = self.epochs[self.epochs.len() - 1];
        BASE + i128::from(now) + skew
    }

    /// Whether it was ever put to another time.
    pub fn has_jumped(&self) -> bool {
        self.epochs.len() > 1
    }

    /// From now on it says something else.
    pub fn jump(&mut self, now: u64, by: i128) {
        let (_, skew) = self.epochs[self.epochs.len() - 1];
        self.epochs.push((now, skew + by));
    }

    /// Whether it said `wall` at some time from `since` to `until`.
    pub fn said(&self, wall: i128, since: u64, until: u64) -> bool {
        let ends = self.epochs[1..].iter().map(|(from, _)| *from);
        let ends = ends.chain([u64::MAX]);
        self.epochs.iter().zip(ends).any(|((from, skew), end)| {
            let when = wall - BASE - skew;
            let (first, last) = (since.max(*from), until.min(end));
            i128::from(first) <= when && when <= i128::from(last)
        })
    }
}
