//! Counts how often each limit was hit, and when the last time was.

use super::table::Limit;
use crate::units::Mono;

/// How often each limit was met since the start, and when last.
#[derive(Debug)]
pub struct Hits([(u64, Mono); Limit::NAMES.len()]);

impl Hits {
    /// Counts one more hit of `limit`, at the time `now`.
    pub fn add(&mut self, limit: Limit, now: Mono) {
        let (count, last) = &mut self.0[limit as usize];
        *count += 1;
        *last = now;
    }

    /// The limits that were hit, each by its name with its count, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.all().map(|(name, (count, _))| (name, count))
    }

    /// The same limits, each with the time of its last hit.
    pub fn last(&self) -> impl Iterator<Item = (&'static str, Mono)> {
        self.all().map(|(name, (_, last))| (name, last))
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, (u64, Mono))> {
        let all = Limit::NAMES.into_iter().zip(self.0);
        all.filter(|(_, (count, _))| *count > 0)
    }
}

impl Default for Hits {
    fn default() -> Hits {
        Hits([(0, Mono(0)); Limit::NAMES.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_by_name() {
        let mut hits = Hits::default();
        assert_eq!(hits.iter().count(), 0);
        hits.add(Limit::records, Mono(1));
        hits.add(Limit::client_line, Mono(2));
        hits.add(Limit::records, Mono(3));
        let met: Vec<(&str, u64)> = hits.iter().collect();
        assert_eq!(met, [("client_line", 1), ("records", 2)]);
        let last: Vec<(&str, Mono)> = hits.last().collect();
        assert_eq!(last, [("client_line", Mono(2)), ("records", Mono(3))]);
    }
}
