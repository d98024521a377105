//! Bytes on their way out.

/// One contiguous run of bytes that a socket has not taken yet, so that many replies leave in
/// one write. Whoever fills it looks at `len` first; it grows as far as it is filled.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// An empty outbox keeps at most so much memory for the next reply, in bytes.
    pub const KEPT_MAX: usize = 1024;

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.sent > 0 && self.sent >= self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What is to be written, in order.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// The socket took `count` bytes of `unsent`.
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "more was sent than there was");
        self.sent = self.bytes.len().min(self.sent + count);
        if self.sent == self.bytes.len() {
            self.sent = 0;
            self.bytes.clear();
            self.bytes.shrink_to(Outbox::KEPT_MAX);
        }
    }

    /// How many bytes are unsent.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether everything is sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
                outbox.bytes.len() <= 2 * outbox.len() + 16,
                "sent bytes pile up"
            );
        }
        sent.extend_from_slice(outbox.unsent());
        let want: Vec<u8> = (0..100u8).flat_map(|round| [round; 7]).collect();
        assert_eq!(sent, want);
    }

    #[test]
    fn an_empty_outbox_is_small() {
        let mut outbox = Outbox::default();
        outbox.push(&[0; 100_000]);
        outbox.advance(100_000);
        assert!(outbox.is_empty());
        assert!(outbox.bytes.capacity() <= Outbox::KEPT_MAX);
    }
}
