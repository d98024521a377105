//! Bytes that wait for a socket to take them.

use std::fmt::{self, Write};

use super::pool::{Buffer, BufferPool};

/// The bytes that a socket has not taken yet, in one piece, so that many replies leave in one
/// write. It has no limit of its own: its owner checks `len` before adding more.
#[derive(Debug, Default)]
pub struct Outbox(
    /// `None` while it has no memory.
    Option<Box<Buffer>>,
);

impl Outbox {
    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        let buffer = self.0.get_or_insert_default();
        if buffer.done > 0 && buffer.done >= buffer.bytes.len() / 2 {
            buffer.bytes.drain(..buffer.done);
            buffer.done = 0;
        }
        buffer.bytes.extend_from_slice(bytes);
    }

    /// Appends `line` and an LF. Returns the bytes as they were written.
    pub fn push_line(&mut self, line: fmt::Arguments<'_>) -> &[u8] {
        let before = self.len();
        // Writing to memory cannot fail.
        let _ = writeln!(self, "{line}");
        &self.unsent()[before..]
    }

    /// Appends text that is only a part of a line.
    pub fn push_text(&mut self, text: fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = self.write_fmt(text);
    }

    /// Takes memory from the pool, unless it has some.
    pub fn borrow(&mut self, pool: &mut BufferPool) {
        self.0.get_or_insert_with(|| pool.take());
    }

    /// Returns its memory to the pool if it is empty.
    pub fn give_back(&mut self, pool: &mut BufferPool) {
        if self.is_empty() {
            pool.give(self.0.take());
        }
    }

    /// The bytes to write next, in order.
    pub fn unsent(&self) -> &[u8] {
        let buffer = self.0.as_deref();
        buffer.map_or(&[], |buffer| &buffer.bytes[buffer.done..])
    }

    /// Removes the first `count` bytes of `unsent`: the socket has taken them.
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "more was sent than there was");
        if let Some(buffer) = &mut self.0 {
            buffer.done = buffer.bytes.len().min(buffer.done + count);
            if buffer.len() == 0 {
                buffer.clear();
            }
        }
    }

    /// The number of unsent bytes.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |buffer| buffer.len())
    }

    /// Whether everything is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Write for Outbox {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_order_however_they_are_taken() {
        let (mut outbox, mut sent) = (Outbox::default(), Vec::new());
        for round in 0..100u8 {
            outbox.push(&[round; 7]);
            let count = outbox.len().min(usize::from(round % 11));
            sent.extend_from_slice(&outbox.unsent()[..count]);
            outbox.advance(count);
        }
        sent.extend_from_slice(outbox.unsent());
        let want: Vec<u8> = (0..100u8).flat_map(|round| [round; 7]).collect();
        assert_eq!(sent, want);
    }

    #[test]
    fn text_and_lines_are_bytes_as_well() {
        let mut outbox = Outbox::default();
        outbox.push_text(format_args!("{} ", "A"));
        assert_eq!(outbox.push_line(format_args!("MARK {}", 7)), b"MARK 7\n");
        assert_eq!(outbox.unsent(), b"A MARK 7\n");
        outbox.give_back(&mut BufferPool::new(1000));
        assert_eq!(outbox.len(), 9, "only an empty one has memory to give back");
    }
}

#[cfg(test)]
mod memory {
    use super::*;

    #[test]
    fn sent_bytes_do_not_pile_up() {
        let mut outbox = Outbox::default();
        for round in 0..100u8 {
            outbox.push(&[round; 7]);
            outbox.advance(outbox.len().min(usize::from(round % 11)));
            let all = outbox.0.as_ref().unwrap().bytes.len();
            assert!(all <= 2 * outbox.len() + 16, "{all}");
        }
    }

    #[test]
    fn an_empty_outbox_returns_its_memory() {
        let (mut pool, mut outbox) = (BufferPool::new(1000), Outbox::default());
        outbox.push(b"MARK 7\n");
        outbox.advance(7);
        outbox.give_back(&mut pool);
        assert!(outbox.0.is_none());
        outbox.borrow(&mut pool);
        assert!(outbox.is_empty() && outbox.0.unwrap().bytes.capacity() >= 7);
    }
}
