//! A line of the journal: a text, a space, and its checksum as 16 hex digits. So a digit that flips
//! on the disk is seen, and only its line is lost.

use super::checksum::checksum;
use super::hash_v1;

/// The checksum behind a line: a space, 16 digits.
const CHECKSUM_LEN: usize = 17;

/// Appends the journal's line for a text, with or without its LF, to `out`.
pub fn push(out: &mut Vec<u8>, text: &[u8]) {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    out.extend_from_slice(text);
    out.push(b' ');
    out.extend_from_slice(&digits(checksum(text)));
    out.push(b'\n');
}

fn digits(hash: u64) -> [u8; 16] {
    std::array::from_fn(|place| b"0123456789abcdef"[(hash >> (60 - 4 * place) & 15) as usize])
}

/// The length of the journal's lines for `records` AT lines of `bytes` bytes.
pub fn length(records: u64, bytes: usize) -> u64 {
    bytes as u64 + records * CHECKSUM_LEN as u64
}

/// The text of a line, given without its LF, if it goes with its checksum: that of version 2, or
/// that of version 1. A line does not say which it has, and need not, for no text has both.
pub fn text(line: &[u8]) -> Option<&[u8]> {
    let (text, end) = line.split_at_checked(line.len().checked_sub(CHECKSUM_LEN)?)?;
    let sum = end.strip_prefix(b" ")?;
    (*sum == digits(checksum(text)) || *sum == digits(hash_v1::hash(text))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &[u8] = b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1.5\n";

    fn line() -> Vec<u8> {
        let mut line = Vec::new();
        push(&mut line, AT);
        assert_eq!(line.len() as u64, length(1, AT.len()));
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    /// As version 1 wrote it.
    fn line_v1() -> Vec<u8> {
        [&AT[..AT.len() - 1], b" 0c4bf19e24f343a6"].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        assert!(line().ends_with(b" 1.5 ba97182da9e395e7"));
        for line in [line(), line_v1()] {
            assert_eq!(text(&line), AT.strip_suffix(b"\n"));
        }
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        for whole in [line(), line_v1()] {
            for place in 0..whole.len() {
                for bit in 0..8 {
                    let mut line = whole.clone();
                    line[place] ^= 1 << bit;
                    assert_eq!(text(&line), None, "{place} {bit}");
                }
            }
            for end in 0..whole.len() {
                assert_eq!(text(&whole[..end]), None);
            }
        }
    }
}
