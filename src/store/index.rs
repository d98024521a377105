//! From a client's name to the slot of its record.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// A hash table of slots. The names stay in the records.
///
/// The hash is SipHash-1-3 under a key that is random in each process (the standard library's
/// `RandomState`): strangers choose the names, so an unkeyed hash would let them choose names that
/// collide, and turn each look-up into a scan.
#[derive(Debug)]
pub struct Index {
    hasher: RandomState,
    entries: HashTable<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    slot: u32,
    /// The lower half of the name's hash, kept so that few wrong names are compared and growing
    /// the table touches no record.
    tag: u32,
}

impl Index {
    /// An empty index takes no memory.
    pub fn new() -> Index {
        Index {
            hasher: RandomState::new(),
            entries: HashTable::new(),
        }
    }

    /// The tag of a name. It differs from process to process.
    pub fn tag(&self, name: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        // Without the length that `Hash` would add for a slice: a name is the whole input.
        std::hash::Hasher::write(&mut hasher, name);
        std::hash::Hasher::finish(&hasher) as u32
    }

    /// The slot that has `tag` and for which `is_wanted` holds.
    pub fn find(&self, tag: u32, mut is_wanted: impl FnMut(u32) -> bool) -> Option<u32> {
        let same = |entry: &Entry| entry.tag == tag && is_wanted(entry.slot);
        self.entries.find(spread(tag), same).map(|entry| entry.slot)
    }

    /// Adds a slot whose name is not here yet.
    pub fn add(&mut self, tag: u32, slot: u32) {
        let entry = Entry { slot, tag };
        self.entries
            .insert_unique(spread(tag), entry, |entry| spread(entry.tag));
    }
}

/// The table takes the bucket from the low bits of a hash and a mark from its highest seven, so 32
/// bits are repeated to fill both.
fn spread(tag: u32) -> u64 {
    u64::from(tag) << 32 | u64::from(tag)
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
    fn the_key_differs_from_index_to_index() {
        let tags = [Index::new(), Index::new()].map(|index| index.tag(b"kiwi"));
        assert_ne!(tags[0], tags[1]);
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
