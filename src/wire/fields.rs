//! A line's fields, which are separated by white space.

use super::span::field_len;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_between_white_space() {
        let check = |line: &[u8], want: &[&[u8]]| assert!(fields(line).eq(want.iter().copied()));
        check(b"\x0b a\tb \r", &[b"a", b"b"]);
        check(b"a b", &[b"a", b"b"]);
        check(b" \t", &[]);
        check(b"", &[]);
        check(b"\xff\0\xfe x", &[b"\xff\0\xfe", b"x"]);
    }
}
