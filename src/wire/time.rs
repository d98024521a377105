//! POSIX time as clients write it: `1520023934.918963997`, read to exact nanoseconds.

use super::digits::many_digits;
use crate::units::{SECOND, Wall};

/// A checked time: its value to compare by, its bytes to repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time<'a> {
    /// As the client wrote it.
    pub text: &'a [u8],
    /// What it means.
    pub at: Wall,
}

impl<'a> Time<'a> {
    /// Optional sign, 1–18 digits, optional `.` and 1–9 digits.
    pub fn parse(text: &'a [u8]) -> Option<Time<'a>> {
        let unsigned = text
            .strip_prefix(b"+")
            .or(text.strip_prefix(b"-"))
            .unwrap_or(text);
        let (whole, seconds) = many_digits(unsigned);
        if !(1..=18).contains(&whole) {
            return None;
        }
        let nanoseconds = match &unsigned[whole..] {
            [] => 0,
            [b'.', fraction @ ..] => nanoseconds(fraction)?,
            _ => return None,
        };
        let size = i128::from(seconds) * i128::from(SECOND) + i128::from(nanoseconds);
        let at = Wall(if text[0] == b'-' { -size } else { size });
        Some(Time { text, at })
    }
}

/// The value of 1–9 digits behind the point, in nanoseconds.
fn nanoseconds(fraction: &[u8]) -> Option<u64> {
    let (count, value) = many_digits(fraction);
    let is_whole = count == fraction.len() && (1..=9).contains(&count);
    is_whole.then(|| value * 10u64.pow(9 - count as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

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
