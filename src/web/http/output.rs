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
}

impl Output {
    pub fn push(&mut self, piece: Arc<[u8]>) {
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
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
