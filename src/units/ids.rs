//! Names of things that come and go. A name is never reused within a process, so one that
//! outlives its thing finds nothing instead of a stranger.

use std::fmt;

/// A connection: `generation << 32 | slab key`. It is also its mio token.
///
/// The low half finds the connection in O(1); the generation tells it from the ones that stood
/// in the same slot before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

impl ConnId {
    /// The connection in slot `key` that is the `generation`th the loop has seen.
    pub const fn new(generation: u32, key: usize) -> ConnId {
        ConnId((generation as u64) << 32 | (key as u64 & 0xffff_ffff))
    }

    /// The slot that it stands in.
    pub const fn key(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
}

impl fmt::Debug for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conn {}.{}", self.0 >> 32, self.key())
    }
}

/// One lookup of places, counted from 1 by the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u64);

/// A neighbour, by its place in the node's list of neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u8);

impl PeerId {
    /// Its place in the list.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::ConnId;

    #[test]
    fn a_slot_used_again_has_another_name() {
        let (old, new) = (ConnId::new(7, 3), ConnId::new(8, 3));
        assert_ne!(old, new);
        assert_eq!((old.key(), new.key()), (3, 3));
        assert_eq!(format!("{new:?}"), "conn 8.3");
    }
}
