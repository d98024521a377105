//! Deadlines, one for each key.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::Mono;

/// One deadline per key. Setting a key again moves its deadline, and stopping it removes it. No
/// cancelled deadline stays behind, so the next one is always real.
#[derive(Debug)]
pub struct Timers<K> {
    by_key: BTreeMap<K, Mono>,
    by_time: BTreeSet<(Mono, K)>,
}

impl<K: Copy + Ord> Timers<K> {
    /// Sets the deadline of `key`, in place of an earlier one.
    pub fn set(&mut self, key: K, at: Mono) {
        if let Some(before) = self.by_key.insert(key, at) {
            self.by_time.remove(&(before, key));
        }
        self.by_time.insert((at, key));
    }

    /// Removes the deadline of `key`, if there is one.
    pub fn stop(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    /// Whether `key` has a deadline.
    pub fn is_set(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Mono> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Removes the earliest deadline that has passed and returns its key.
    pub fn expired(&mut self, now: Mono) -> Option<K> {
        let (at, key) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.stop(key);
        Some(key)
    }

    /// How many deadlines are set.
    pub fn count(&self) -> usize {
        self.by_key.len()
    }
}

impl<K> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers {
            by_key: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_deadline_per_key() {
        let mut timers = Timers::default();
        timers.set('a', Mono(5));
        timers.set('b', Mono(3));
        timers.set('a', Mono(1));
        timers.set('c', Mono(2));
        timers.stop('c');
        timers.stop('x');
        assert_eq!((timers.next(), timers.count()), (Some(Mono(1)), 2));
        assert!(timers.is_set('b') && !timers.is_set('c'));
        assert_eq!(timers.expired(Mono(0)), None);
        assert_eq!(timers.expired(Mono(9)), Some('a'));
        assert_eq!(timers.expired(Mono(9)), Some('b'));
        assert_eq!(timers.expired(Mono(9)), None);
        assert_eq!((timers.next(), timers.count()), (None, 0));
    }

    #[test]
    fn equal_deadlines_go_off_in_the_order_of_their_keys() {
        let mut timers = Timers::default();
        for key in [3, 1, 2] {
            timers.set(key, Mono(7));
        }
        let order: Vec<i32> = std::iter::from_fn(|| timers.expired(Mono(7))).collect();
        assert_eq!(order, [1, 2, 3]);
    }
}
