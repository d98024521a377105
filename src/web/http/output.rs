//! Bytes on their way out, in pieces that other connections may have, too: a thousand readers of
//! one page cost its bytes once.

use std::collections::VecDeque;
use std::sync::Arc;

/// The pieces that have not left.
#[derive(Debug, Default)]
pub struct Output {
    pieces: VecDeque<Arc<[u8]>>,
    /// How many bytes of the first piece have left.
    sent: usize,
    /// Changes that the reader was not told, since it was slow.
    missed: u64,
}

impl Output {
    pub fn push(&mut self, piece: Arc<[u8]>) {
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// Adds an event, which tells of this number of changes, unless an earlier one has not left. So
    /// a slow reader costs nothing; later it is told how many changes it missed, and then `all`
    /// that makes up for them. False: it was not added.
    pub fn event(
        &mut self,
        event: &Arc<[u8]>,
        changes: u64,
        all: impl FnOnce() -> Arc<[u8]>,
    ) -> bool {
        if !self.is_empty() {
            self.missed += changes;
            return false;
        }
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            self.push(
                format!("event: missed\ndata: {missed}\n\n")
                    .into_bytes()
                    .into(),
            );
            self.push(all());
        }
        self.push(Arc::clone(event));
        true
    }

    /// The bytes to send next; more may follow.
    pub fn unsent(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| &piece[self.sent..])
    }

    /// The first `count` bytes of `unsent` have left.
    pub fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.unsent().is_empty() {
            self.pieces.pop_front();
            self.sent = 0;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub fn len(&self) -> usize {
        self.pieces.iter().map(|it| it.len()).sum::<usize>() - self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_is_told_what_it_missed() {
        let mut output = Output::default();
        let event: Arc<[u8]> = b"event,".as_slice().into();
        let nothing = || panic!("nothing was missed");
        assert!(output.event(&event, 5, nothing));
        (0..3).for_each(|_| assert!(!output.event(&event, 5, nothing)));
        let taken = |output: &mut Output| {
            let mut text = Vec::new();
            while !output.is_empty() {
                text.push(output.unsent()[0]);
                output.advance(1);
            }
            String::from_utf8(text).unwrap()
        };
        assert_eq!(taken(&mut output), "event,");
        for want in ["event: missed\ndata: 15\n\nall,event,", "event,"] {
            assert!(output.event(&event, 5, || b"all,".as_slice().into()));
            assert_eq!(taken(&mut output), want);
        }
    }
}
