//! Shell patterns on bytes: `*` is any bytes, `?` is one, and all else is itself.

/// Whether all of `text` matches `pattern`.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    // After the last `*`, and the end of the bytes that it took.
    let mut retry = None;
    loop {
        match (pattern.get(at), text.get(place)) {
            (Some(b'*'), _) => {
                at += 1;
                retry = Some((at, place));
            }
            (Some(wanted), Some(byte)) if *wanted == b'?' || wanted == byte => {
                (at, place) = (at + 1, place + 1);
            }
            (None, None) => return true,
            // The last `*` takes one byte more.
            _ => match retry {
                Some((after, end)) if end < text.len() => {
                    (at, place) = (after, end + 1);
                    retry = Some((after, end + 1));
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_are_any_bytes() {
        for (pattern, text, want) in [
            ("", "", true),
            ("", "k", false),
            ("*", "", true),
            ("kiwi", "kiwi", true),
            ("kiwi", "kiwis", false),
            ("kiwi*", "kiwi.cs.ucla.edu", true),
            ("*.edu", "kiwi.cs.ucla.edu", true),
            ("*.edu", "kiwi.edu.com", false),
            ("k?wi", "k\u{1}wi", true),
            ("k?wi", "kwi", false),
            ("*a*b*c", "xaxbxbxc", true),
            ("*a*b*c", "xcxbxaxc", false),
            ("**?", "", false),
        ] {
            let found = matches(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, want, "{pattern} {text}");
        }
        assert!(matches(b"?", b"\xff"));
        // It never goes back further than to the last star.
        let (long, pattern) = ("a".repeat(100_000), "*a".repeat(50) + "b");
        assert!(!matches(pattern.as_bytes(), &long.as_bytes()[..2000]));
    }
}
