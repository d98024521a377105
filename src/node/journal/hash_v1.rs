//! A hash that means the same at every server and in every version: the digest of two tables is
//! compared across the herd.
//!
//! Eight bytes at a time are folded by a 64 × 64 → 128-bit multiplication, whose two halves are
//! mixed by XOR. It is fast and spreads well. It is no defence against one who picks records so
//! that their sums are equal; but each line holds the nanoseconds at which a server heard it, which
//! nobody else picks.

/// Odd and without pattern: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// The bits of the square root of 3 behind the point, made odd.
const ROOT: u64 = 0xbb67_ae85_84ca_a73b;

/// The hash of some bytes.
pub fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = GOLDEN ^ bytes.len() as u64;
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(state ^ u64::from_le_bytes(last)) ^ ROOT)
}

fn fold(value: u64) -> u64 {
    let product = u128::from(value ^ ROOT) * u128::from(GOLDEN);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::collections::BTreeSet;

    #[test]
    fn it_means_the_same_for_ever() {
        let line = b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1.5\n";
        assert_eq!(format!("{:016x}", hash(line)), "0c4bf19e24f343a6");
    }

    #[test]
    fn near_texts_are_far_apart() {
        let mut seen = BTreeSet::new();
        for length in 0..40 {
            for place in 0..length {
                for bit in 0..8 {
                    let mut text = vec![b'a'; length];
                    text[place] ^= 1 << bit;
                    seen.insert(hash(&text));
                }
            }
        }
        assert_eq!(seen.len(), 40 * 39 / 2 * 8);
        // Zeros at the end count, too.
        assert_ne!(hash(b"a"), hash(b"a\0"));
    }
}
