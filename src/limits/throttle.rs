//! Lets one warning through per interval, and counts those that it held back.

use crate::units::Mono;

/// Bounds how often a warning of one kind is written.
#[derive(Debug, Default)]
pub struct Throttle {
    next: Mono,
    withheld: u64,
}

impl Throttle {
    /// Permits a warning unless the last permitted one is less than its `gap` nanoseconds ago.
    /// The text belongs at the end of the warning: it says how many were withheld in between.
    pub fn permit(&mut self, now: Mono, gap: u64) -> Option<String> {
        if now < self.next {
            self.withheld += 1;
            return None;
        }
        self.next = now + gap;
        Some(match std::mem::take(&mut self.withheld) {
            0 => String::new(),
            count => format!(" ({count} more before)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted_while_they_are_withheld() {
        let mut throttle = Throttle::default();
        let mut permit = |at| throttle.permit(Mono(at), 10);
        assert_eq!(permit(5).as_deref(), Some(""));
        assert_eq!((permit(6), permit(14)), (None, None));
        assert_eq!(permit(15).as_deref(), Some(" (2 more before)"));
        assert_eq!(permit(25).as_deref(), Some(""));
    }
}
