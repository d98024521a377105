//! Lets one warning through per interval, and counts those that it held back.

use std::fmt;

use crate::units::Mono;

/// Bounds how often a warning of one kind is written.
#[derive(Debug, Default)]
pub struct Throttle {
    next: Mono,
    withheld: u64,
}

impl Throttle {
    /// Permits a warning unless the last permitted one is less than its `gap` nanoseconds ago.
    /// Says how many were withheld in between.
    pub fn permit(&mut self, now: Mono, gap: u64) -> Option<Withheld> {
        if now < self.next {
            self.withheld += 1;
            return None;
        }
        self.next = now + gap;
        Some(Withheld(std::mem::take(&mut self.withheld)))
    }
}

/// How many warnings were withheld. Shown at the end of the next one that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld(u64);

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            count => write!(f, " ({count} more before)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted_while_they_are_withheld() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.permit(Mono(5), 10), Some(Withheld(0)));
        assert_eq!(throttle.permit(Mono(6), 10), None);
        assert_eq!(throttle.permit(Mono(14), 10), None);
        assert_eq!(throttle.permit(Mono(15), 10), Some(Withheld(2)));
        assert_eq!(throttle.permit(Mono(25), 10), Some(Withheld(0)));
    }
}
