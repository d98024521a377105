//! Bytes on their way out.

use std::fmt::{self, Write};

use super::spares::{Buffer, BufferPool};

/// One contiguous run of bytes that a socket has not taken yet, so that many replies leave in
/// one write. Whoever fills it looks at `len` first; it grows as far as it is filled.
#[derive(Debug, Default)]
pub struct Outbox(
    /// None: it is empty, and has no memory.
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

    /// Appends a line that is given without LF, and shows it with LF.
    pub fn push_line(&mut self, line: fmt::Arguments<'_>) -> &[u8] {
        let before = self.len();
        // Memory takes whatever it is given.
        let _ = writeln!(self, "{line}");
        &self.unsent()[before..]
    }

    /// Takes memory that another has left, if it has none.
    pub fn borrow(&mut self, spares: &mut BufferPool) {
        if self.0.is_none() {
            self.0 = Some(spares.take());
        }
    }

    /// Leaves its memory to others, if it is empty.
    pub fn give_back(&mut self, spares: &mut BufferPool) {
        if self.is_empty()
            && let Some(buffer) = self.0.take()
        {
            spares.give(buffer);
        }
    }

    /// What is to be written, in order.
    pub fn unsent(&self) -> &[u8] {
        match &self.0 {
            Some(buffer) => &buffer.bytes[buffer.done..],
            None => &[],
        }
    }

    /// The socket took `count` bytes of `unsent`.
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "more was sent than there was");
        if let Some(buffer) = &mut self.0 {
            buffer.done = buffer.bytes.len().min(buffer.done + count);
            if buffer.len() == 0 {
                buffer.clear();
            }
        }
    }

    /// How many bytes are unsent.
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
            assert!(
                outbox.0.as_ref().unwrap().bytes.len() <= 2 * outbox.len() + 16,
                "sent bytes pile up"
            );
        }
        sent.extend_from_slice(outbox.unsent());
        let want: Vec<u8> = (0..100u8).flat_map(|round| [round; 7]).collect();
        assert_eq!(sent, want);
    }

    #[test]
    fn its_memory_goes_round_when_it_is_empty() {
        let (mut spares, mut outbox) = (BufferPool::new(1000), Outbox::default());
        assert_eq!(outbox.push_line(format_args!("MARK {}", 7)), b"MARK 7\n");
        outbox.give_back(&mut spares);
        assert_eq!(outbox.unsent(), b"MARK 7\n");
        outbox.advance(7);
        outbox.give_back(&mut spares);
        assert!(outbox.0.is_none());
        outbox.borrow(&mut spares);
        assert!(outbox.is_empty() && outbox.0.unwrap().bytes.capacity() >= 7);
    }
}
