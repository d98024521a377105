//! The AT line as servers of another make write it: with further fields behind it, and with a
//! difference of any form.

use super::{Difference, Location, Report, Time, digit, digits, fields};
use crate::limits::Limits;
use crate::units::Wall;

/// An AT line of at least six fields.
#[derive(Clone, Debug)]
pub struct PlainReport<'a> {
    /// The six, with the difference as it was written.
    report: Report<'a>,
    /// The names behind them: servers that have it already, and perhaps the sender's.
    pub names: Vec<&'a [u8]>,
    /// The difference in our form, where it is a number of another.
    rewritten: Option<Difference>,
}

impl<'a> PlainReport<'a> {
    /// The report in a line that begins with AT, heard at `now`.
    pub fn parse(line: &'a [u8], now: Wall) -> Option<PlainReport<'a>> {
        let mut fields = fields(line);
        let mut next = || fields.next();
        (next()? == b"AT").then_some(())?;
        let (server, difference, client) = (next()?, next()?, next()?);
        let (location, time) = (Location::parse(next()?)?, Time::parse(next()?)?);
        let rewritten = (!Difference::is_ours(difference))
            .then(|| Difference::new(nanoseconds(difference).unwrap_or(now - time.at)));
        let report = Report {
            server,
            difference,
            client,
            location,
            time,
        };
        Some(PlainReport {
            report,
            names: fields.take(Limits::PRODUCT.plain_names).collect(),
            rewritten,
        })
    }

    /// The report as we repeat it: no exponent ever leaves us.
    pub fn report(&self) -> Report<'_> {
        let difference = self.rewritten.as_ref().map(Difference::text);
        Report {
            difference: difference.unwrap_or(self.report.difference),
            ..self.report
        }
    }
}

/// The value of a decimal number, perhaps with an exponent, in nanoseconds; what is finer is cut
/// off. None: it is no number, or one that no two clocks of 18 digits are apart.
fn nanoseconds(text: &[u8]) -> Option<i128> {
    let unsigned = text
        .strip_prefix(b"+")
        .or(text.strip_prefix(b"-"))
        .unwrap_or(text);
    let split = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match split {
        Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, _) = digits(mantissa);
    let fraction = match &mantissa[whole..] {
        [] => &mantissa[..0],
        [b'.', fraction @ ..] => fraction,
        _ => return None,
    };
    if whole + fraction.len() == 0 {
        return None;
    }
    // Digit by digit, each at its place: 10^9 nanoseconds before the point.
    let mut size = 0i128;
    let mut place = i64::try_from(whole).ok()? - 1 + exponent + 9;
    for &byte in mantissa[..whole].iter().chain(fraction) {
        let digit = i128::from(digit(byte)?);
        if digit > 0 && place > PLACE_MAX {
            return None;
        }
        if let Ok(place) = u32::try_from(place).map(|place| place.min(PLACE_MAX as u32)) {
            size += digit * 10i128.pow(place);
        }
        place -= 1;
    }
    Some(if text[0] == b'-' { -size } else { size })
}

/// Nanoseconds of 10^18 seconds: no digit stands higher.
const PLACE_MAX: i64 = 27;

/// A sign and digits. Of more than six, none is a difference of clocks.
fn exponent(text: &[u8]) -> Option<i64> {
    let unsigned = text
        .strip_prefix(b"+")
        .or(text.strip_prefix(b"-"))
        .unwrap_or(text);
    if !(1..=6).contains(&unsigned.len()) {
        return None;
    }
    let mut size = 0;
    for &byte in unsigned {
        size = size * 10 + digit(byte)? as i64;
    }
    Some(if text[0] == b'-' { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(difference: &str) -> String {
        let line = format!("AT s {difference} k +1+1 2");
        let report = PlainReport::parse(line.as_bytes(), Wall(5_000_000_000)).unwrap();
        String::from_utf8(report.report().difference.to_vec()).unwrap()
    }

    #[test]
    fn differences_are_rewritten_by_value() {
        let check = |text: &str, want: &str| assert_eq!(rewritten(text), want, "{text}");
        check("+0.263873386", "+0.263873386");
        check("-0.000000001", "-0.000000001");
        check("+2.7e-05", "+0.000027000");
        check("2.7E-05", "+0.000027000");
        check("-1e0", "-1.000000000");
        check("1e3", "+1000.000000000");
        check("+.5", "+0.500000000");
        check("5.", "+5.000000000");
        check("+0.1234567899", "+0.123456789");
        check("0", "+0.000000000");
        check("0e999999", "+0.000000000");
        check("1e-999999", "+0.000000000");
        check(
            "00000000000000000000000000000000000000000001",
            "+1.000000000",
        );
        check("999999999999999999", "+999999999999999999.000000000");
    }

    #[test]
    fn what_is_no_number_is_our_clock_less_the_time() {
        for text in [
            "nan",
            "inf",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e+",
            "1e1000000",
            "0x1",
            "1_0",
        ] {
            assert_eq!(rewritten(text), "+3.000000000", "{text}");
        }
        for text in ["1e30", "10000000000000000000", "1e19"] {
            assert_eq!(rewritten(text), "+3.000000000", "{text}");
        }
    }

    #[test]
    fn further_fields_are_names() {
        let now = Wall(0);
        let names = |line: &'static [u8]| PlainReport::parse(line, now).map(|it| it.names);
        assert_eq!(names(b"AT s +0.1 k +1+1 2"), Some(vec![]));
        assert_eq!(
            names(b"AT s +0.1 k +1+1 2 A\x0bB"),
            Some(vec![&b"A"[..], b"B"])
        );
        assert_eq!(names(b"AT s +0.1 k +1+1"), None);
        assert_eq!(names(b"IAMAT s +0.1 k +1+1 2"), None);
        assert_eq!(names(b"AT s +0.1 k +91+1 2"), None);
        assert_eq!(names(b"AT s +0.1 k +1+1 nan"), None);
        let many = [&b"AT s +0.1 k +1+1 2"[..], &b" x".repeat(1000)].concat();
        assert_eq!(
            PlainReport::parse(&many, now).unwrap().names.len(),
            Limits::PRODUCT.plain_names
        );
    }
}
