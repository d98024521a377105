//! How far a field reaches, and how far digits do: eight bytes at a time, side by side in a word.
//!
//! A look at each byte would do, but it would make an IAMAT cost a tenth more instructions.

/// A one in each byte of a word.
const ONES: u64 = u64::MAX / 255;

/// The protocol's white space: space, tab, LF, VT, FF and CR. `u8::is_ascii_whitespace` lacks VT.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// How many bytes there are before the first white space, or before the end. White space is below
/// `!`, and other bytes below it are rare.
pub(super) fn field_len(text: &[u8]) -> usize {
    let low = |word: u64| word.wrapping_sub(ONES * u64::from(b'!')) & !word;
    span(text, low, |byte| !is_space(byte))
}

/// How many decimal digits there are before the first other byte, or before the end.
#[inline(always)]
pub(super) fn digits_len(text: &[u8]) -> usize {
    let other = |word: u64| {
        // A digit's byte is 9 at most now, and 127 after the addition.
        let word = word ^ (ONES * u64::from(b'0'));
        word | word.wrapping_add(ONES * 118)
    };
    span(text, other, |byte| byte.is_ascii_digit())
}

/// How many bytes there are before the first that `is_inside` refuses. `outside` gets eight at
/// once; it sets the highest bit of the first byte that may be outside and of none before it.
#[inline(always)]
fn span(text: &[u8], outside: impl Fn(u64) -> u64, is_inside: impl Fn(u8) -> bool) -> usize {
    let mut len = 0;
    while let Some(word) = text[len..].first_chunk() {
        let found = outside(u64::from_le_bytes(*word)) & (ONES << 7);
        if found != 0 {
            len += found.trailing_zeros() as usize / 8;
            break;
        }
        len += 8;
    }
    while text.get(len).is_some_and(|byte| is_inside(*byte)) {
        len += 1;
    }
    len
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
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=255u8 {
            for place in 0..20 {
                let mut text = [b'~'; 20];
                text[place] = byte;
                let want = if is_space(byte) { place } else { 20 };
                assert_eq!(field_len(&text), want, "{byte} at {place}");
                let mut text = *b"12345678909876543210";
                text[place] = byte;
                let want = if byte.is_ascii_digit() { 20 } else { place };
                assert_eq!(digits_len(&text), want, "{byte} at {place}");
            }
        }
    }
}
