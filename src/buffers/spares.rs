//! Memory that goes round among connections.

/// Bytes, the first of which are done with.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    /// So many of them are sent, or were handed out as lines.
    pub(super) done: usize,
    /// So many hold no LF beyond those. A line buffer's.
    pub(super) searched: usize,
}

/// Emptied buffers, kept for whoever has bytes next. So a connection has memory only while it has
/// bytes, and a busy server asks the allocator for none.
#[derive(Debug)]
pub struct BufferPool {
    #[expect(clippy::vec_box, reason = "who takes one takes it in its box")]
    buffers: Vec<Box<Buffer>>,
    /// Their capacity together.
    bytes: usize,
    bytes_max: usize,
}

impl BufferPool {
    /// Keeps at most so many bytes of memory; more is given back to the allocator.
    pub fn new(bytes_max: usize) -> BufferPool {
        BufferPool {
            buffers: Vec::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// An empty buffer, with memory if there is any: what was given last, for it is still in the
    /// processor's cache.
    pub(super) fn take(&mut self) -> Box<Buffer> {
        let Some(buffer) = self.buffers.pop() else {
            return Box::default();
        };
        self.bytes -= buffer.cost();
        buffer
    }

    /// Keeps the memory of a buffer whose bytes are not needed any more.
    pub(super) fn give(&mut self, mut buffer: Box<Buffer>) {
        if self.bytes + buffer.cost() <= self.bytes_max {
            self.bytes += buffer.cost();
            buffer.clear();
            self.buffers.push(buffer);
        }
    }
}

impl Buffer {
    /// Forgets its bytes.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.done, self.searched) = (0, 0);
    }

    /// How many bytes are not done with.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.done
    }

    /// Its memory, in bytes.
    fn cost(&self) -> usize {
        size_of::<Buffer>() + self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(bytes: &[u8]) -> Box<Buffer> {
        let bytes = bytes.to_vec();
        Box::new(Buffer {
            bytes,
            ..Buffer::default()
        })
    }

    #[test]
    fn memory_goes_round_and_is_bounded() {
        let mut spares = BufferPool::new(2000);
        assert_eq!(spares.take().bytes.capacity(), 0);
        spares.give(buffer(b"some bytes"));
        let again = spares.take();
        assert!(again.len() == 0 && again.bytes.capacity() >= 10);
        for _ in 0..100 {
            spares.give(buffer(&[7; 200]));
        }
        assert_eq!(spares.buffers.len(), 2000 / (200 + size_of::<Buffer>()));
        while !spares.buffers.is_empty() {
            spares.take();
        }
        assert_eq!(spares.bytes, 0);
    }
}
