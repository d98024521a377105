//! Text to values and back, as the protocol page says. Total functions over bytes: whatever a
//! stranger sends, the answer is a value (or none), never a panic. Nothing here knows a
//! connection, a clock or the table.

mod checksum;
mod command;
mod digits;
pub mod json;
mod link;
mod location;
mod plain;
mod report;
mod time;

pub use checksum::checksum;
pub use command::{Command, push_echo};
use digits::{digit, digits};
pub use link::{Hello, Message, Position, Run, from_hex, to_hex};
pub use location::Location;
pub use plain::PlainReport;
pub use report::{Difference, Rank, Report};
pub use time::Time;

/// The protocol's white space: space, tab, LF, VT, FF and CR. `u8::is_ascii_whitespace` lacks VT.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The fields of a line: what stands between runs of white space.
pub fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = field_len(rest);
            let field = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            if !field.is_empty() {
                return Some(field);
            }
        }
        None
    })
}

/// How many bytes stand before the first white space, or the end. Eight are looked at at once:
/// white space is below `!`, and little else that anybody sends is.
fn field_len(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let mut len = 0;
    while let Some(word) = text[len..].first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set belongs to the first byte below `!`; a borrow disturbs only
        // the bytes after that.
        let low = word.wrapping_sub(ONES * u64::from(b'!')) & !word & (ONES << 7);
        if low != 0 {
            len += low.trailing_zeros() as usize / 8;
            break;
        }
        len += 8;
    }
    while let Some(byte) = text.get(len)
        && !is_space(*byte)
    {
        len += 1;
    }
    len
}

/// The fields of a line of exactly `N` of them.
fn exactly<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let mut all = fields(line);
    let mut found = [&line[..0]; N];
    for field in &mut found {
        *field = all.next()?;
    }
    all.next().is_none().then_some(found)
}

/// The value of one or more decimal digits and nothing else, if it is at most `most`. Leading
/// zeros are fine, however many.
fn decimal(text: &[u8], most: u64) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for byte in text {
        let digit = digit(*byte)?;
        value = value.checked_mul(10)?.checked_add(digit)?;
        if value > most {
            return None;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_bytes_are_white_space() {
        let spaces: Vec<u8> = (0..=255).filter(|&byte| is_space(byte)).collect();
        assert_eq!(spaces, b"\t\n\x0b\x0c\r ");
    }

    #[test]
    fn fields_are_counted_exactly() {
        assert_eq!(exactly(b"\x0b a\tb \r"), Some([&b"a"[..], b"b"]));
        assert_eq!(exactly::<3>(b"a b"), None);
        assert_eq!(exactly::<1>(b"a b"), None);
        assert_eq!(exactly::<0>(b" \t"), Some([]));
        assert_eq!(exactly(b"\xff\0\xfe x"), Some([&b"\xff\0\xfe"[..], b"x"]));
    }

    #[test]
    fn every_byte_is_told_from_white_space_at_every_place() {
        for byte in 0..=255 {
            for place in 0..20 {
                let mut line = [b'~'; 20];
                line[place] = byte;
                let want = if is_space(byte) { place } else { 20 };
                assert_eq!(field_len(&line), want, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn decimals_go_by_value() {
        assert_eq!(decimal(b"50", 50), Some(50));
        assert_eq!(decimal(b"51", 50), None);
        assert_eq!(decimal(&[b'0'; 4000], 50), Some(0));
        assert_eq!(decimal(b"00000000000000000000000000050", 50), Some(50));
        assert_eq!(decimal(b"18446744073709551615", u64::MAX), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616", u64::MAX), None);
        for bad in [&b""[..], b"+5", b"-0", b"5.", b"5x", b"0x5", b"\xd9\xa3"] {
            assert_eq!(decimal(bad, 50), None);
        }
    }
}
