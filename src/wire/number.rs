//! Decimal numbers as text, read without floats.

/// The value of one decimal digit.
fn digit(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

/// The value of one or more decimal digits and nothing else, if it is at most `most`. There may
/// be any number of leading zeros.
pub(super) fn decimal(text: &[u8], most: u64) -> Option<u64> {
    let mut value = (!text.is_empty()).then_some(0u64)?;
    for byte in text {
        value = value.checked_mul(10)?.checked_add(digit(*byte)?)?;
    }
    (value <= most).then_some(value)
}

/// The parts of a decimal number. Each may be missing or empty; the caller says which must not be.
#[derive(Clone, Copy)]
pub(super) struct Number<'a> {
    /// `+` or `-`.
    pub(super) sign: Option<u8>,
    /// The digits before the point.
    pub(super) whole: Digits<'a>,
    /// The digits after the point, if there is a point.
    pub(super) fraction: Option<Digits<'a>>,
}

impl<'a> Number<'a> {
    /// Splits off the number that `text` starts with. Returns it and the rest.
    #[inline] // Otherwise its parts go through memory.
    pub(super) fn split(text: &'a [u8]) -> (Number<'a>, &'a [u8]) {
        let (sign, rest) = match text {
            [sign @ (b'+' | b'-'), rest @ ..] => (Some(*sign), rest),
            _ => (None, text),
        };
        let (whole, rest) = Digits::split(rest);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => {
                let (fraction, rest) = Digits::split(rest);
                (Some(fraction), rest)
            }
            _ => (None, rest),
        };
        let number = Number {
            sign,
            whole,
            fraction,
        };
        (number, rest)
    }

    /// `size` with the sign of this number.
    pub(super) fn signed(&self, size: i128) -> i128 {
        if self.sign == Some(b'-') { -size } else { size }
    }
}

/// Digits, and what they mean.
#[derive(Clone, Copy)]
pub(super) struct Digits<'a> {
    pub(super) text: &'a [u8],
    /// Their value. That of more than 18 digits is meaningless.
    pub(super) value: u64,
}

impl<'a> Digits<'a> {
    /// Splits off the digits that `text` starts with. Returns them and the rest.
    #[inline]
    fn split(text: &'a [u8]) -> (Digits<'a>, &'a [u8]) {
        let (mut value, mut rest) = (0u64, text);
        while let [byte @ b'0'..=b'9', after @ ..] = rest {
            value = value.wrapping_mul(10).wrapping_add((byte - b'0').into());
            rest = after;
        }
        let text = &text[..text.len() - rest.len()];
        (Digits { text, value }, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_number_is_split_into_its_parts() {
        let check = |text: &'static str, sign, whole: &str, fraction: Option<&str>, rest: &str| {
            let (number, left) = Number::split(text.as_bytes());
            assert_eq!(number.sign, sign, "{text}");
            assert_eq!(number.whole.text, whole.as_bytes(), "{text}");
            let found = number.fraction.map(|digits| digits.text);
            assert_eq!(found, fraction.map(str::as_bytes), "{text}");
            assert_eq!(left, rest.as_bytes(), "{text}");
        };
        check("-12.50e", Some(b'-'), "12", Some("50"), "e");
        check("+1+2", Some(b'+'), "1", None, "+2");
        check("5.", None, "5", Some(""), "");
        check(".5.", None, "", Some("5"), ".");
        check("", None, "", None, "");
        check("-nan", Some(b'-'), "", None, "nan");
    }
}
