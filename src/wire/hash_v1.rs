//! The checksum of journals of version 1, a hash of our own. It is read, and never written.
//!
//! Eight bytes at a time are folded by a 64 × 64 → 128-bit multiplication, whose two halves are
//! mixed by XOR. Unlike the checksum of version 2 it covers the line's LF.

/// Odd and without pattern: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// The bits of the square root of 3 behind the point, made odd.
const ROOT: u64 = 0xbb67_ae85_84ca_a73b;

/// The hash of a line that is given without its LF.
pub fn hash(text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let mut state = GOLDEN ^ (text.len() as u64 + 1);
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = b'\n';
    if rest.len() == 7 {
        state = fold(state ^ u64::from_le_bytes(last));
        last = [0; 8];
    }
    fold(fold(state ^ u64::from_le_bytes(last)) ^ ROOT)
}

fn fold(value: u64) -> u64 {
    let product = u128::from(value ^ ROOT) * u128::from(GOLDEN);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::hash;

    /// As herds wrote them before version 2, for lines that end at each place of a word.
    #[test]
    fn it_is_the_hash_that_old_journals_have() {
        let line = b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1.5";
        assert_eq!(format!("{:016x}", hash(line)), "0c4bf19e24f343a6");
        let hashes: [u64; 9] = [
            0x1662_d73e_8c79_89d2,
            0x7ceb_6301_0e12_95a1,
            0x8f66_173a_22f0_ab1c,
            0xdc78_089f_6781_cfb4,
            0xe527_5c94_e337_7a83,
            0x89dc_91c0_5553_3372,
            0x13e9_b1d6_7a7f_739b,
            0xec9e_cb5c_6ca7_3b6f,
            0x28df_5899_1660_5701,
        ];
        for (length, want) in hashes.into_iter().enumerate() {
            assert_eq!(hash(&b"herd-jou"[..length]), want, "{length}");
        }
    }
}
