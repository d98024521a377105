//! Memory that goes round among connections.

/// Emptied buffers, kept for whoever has bytes next. So a connection has memory only while it has
/// bytes, and a busy server asks the allocator for none.
#[derive(Debug, Default)]
pub struct Spares {
    buffers: Vec<Vec<u8>>,
    /// Their capacity together.
    bytes: usize,
}

/// So much is kept, in bytes: the replies of a thousand connections in one turn. More is given back
/// to the allocator.
const KEPT_MAX: usize = 1 << 20;

impl Spares {
    /// An empty buffer, with memory if there is any: what was given last, for it is still in the
    /// processor's cache.
    pub fn take(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    /// Keeps the memory of a buffer whose bytes are not needed any more.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity > 0 && self.bytes + capacity <= KEPT_MAX {
            buffer.clear();
            self.bytes += capacity;
            self.buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_round_and_is_bounded() {
        let mut spares = Spares::default();
        assert_eq!(spares.take().capacity(), 0);
        spares.give(Vec::new());
        spares.give(b"some bytes".to_vec());
        let again = spares.take();
        assert!(again.is_empty() && again.capacity() >= 10);
        for _ in 0..100 {
            spares.give(Vec::with_capacity(KEPT_MAX / 10));
        }
        assert!(spares.bytes <= KEPT_MAX && spares.buffers.len() == 10);
        while spares.take().capacity() > 0 {}
        assert_eq!(spares.bytes, 0);
    }
}
