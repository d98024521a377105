//! Names of connections, lookups and neighbours. The name of a connection or a lookup is never used
//! again in the same process, so that a stale name finds nothing instead of something else.

use std::fmt;

/// A connection: `generation << 32 | slab key`. It is also its mio token.
///
/// The low half is an index; the generation distinguishes the connection from earlier ones in the
/// same slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

impl ConnId {
    /// The name of the connection in slot `key`, the `generation`th that the loop has seen.
    pub const fn new(generation: u32, key: usize) -> ConnId {
        ConnId((generation as u64) << 32 | (key as u64 & 0xffff_ffff))
    }

    /// The slot that the connection is in.
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

/// A neighbour, by its place in the node's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u8);

impl PeerId {
    /// The place in the list.
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
