//! The hash that servers compare and journals keep: XXH3 with 64 bits and seed 0, as published in
//! the xxHash specification, of an AT line without its LF.
//!
//! It is fast and spreads well, and other programs can compute it. It does not withstand somebody
//! who chooses records so that their sums are equal; but each line holds the nanoseconds at which a
//! server heard it, and those nobody else chooses.

use xxhash_rust::xxh3::xxh3_64;

/// The hash of an AT line, given without its LF, or of a name.
pub fn checksum(line: &[u8]) -> u64 {
    xxh3_64(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The protocol page gives these, for whoever implements it.
    #[test]
    fn the_test_vectors_of_the_protocol_page_hold() {
        assert_eq!(checksum(b""), 0x2d06_8005_38d3_94c2);
        let line =
            b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
        assert_eq!(format!("{:016x}", checksum(line)), "1ce37edb9b36c78c");
    }
}
