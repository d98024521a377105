//! An entry of the queue of what is to come. Those of the same time are in the order of their
//! planning.

use std::cmp::Ordering;

use super::world::Happening;

#[derive(Debug)]
pub struct Entry {
    pub at: u64,
    pub number: u64,
    pub what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
