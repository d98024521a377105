//! Handshakes whose first line proves that the dialler knows the secret. A crowd that does not know
//! it never takes their places, however near the neighbour it is and however often it dials.
//!
//! The proof is not an answer to anything of ours, so somebody who listens can play it back. It
//! admits nobody, and each nonce is good for one place: a HELLO that is played back counts as one
//! without a proof, as long as its nonce is among the last few.

use std::collections::VecDeque;

use crate::units::ConnId;

/// The last of these handshakes of a neighbour, the oldest first.
#[derive(Debug, Default)]
pub struct Early {
    /// The connection, until it is a link, and the dialler's nonce.
    seen: VecDeque<(Option<ConnId>, Vec<u8>)>,
}

impl Early {
    /// Whether that nonce was not said recently.
    pub fn is_new(&self, nonce: &[u8]) -> bool {
        self.seen.iter().all(|(_, it)| it != nonce)
    }

    /// One begins. There may be `most`: the connection that makes room, which may be gone already.
    pub fn add(&mut self, conn: ConnId, nonce: &[u8], most: usize) -> Option<ConnId> {
        let is_full = self.seen.len() >= most;
        let oldest = is_full.then(|| self.seen.pop_front()).flatten();
        self.seen.push_back((Some(conn), nonce.to_vec()));
        oldest?.0
    }

    /// That connection is a link now, and makes room for nobody.
    pub fn admitted(&mut self, conn: ConnId) {
        for (it, _) in &mut self.seen {
            it.take_if(|it| *it == conn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_unless_it_is_a_link() {
        let (mut early, conn) = (Early::default(), |number| ConnId::new(number, 0));
        for number in 0..3 {
            let nonce = [number as u8];
            assert!(early.is_new(&nonce));
            assert_eq!(early.add(conn(number), &nonce, 3), None);
            assert!(!early.is_new(&nonce));
        }
        early.admitted(conn(1));
        assert_eq!(early.add(conn(3), b"d", 3), Some(conn(0)));
        assert_eq!(early.add(conn(4), b"e", 3), None);
        assert_eq!(early.add(conn(5), b"f", 3), Some(conn(2)));
        assert!(early.is_new(&[0]) && !early.is_new(b"f"));
    }
}
