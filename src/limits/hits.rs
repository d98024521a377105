//! Counts how often each limit was hit.

use super::table::Limit;

/// How often each limit was met since the start.
#[derive(Debug)]
pub struct Hits([u64; Limit::NAMES.len()]);

impl Hits {
    /// Counts one more hit of `limit`.
    pub fn add(&mut self, limit: Limit) {
        self.0[limit as usize] += 1;
    }

    /// The limits that were hit, each by its name with its count, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = Limit::NAMES.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }
}

impl Default for Hits {
    fn default() -> Hits {
        Hits([0; Limit::NAMES.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_by_name() {
        let mut hits = Hits::default();
        assert_eq!(hits.iter().count(), 0);
        hits.add(Limit::records);
        hits.add(Limit::client_line);
        hits.add(Limit::records);
        let met: Vec<(&str, u64)> = hits.iter().collect();
        assert_eq!(met, [("client_line", 1), ("records", 2)]);
    }
}
