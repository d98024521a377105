//! The difference of two clocks as AT lines write it: `+0.263873386`.

use super::number::Number;
use crate::units::SECOND;

/// A difference as text. It is made of integers, and without an allocation.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Filled from its end.
    text: [u8; 40],
    start: usize,
}

/// Where the point is in the text: before nine digits.
const POINT: usize = 30;

impl Difference {
    /// The text of a difference of this many nanoseconds.
    pub fn new(nanoseconds: i128) -> Difference {
        let size = nanoseconds.unsigned_abs();
        // 128-bit division is slow, and needed only beyond 584 years. The seconds between any
        // two times of 18 digits fit 64 bits; a larger distance is shown as the largest.
        let (mut seconds, mut fraction) = match u64::try_from(size) {
            Ok(size) => (size / SECOND, (size % SECOND) as u32),
            Err(_) => {
                let (whole, part) = (size / u128::from(SECOND), size % u128::from(SECOND));
                (u64::try_from(whole).unwrap_or(u64::MAX), part as u32)
            }
        };
        let mut text = [b'.'; 40];
        for digit in text[POINT + 1..].iter_mut().rev() {
            *digit = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        let mut start = POINT;
        while start == POINT || seconds > 0 {
            start -= 1;
            text[start] = b'0' + (seconds % 10) as u8;
            seconds /= 10;
        }
        start -= 1;
        text[start] = if nanoseconds < 0 { b'-' } else { b'+' };
        Difference { text, start }
    }

    /// Whether `text` has the form that this server writes: a sign, 1 to 20 digits, a point and
    /// nine digits. 20 digits hold the largest distance between two times.
    pub fn is_ours(text: &[u8]) -> bool {
        let number = Number::split(text);
        number.sign.is_some()
            && (1..=20).contains(&number.whole.len())
            && number.fraction.is_some_and(|digits| digits.len() == 9)
            && number.rest.is_empty()
    }

    /// A sign, seconds, a point and nine digits.
    pub fn text(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_written_in_integers() {
        let check = |nanoseconds: i128, want: &str| {
            let text = Difference::new(nanoseconds);
            assert_eq!(text.text(), want.as_bytes());
            assert!(Difference::is_ours(text.text()));
        };
        check(263_873_386, "+0.263873386");
        check(-1, "-0.000000001");
        check(0, "+0.000000000");
        check(-12_345_000_000_067, "-12345.000000067");
        check(i128::from(u64::MAX), "+18446744073.709551615");
        check(
            1_999_999_999_999_999_999_999_999_998,
            "+1999999999999999999.999999998",
        );
        check(i128::MIN, "-18446744073709551615.884105728");
    }
}
