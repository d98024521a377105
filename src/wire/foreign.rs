//! The AT line as other implementations write it: with further fields at its end, and with a
//! difference in any form.

use super::difference::Difference;
use super::fields::fields;
use super::number::{Number, value};
use super::report::Report;
use crate::limits::Limits;
use crate::units::Wall;

/// An AT line of at least six fields.
#[derive(Clone, Debug)]
pub struct ForeignReport<'a> {
    /// The report, with the difference as it was written.
    report: Report<'a>,
    /// The further fields: servers that have the report already, and perhaps the sender. At most
    /// [`Limits::plain_names`] of them.
    pub names: Vec<&'a [u8]>,
    /// The difference in our form, if it was written in another.
    rewritten: Option<Difference>,
}

impl<'a> ForeignReport<'a> {
    /// Reads an AT line that arrived at `now`. `None` if a field is missing or invalid; the
    /// difference may be anything.
    pub fn parse(line: &'a [u8], now: Wall) -> Option<ForeignReport<'a>> {
        let mut fields = fields(line);
        let report = Report::read(&mut fields)?;
        let rewrite = || {
            let value = nanoseconds(report.difference);
            Difference::new(value.unwrap_or(now - report.time.at))
        };
        Some(ForeignReport {
            report,
            names: fields.take(Limits::PRODUCT.plain_names).collect(),
            rewritten: (!Difference::is_ours(report.difference)).then(rewrite),
        })
    }

    /// The report as this server repeats it: the difference is in our form, without an exponent.
    pub fn report(&self) -> Report<'_> {
        let difference = self.rewritten.as_ref().map(Difference::text);
        Report {
            difference: difference.unwrap_or(self.report.difference),
            ..self.report
        }
    }
}

/// The highest place of a digit, as a power of ten in nanoseconds: 10^18 seconds. Two clocks of 18
/// digits are not further apart.
const PLACE_MAX: u32 = 27;

/// The value of a decimal number of seconds, perhaps with an exponent, in nanoseconds. Digits
/// beyond the nanosecond are cut off. `None` if it is not a number, or too large.
fn nanoseconds(text: &[u8]) -> Option<i128> {
    let number = Number::split(text);
    let exponent = match number.rest {
        [] => 0,
        [b'e' | b'E', exponent @ ..] => exponent_of(exponent)?,
        _ => return None,
    };
    let (whole, fraction) = (number.whole, number.fraction.unwrap_or_default());
    (whole.len() + fraction.len() > 0).then_some(())?;
    let mut size = 0i128;
    // The power of ten, in nanoseconds, of the next digit.
    let mut place = i64::try_from(whole.len()).ok()? - 1 + exponent + 9;
    for digit in whole.iter().chain(fraction) {
        match u32::try_from(place) {
            _ if *digit == b'0' => {}
            Ok(place) if place > PLACE_MAX => return None,
            Ok(place) => size += i128::from(digit - b'0') * 10i128.pow(place),
            Err(_) => {}
        }
        place -= 1;
    }
    Some(number.signed(size))
}

/// A sign and 1 to 6 digits. An exponent of more is not one of a difference of clocks.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let number = Number::split(text);
    let is_whole = number.fraction.is_none() && number.rest.is_empty();
    let is_exponent = is_whole && (1..=6).contains(&number.whole.len());
    is_exponent.then(|| number.signed(value(number.whole).into()) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(difference: &str) -> String {
        let line = format!("AT s {difference} k +1+1 2");
        let report = ForeignReport::parse(line.as_bytes(), Wall(5_000_000_000)).unwrap();
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
        let names = |line: &'static [u8]| ForeignReport::parse(line, now).map(|it| it.names);
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
            ForeignReport::parse(&many, now).unwrap().names.len(),
            Limits::PRODUCT.plain_names
        );
    }
}
