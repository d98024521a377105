//! From a client's name to its record.

use std::hash::{BuildHasher, RandomState};

/// Open addressing with linear probing. Records are never removed, so there are no graves; the
/// names stay in the records, so an entry is eight bytes and growing touches no name.
///
/// The hash is keyed at random (SipHash of the standard library): a stranger cannot pick names
/// that meet in one place.
#[derive(Debug)]
pub struct Index {
    keys: RandomState,
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
            keys: RandomState::new(),
            entries: Vec::new(),
            count: 0,
        }
    }

    /// The hash of a name here. It is different in every process.
    pub fn tag(&self, name: &[u8]) -> u32 {
        self.keys.hash_one(name) as u32
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
