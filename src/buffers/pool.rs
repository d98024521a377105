//! Memory that connections hand on to each other.

/// Bytes, of which the first are done with.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    /// How many bytes at the front have been sent, or handed out as lines.
    pub(super) done: usize,
    /// Used by line buffers: `bytes[done..searched]` holds no LF.
    pub(super) searched: usize,
}

/// Emptied buffers, kept for the next connection that has bytes. A connection uses memory only
/// while it has bytes, and a busy server does not allocate.
#[derive(Debug)]
pub struct BufferPool {
    #[expect(clippy::vec_box, reason = "buffers move in and out in their boxes")]
    buffers: Vec<Box<Buffer>>,
    /// The memory of all buffers together.
    bytes: usize,
    bytes_max: usize,
}

impl BufferPool {
    /// A pool that keeps at most `bytes_max` bytes of memory and frees the rest.
    pub fn new(bytes_max: usize) -> BufferPool {
        BufferPool {
            buffers: Vec::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// An empty buffer, with memory if the pool has any. The one given last comes first, because
    /// it is still in the processor's cache.
    pub(super) fn take(&mut self) -> Box<Buffer> {
        let Some(buffer) = self.buffers.pop() else {
            return Box::default();
        };
        self.bytes -= buffer.cost();
        buffer
    }

    /// Takes back a buffer, if there is one, whose bytes are no longer needed.
    pub(super) fn give(&mut self, buffer: Option<Box<Buffer>>) {
        if let Some(mut buffer) = buffer.filter(|it| self.bytes + it.cost() <= self.bytes_max) {
            self.bytes += buffer.cost();
            buffer.clear();
            self.buffers.push(buffer);
        }
    }
}

impl Buffer {
    /// Drops all bytes and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.done, self.searched) = (0, 0);
    }

    /// How many bytes are left.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.done
    }

    /// The memory that it takes, in bytes.
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
    fn memory_is_used_again_and_bounded() {
        let mut pool = BufferPool::new(2000);
        assert_eq!(pool.take().bytes.capacity(), 0);
        pool.give(Some(buffer(b"some bytes")));
        let again = pool.take();
        assert!(again.len() == 0 && again.bytes.capacity() >= 10);
        for _ in 0..100 {
            pool.give(Some(buffer(&[7; 200])));
        }
        assert_eq!(pool.buffers.len(), 2000 / (200 + size_of::<Buffer>()));
        while !pool.buffers.is_empty() {
            pool.take();
        }
        assert_eq!(pool.bytes, 0);
    }
}
