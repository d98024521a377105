//! Bytes for a person, and for a program that wants text.

/// Bytes as the log shows them: printable ASCII stays, but for the backslash, and all else becomes
/// `\\` or `\xff`.
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b' '..=b'~' if byte != b'\\' => text.push(char::from(byte)),
            _ => text.extend(std::ascii::escape_default(byte).map(char::from)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_printable_ascii_is_left() {
        assert_eq!(shown(b"a \"b'"), "a \"b'");
        assert_eq!(shown(b"\\\n\x1b\xff"), r"\\\n\x1b\xff");
    }
}
