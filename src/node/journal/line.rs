//! A line of the journal: an AT line, a space, and its hash as 16 hex digits. So a digit that flips
//! on the disk is seen, and only its line is lost.

use std::fmt;

use super::hash_v1::hash;
use crate::wire::Report;

/// The hash behind a line: a space, 16 digits.
const HASH_LEN: usize = 17;

/// Appends the journal's line for a line (LF included) to `out`.
pub fn push(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
    out.push(b' ');
    out.extend_from_slice(&digits(hash(line)));
    out.push(b'\n');
}

fn digits(hash: u64) -> [u8; 16] {
    std::array::from_fn(|place| b"0123456789abcdef"[(hash >> (60 - 4 * place) & 15) as usize])
}

/// How long the journal's lines for `records` AT lines of `bytes` bytes are.
pub fn length(records: u64, bytes: usize) -> u64 {
    bytes as u64 + records * HASH_LEN as u64
}

/// Why a line is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Its hash is another, or none.
    Hash,
    /// The hash is right, but it is no AT line.
    Garbage,
    /// There is no room in the table.
    Full,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::Hash => "it is damaged, for its hash is another",
            Lost::Garbage => "it is no AT line",
            Lost::Full => "the table is full",
        })
    }
}

/// The text of a line, LF left out, if it goes with its hash.
pub fn text(line: &mut [u8]) -> Option<&[u8]> {
    let split = line.len().checked_sub(HASH_LEN)?;
    let (text, end) = line.split_at_mut(split + 1);
    (text[split] == b' ').then_some(())?;
    // What was hashed had its LF there, and it is hashed in one piece.
    text[split] = b'\n';
    let is_right = *end == digits(hash(text));
    text[split] = b' ';
    is_right.then_some(&text[..split])
}

/// The report in a line, LF left out.
pub fn parse(line: &mut [u8]) -> Result<Report<'_>, Lost> {
    let text = text(line).ok_or(Lost::Hash)?;
    Report::parse(text).ok_or(Lost::Garbage)
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

    #[test]
    fn what_is_written_is_read() {
        let mut line = line();
        assert!(line.ends_with(b" 1.5 0c4bf19e24f343a6"));
        let report = parse(&mut line).unwrap();
        assert_eq!(report.client, b"kiwi.cs.ucla.edu");
        assert_eq!(report.line_len(), AT.len());
    }

    #[test]
    fn any_flipped_bit_is_seen() {
        let whole = line();
        for place in 0..whole.len() {
            for bit in 0..8 {
                let mut line = whole.clone();
                line[place] ^= 1 << bit;
                let flipped = line.clone();
                assert_eq!(parse(&mut line), Err(Lost::Hash), "{place} {bit}");
                assert_eq!(line, flipped);
            }
        }
        for end in 0..whole.len() {
            assert_eq!(parse(&mut whole[..end].to_vec()), Err(Lost::Hash));
        }
    }

    #[test]
    fn a_right_hash_does_not_make_an_at_line() {
        let mut line = Vec::new();
        push(&mut line, b"AT Goloman +0.1 kiwi +1+1 1\n");
        line.pop();
        assert_eq!(parse(&mut line), Err(Lost::Garbage));
    }
}
