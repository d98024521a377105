//! The digests of a table and of its parts, kept up to date with each change. A digest is the sum
//! of the hashes of the lines, so a change costs two additions, and equal parts have equal digests
//! in whatever order their lines came.

use crate::wire::{BUCKETS, GROUPS, Scope, Sums};

/// The digests of a table.
#[derive(Debug)]
pub struct TableDigests {
    total: u64,
    /// One for each bucket: 32 KiB.
    buckets: Box<[u64]>,
}

impl TableDigests {
    /// The digests of an empty table.
    pub fn new() -> TableDigests {
        TableDigests {
            total: 0,
            buckets: vec![0; BUCKETS].into(),
        }
    }

    /// In a bucket a line with the hash `new` takes the place of one with the hash `old`; 0: of
    /// none.
    pub fn replace(&mut self, bucket: usize, old: u64, new: u64) {
        let change = new.wrapping_sub(old);
        let sum = &mut self.buckets[bucket];
        *sum = sum.wrapping_add(change);
        self.total = self.total.wrapping_add(change);
    }

    /// The digest of the whole table.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The digests of the groups, or of the buckets of one.
    pub fn sums(&self, scope: Scope) -> Sums {
        let (groups, _) = self.buckets.as_chunks::<GROUPS>();
        let sum = |group: &[u64; GROUPS]| group.iter().fold(0, |sum, it| it.wrapping_add(sum));
        Sums(match scope {
            Scope::Groups => std::array::from_fn(|group| sum(&groups[group])),
            Scope::Group(group) => groups[group],
        })
    }
}
