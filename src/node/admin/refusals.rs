//! Refusals of the place service: their number by status, and a warning of them.

use std::collections::BTreeMap;

use crate::limits::{Limits, Throttle};
use crate::node::log_lines::shown;
use crate::units::Mono;

/// The statuses that are counted by name: those of Google's legacy Nearby Search. All others count
/// as `other`, so that a service cannot fill the memory with names of its own.
const STATUSES: [&str; 7] = [
    "INVALID_REQUEST",
    "NOT_FOUND",
    "OVER_DAILY_LIMIT",
    "OVER_QUERY_LIMIT",
    "REQUEST_DENIED",
    "UNKNOWN_ERROR",
    "other",
];

/// The refusals since the start.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: [u64; STATUSES.len()],
    warnings: Throttle,
}

impl Refusals {
    /// Counts a refusal with this status, and warns of it in the service's words unless there was
    /// a warning a short time ago.
    pub fn add(&mut self, status: &str, words: &str, now: Mono, limits: &Limits) -> Option<String> {
        let place = STATUSES.iter().position(|name| *name == status);
        self.counts[place.unwrap_or(STATUSES.len() - 1)] += 1;
        let before = self.warnings.permit(now, limits.warning_gap)?;
        let why = shown(words.as_bytes());
        Some(format!("the place service refuses: {why}{before}"))
    }

    /// The number of refusals by status, without statuses that never were.
    pub fn counted(&self) -> BTreeMap<&'static str, u64> {
        let all = STATUSES.into_iter().zip(self.counts);
        all.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_status_and_warned_of_once_a_minute() {
        let mut refusals = Refusals::default();
        let mut add = |status, words, at| refusals.add(status, words, Mono(at), &Limits::PRODUCT);
        assert_eq!(
            add("REQUEST_DENIED", "no\nkey", 0).as_deref(),
            Some("the place service refuses: no\\nkey")
        );
        assert_eq!(add("REQUEST_DENIED", "", 1), None);
        assert_eq!(add("OVER_QUERY_LIMIT", "", 2), None);
        assert_eq!(
            add("", "?", Limits::PRODUCT.warning_gap).as_deref(),
            Some("the place service refuses: ? (2 more before)")
        );
        add("BUSY", "", 3);
        let want = [("OVER_QUERY_LIMIT", 1), ("REQUEST_DENIED", 2), ("other", 2)];
        assert_eq!(refusals.counted(), want.into());
    }
}
