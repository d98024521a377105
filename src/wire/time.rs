//! POSIX time as clients write it: `1520023934.918963997`, read to exact nanoseconds.

use std::fmt;

use super::number::{Number, value};
use crate::units::{SECOND, Wall};

/// A valid time: its value to compare by, and its bytes to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time<'a> {
    /// The time as the client wrote it.
    pub text: &'a [u8],
    /// The instant that it means.
    pub at: Wall,
}

impl<'a> Time<'a> {
    /// Reads seconds: an optional sign, 1 to 18 digits, and perhaps a point and 1 to 9 digits.
    pub fn parse(text: &'a [u8]) -> Option<Time<'a>> {
        let number = Number::split(text);
        let fraction = number.fraction.unwrap_or(b"0");
        let is_time = number.rest.is_empty()
            && (1..=18).contains(&number.whole.len())
            && (1..=9).contains(&fraction.len());
        is_time.then_some(())?;
        let nanoseconds = value(fraction) * 10u64.pow(9 - fraction.len() as u32);
        let size = i128::from(value(number.whole)) * i128::from(SECOND) + i128::from(nanoseconds);
        let at = Wall(number.signed(size));
        Some(Time { text, at })
    }
}

/// Writes an instant as a client would, with nine digits after the point.
#[derive(Clone, Copy, Debug)]
pub struct Posix(pub Wall);

impl fmt::Display for Posix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Wall(at), second) = (self.0, u128::from(SECOND));
        let (sign, size) = (if at < 0 { "-" } else { "" }, at.unsigned_abs());
        write!(f, "{sign}{}.{:09}", size / second, size % second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_they_are_written() {
        for at in [0, 1, -1, -1_500_000_000, 1_520_023_934_918_963_997] {
            let text = Posix(Wall(at)).to_string();
            let read = Time::parse(text.as_bytes());
            assert_eq!(read.map(|time| time.at.0), Some(at));
        }
        assert_eq!(Posix(Wall(-1_500_000_000)).to_string(), "-1.500000000");
    }

    #[test]
    fn times_are_exact() {
        let check = |text: &str, nanoseconds: i128| {
            assert_eq!(
                Time::parse(text.as_bytes()).map(|time| time.at.0),
                Some(nanoseconds)
            );
        };
        check("1520023934.918963997", 1_520_023_934_918_963_997);
        check("1520023934.918963998", 1_520_023_934_918_963_998);
        check("+1.5", 1_500_000_000);
        check("-1.5", -1_500_000_000);
        check("-0", 0);
        check("0.000000001", 1);
        check("000000000000000001", 1_000_000_000);
        check(
            "999999999999999999.999999999",
            999_999_999_999_999_999_999_999_999,
        );
    }

    #[test]
    fn what_only_looks_like_a_time_is_refused() {
        for text in [
            "",
            "+",
            "-",
            ".",
            ".5",
            "5.",
            "nan",
            "inf",
            "1e9",
            "1_000",
            "0x10",
            "--1",
            "+-1",
            "1.2.3",
            "1.0000000000",
            "1000000000000000000",
            "1,5",
            "1.5 ",
            "1.-5",
            "1.+5",
        ] {
            assert_eq!(Time::parse(text.as_bytes()), None, "{text}");
        }
    }
}
