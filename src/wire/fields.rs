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

/// The fields of a line, if there are exactly `N`. One loop that the compiler puts in its place: to
/// ask `fields` for each in turn costs an IAMAT a hundred instructions more.
pub(super) fn exactly<const N: usize>(line: &[u8]) -> Option<[&[u8]; N]> {
    let (mut all, mut found) = (fields(line), [&line[..0]; N]);
    for field in &mut found {
        *field = all.next()?;
    }
    all.next().is_none().then_some(found)
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
        assert_eq!(exactly(b"\x0b a\tb \r"), Some([&b"a"[..], b"b"]));
        assert_eq!(exactly::<3>(b"a b"), None);
        assert_eq!(exactly::<1>(b"a b"), None);
        assert_eq!(exactly::<0>(b" \t"), Some([]));
    }
}
