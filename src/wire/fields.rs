//! A line's fields, which are separated by white space.

/// The protocol's white space: space, tab, LF, VT, FF and CR. `u8::is_ascii_whitespace` lacks VT.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The fields of a line, in order. White space at its start and end is ignored.
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

/// How many bytes there are before the first white space, or before the end.
///
/// A look at each byte would do, but it would make an IAMAT cost a tenth more instructions. So
/// eight bytes are compared at once with `!`: white space is below it, and other bytes below it
/// are rare.
fn field_len(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let mut len = 0;
    while let Some(word) = text[len..].first_chunk() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set belongs to the first byte below `!`. The subtraction may
        // borrow, but that disturbs only the bytes after it.
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

/// The fields of a line, if there are exactly `N`.
pub(super) fn exactly<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let mut all = fields(line);
    let mut found = [&line[..0]; N];
    for field in &mut found {
        *field = all.next()?;
    }
    all.next().is_none().then_some(found)
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
}
