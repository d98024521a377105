//! From a client's name to its record.

use std::hash::{BuildHasher, RandomState};

/// Open addressing with linear probing. Records are never removed, so there are no graves; the
/// names stay in the records, so an entry is eight bytes and growing touches no name.
///
/// The hash is keyed at random: a stranger cannot pick names that meet in one place.
#[derive(Debug)]
pub struct Index {
    key: Key,
    /// Its length is a power of two, or nothing at all.
    entries: Vec<Entry>,
    count: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The record's slot, plus one; 0 is a free place.
    slot: u32,
    /// 32 bits of the name's hash: few strangers are looked at, and growing needs no more.
    tag: u32,
}

impl Index {
    /// An empty index takes no memory.
    pub fn new() -> Index {
        Index {
            key: Key::random(),
            entries: Vec::new(),
            count: 0,
        }
    }

    /// The hash of a name here. It is different in every process.
    pub fn tag(&self, name: &[u8]) -> u32 {
        self.key.hash(name) as u32
    }

    /// The slot whose name hashes to `tag` and `is` the wanted one.
    pub fn find(&self, tag: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.entries.len().checked_sub(1)?;
        let mut place = tag as usize & mask;
        loop {
            let entry = self.entries[place];
            let slot = entry.slot.checked_sub(1)?;
            if entry.tag == tag && is(slot) {
                return Some(slot);
            }
            place = (place + 1) & mask;
        }
    }

    /// Adds a slot whose name is not here yet.
    pub fn add(&mut self, tag: u32, slot: u32) {
        if self.count * 4 >= self.entries.len() * 3 {
            self.grow();
        }
        self.count += 1;
        self.put(Entry {
            slot: slot + 1,
            tag,
        });
    }

    fn grow(&mut self) {
        let wider = vec![Entry::default(); (self.entries.len() * 2).max(64)];
        let entries = std::mem::replace(&mut self.entries, wider);
        for entry in entries.into_iter().filter(|entry| entry.slot > 0) {
            self.put(entry);
        }
    }

    fn put(&mut self, entry: Entry) {
        let mask = self.entries.len() - 1;
        let mut place = entry.tag as usize & mask;
        while self.entries[place].slot > 0 {
            place = (place + 1) & mask;
        }
        self.entries[place] = entry;
    }
}

/// A secret point at which a name is worth something: its length and its words of seven bytes are
/// the coefficients of a polynomial modulo a prime (Carter and Wegman, Universal Classes of Hash
/// Functions, 1979). Two names of at most n words meet at no more than n of all 2^61 points,
/// whatever names they are; and a point needs a multiplication per word.
#[derive(Debug)]
struct Key(u64);

/// A prime of the form 2^n - 1: the remainder is a sum of two halves.
const PRIME: u64 = (1 << 61) - 1;

impl Key {
    fn random() -> Key {
        // The standard library's own keys are the randomness at hand.
        Key(RandomState::new().hash_one(PRIME) % PRIME)
    }

    fn hash(&self, name: &[u8]) -> u64 {
        let (words, rest) = name.as_chunks::<7>();
        let mut sum = self.step(0, name.len() as u64);
        for &[a, b, c, d, e, f, g] in words {
            sum = self.step(sum, u64::from_le_bytes([a, b, c, d, e, f, g, 0]));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.step(sum, u64::from_le_bytes(last))
    }

    /// `(sum + word) * key` modulo the prime, or a little above it.
    fn step(&self, sum: u64, word: u64) -> u64 {
        let product = u128::from(sum + word) * u128::from(self.0);
        let folded = (product as u64 & PRIME) + (product >> 61) as u64;
        (folded & PRIME) + (folded >> 61)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found() {
        let (mut index, mut names) = (Index::new(), Vec::<String>::new());
        for number in 0..10_000 {
            let name = format!("client-{number}");
            let tag = index.tag(name.as_bytes());
            assert_eq!(index.find(tag, |slot| names[slot as usize] == name), None);
            index.add(tag, number);
            names.push(name);
        }
        for (number, name) in names.iter().enumerate() {
            let tag = index.tag(name.as_bytes());
            let found = index.find(tag, |slot| &names[slot as usize] == name);
            assert_eq!(found, Some(number as u32));
        }
    }

    #[test]
    fn names_that_are_near_are_hashed_apart() {
        let key = Key::random();
        let mut seen = std::collections::BTreeSet::new();
        for length in 1..30 {
            seen.insert(key.hash(&vec![0; length]));
            for place in 0..length {
                let mut name = vec![0; length];
                name[place] = 1;
                seen.insert(key.hash(&name));
            }
        }
        assert_eq!(seen.len(), 29 + 29 * 30 / 2);
    }

    #[test]
    fn equal_tags_are_told_apart_by_the_name() {
        let mut index = Index::new();
        for slot in 0..100 {
            index.add(7, slot);
        }
        for slot in 0..100 {
            assert_eq!(index.find(7, |found| found == slot), Some(slot));
        }
        assert_eq!(index.find(7, |_| false), None);
    }
}
