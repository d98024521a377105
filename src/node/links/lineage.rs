//! Two processes that have one run: the memory of a running machine was copied, and both copies go
//! on.
//!
//! A process draws its run and the seed of its nonces from the system's randomness when it starts,
//! and reads neither from a file. So no copy of a disk, an image or a journal gives two processes
//! one run. A copy of the memory does: a snapshot of a virtual machine that is restored beside the
//! original or twice, the checkpoint of a container. Then run, feed and generator are the same, and
//! a process knows nothing of itself that tells it from the other.
//!
//! Its neighbours do. Each handshake has a nonce of theirs, and a HELLO repeats the one of the last
//! link that its speaker had with them. A process whose link was lost repeats the newest nonce, and
//! so does a copy when it comes first; then the other one repeats an older nonce, and is noticed.
//! If a link was lost before its dialler had our SINCE, the dialler does not count it; its first
//! MARK shows that it does. So we keep the nonce of the last link with a MARK, and those since.
//!
//! A copy may have told changes before it was noticed, under the numbers of others. That is not
//! undone here: an audit finds the difference (`audit.rs`).

use std::collections::VecDeque;

/// The links from the present run of a neighbour.
#[derive(Debug, Default)]
pub struct Lineage {
    /// Our nonces, the newest last.
    nonces: VecDeque<String>,
    /// Where the newest came from.
    address: String,
}

impl Lineage {
    /// Whether a HELLO that repeats `last` comes from the process that had the newest link. A
    /// process of an older version, or one that never had a link, repeats nothing.
    pub fn continues(&self, last: Option<&[u8]>) -> bool {
        let is_known = |last: &[u8]| self.nonces.iter().any(|it| it.as_bytes() == last);
        self.nonces.is_empty() || last.is_none_or(is_known)
    }

    /// There is a link from `address`, with our `nonce`. At most `most` nonces are kept.
    pub fn linked(&mut self, nonce: String, address: String, most: usize) {
        if self.nonces.len() >= most {
            self.nonces.pop_front();
        }
        self.nonces.push_back(nonce);
        self.address = address;
    }

    /// The neighbour counts the newest link.
    pub fn marked(&mut self) {
        let before = self.nonces.len().saturating_sub(1);
        self.nonces.drain(..before);
    }

    /// Where the newest link came from.
    pub fn address(&self) -> &str {
        &self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(lineage: &mut Lineage, nonce: &str) {
        lineage.linked(nonce.into(), "10.0.0.2:1".into(), 3);
    }

    #[test]
    fn a_process_repeats_the_last_nonce_that_it_knows_to_be_a_links() {
        let mut lineage = Lineage::default();
        assert!(lineage.continues(None) && lineage.continues(Some(b"a")));
        linked(&mut lineage, "a");
        lineage.marked();
        assert!(lineage.continues(Some(b"a")) && !lineage.continues(Some(b"z")));
        // Two more links, and no MARK: nobody knows which of our answers arrived.
        linked(&mut lineage, "b");
        linked(&mut lineage, "c");
        for last in [b"a", b"b", b"c"] {
            assert!(lineage.continues(Some(last)));
        }
        lineage.marked();
        assert!(lineage.continues(Some(b"c")) && lineage.continues(None));
        assert!(!lineage.continues(Some(b"a")) && !lineage.continues(Some(b"b")));
    }

    #[test]
    fn a_few_nonces_are_kept() {
        let mut lineage = Lineage::default();
        for nonce in ["a", "b", "c", "d"] {
            linked(&mut lineage, nonce);
        }
        assert!(!lineage.continues(Some(b"a")) && lineage.continues(Some(b"b")));
        assert_eq!(lineage.address(), "10.0.0.2:1");
    }
}
