//! Decimal numbers as text, read without floats.

use super::span::digits_len;

/// The value of one or more decimal digits and nothing else, if it is at most `most`. There may
/// be any number of leading zeros.
pub(super) fn decimal(text: &[u8], most: u64) -> Option<u64> {
    let mut value = (!text.is_empty()).then_some(0u64)?;
    for byte in text {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    (value <= most).then_some(value)
}

/// The value of decimal digits, eight at once where there are eight. That of more than 18 digits is
/// meaningless.
pub(super) fn value(digits: &[u8]) -> u64 {
    let (eights, rest) = digits.as_chunks();
    let add = |value: u64, text| {
        value
            .wrapping_mul(100_000_000)
            .wrapping_add(eight_digits(text))
    };
    let value = eights.iter().fold(0, |value, text| add(value, *text));
    let add = |value: u64, digit: &u8| value.wrapping_mul(10).wrapping_add((digit - b'0').into());
    rest.iter().fold(value, add)
}

/// Twice one digit, twice two and twice four of them are put together, side by side in a word.
fn eight_digits(text: [u8; 8]) -> u64 {
    let ones = u64::from_le_bytes(text) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// The parts of a decimal number. Each may be missing or empty; the caller says which must not be.
pub(super) struct Number<'a> {
    /// `+` or `-`.
    pub(super) sign: Option<u8>,
    /// The digits before the point.
    pub(super) whole: &'a [u8],
    /// The digits after the point, if there is a point.
    pub(super) fraction: Option<&'a [u8]>,
    /// The text after the number.
    pub(super) rest: &'a [u8],
}

impl<'a> Number<'a> {
    /// Splits off the number that `text` starts with.
    #[inline(always)] // Otherwise its parts go through memory.
    pub(super) fn split(text: &'a [u8]) -> Number<'a> {
        let (sign, rest) = match text {
            [sign @ (b'+' | b'-'), rest @ ..] => (Some(*sign), rest),
            _ => (None, text),
        };
        let (whole, rest) = split_digits(rest);
        let (fraction, rest) = match rest.strip_prefix(b".").map(split_digits) {
            Some((fraction, rest)) => (Some(fraction), rest),
            None => (None, rest),
        };
        Number {
            sign,
            whole,
            fraction,
            rest,
        }
    }

    /// `size` with the sign of this number.
    pub(super) fn signed(&self, size: i128) -> i128 {
        if self.sign == Some(b'-') { -size } else { size }
    }
}

#[inline(always)]
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(digits_len(text))
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
    fn digits_are_worth_what_the_standard_library_says() {
        let digits = "123456789098765432";
        for start in 0..digits.len() {
            for end in start + 1..=digits.len() {
                let text = &digits[start..end];
                assert_eq!(value(text.as_bytes()), text.parse::<u64>().unwrap());
            }
        }
        assert_eq!(value(b""), 0);
    }

    #[test]
    fn a_number_is_split_into_its_parts() {
        let check = |text: &'static str, sign, whole: &str, fraction: Option<&str>, rest: &str| {
            let number = Number::split(text.as_bytes());
            assert_eq!(number.sign, sign, "{text}");
            assert_eq!(number.whole, whole.as_bytes(), "{text}");
            assert_eq!(number.fraction, fraction.map(str::as_bytes), "{text}");
            assert_eq!(number.rest, rest.as_bytes(), "{text}");
        };
        check("-12.50e", Some(b'-'), "12", Some("50"), "e");
        check("+1+2", Some(b'+'), "1", None, "+2");
        check("5.", None, "5", Some(""), "");
        check(".5.", None, "", Some("5"), ".");
        check("", None, "", None, "");
        check("-nan", Some(b'-'), "", None, "nan");
    }
}
