//! Lower-case hexadecimal digits.

/// Writes bytes as lower-case hex digits, two for each byte.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that lower-case hex digits mean, two for each byte. `None` for any other text.
pub fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some((hex_digit(*high)? << 4 | hex_digit(*low)?) as u8);
    rest.is_empty().then_some(())?;
    pairs.iter().map(byte).collect()
}

/// The value of exactly 16 lower-case hex digits.
pub(super) fn hex_64(text: &[u8]) -> Option<u64> {
    let digits: &[u8; 16] = text.try_into().ok()?;
    let add = |value, &digit: &u8| Some(value << 4 | hex_digit(digit)?);
    digits.iter().try_fold(0, add)
}

/// The value of one lower-case hex digit.
pub(super) fn hex_digit(byte: u8) -> Option<u64> {
    match byte {
        b'0'..=b'9' => Some(u64::from(byte - b'0')),
        b'a'..=b'f' => Some(u64::from(byte - b'a' + 10)),
        _ => None,
    }
}

/// Whether `text` is 32 lower-case hex digits.
pub fn is_nonce(text: &&[u8]) -> bool {
    text.len() == 32 && text.iter().all(|&byte| hex_digit(byte).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(to_hex(&bytes).as_bytes()), Some(bytes));
        for bad in [&b"0"[..], b"0G", b"FF", b"0x", b"000"] {
            assert_eq!(from_hex(bad), None);
        }
    }
}
