//! Memory that goes round among connections.

/// Emptied buffers, kept for whoever has bytes next. So a connection has memory only while it has
/// bytes, and a busy server asks the allocator for none.
#[derive(Debug)]
pub struct Spares {
    buffers: Vec<Vec<u8>>,
    /// Their capacity together.
    bytes: usize,
    bytes_max: usize,
}

impl Spares {
    /// Keeps at most so many bytes of memory; more is given back to the allocator.
    pub fn new(bytes_max: usize) -> Spares {
        Spares {
            buffers: Vec::new(),
            bytes: 0,
            bytes_max,
        }
    }

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
        if capacity > 0 && self.bytes + capacity <= self.bytes_max {
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
        let mut spares = Spares::new(1000);
        assert_eq!(spares.take().capacity(), 0);
        spares.give(Vec::new());
        spares.give(b"some bytes".to_vec());
        let again = spares.take();
        assert!(again.is_empty() && again.capacity() >= 10);
        for _ in 0..100 {
            spares.give(Vec::with_capacity(100));
        }
        assert!(spares.bytes <= 1000 && spares.buffers.len() == 10);
        while spares.take().capacity() > 0 {}
        assert_eq!(spares.bytes, 0);
    }
}
