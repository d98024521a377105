//! The AT line: where a client said it was, and who heard it first. The same bytes go to the
//! client, to the neighbours and into the table.

use super::{Location, Time, digits, exactly};
use crate::units::{SECOND, Wall};

/// The six fields of an AT line, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The server that heard the client.
    pub server: &'a [u8],
    /// That server's clock less the client's time, as it was written there.
    pub difference: &'a [u8],
    /// Who.
    pub client: &'a [u8],
    /// Where.
    pub location: Location<'a>,
    /// When.
    pub time: Time<'a>,
}

/// The place of a report in the order of its client's reports, of which the greatest is kept: by
/// time, location, server, difference, text of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'a>(Wall, [&'a [u8]; 4]);

impl<'a> Report<'a> {
    /// The report in a line that begins with AT.
    pub fn parse(line: &'a [u8]) -> Option<Report<'a>> {
        let [verb, server, difference, client, location, time] = exactly(line)?;
        (verb == b"AT" && Difference::is_ours(difference)).then_some(())?;
        let (location, time) = (Location::parse(location)?, Time::parse(time)?);
        Some(Report {
            server,
            difference,
            client,
            location,
            time,
        })
    }

    /// Its place in the order of its client's reports.
    pub fn rank(&self) -> Rank<'a> {
        let Report {
            server,
            difference,
            location,
            time,
            ..
        } = self;
        Rank(time.at, [location.text, server, difference, time.text])
    }

    /// Its length as a line, LF included, in bytes.
    pub fn line_len(&self) -> usize {
        let fields = self.server.len() + self.difference.len() + self.client.len();
        fields + self.location.text.len() + self.time.text.len() + "AT     \n".len()
    }

    /// Appends it as a line: `AT`, the five fields, LF, one space between.
    pub fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"AT ");
        for field in [
            self.server,
            self.difference,
            self.client,
            self.location.text,
        ] {
            out.extend_from_slice(field);
            out.push(b' ');
        }
        out.extend_from_slice(self.time.text);
        out.push(b'\n');
    }
}

/// The text of a difference of two clocks: `+0.263873386`. Built in integers, on the stack.
#[derive(Clone, Debug)]
pub struct Difference {
    text: [u8; 40],
    start: usize,
}

impl Difference {
    /// Of so many nanoseconds.
    pub fn new(nanoseconds: i128) -> Difference {
        let mut this = Difference {
            text: [b'0'; 40],
            start: 40,
        };
        let size = nanoseconds.unsigned_abs();
        // 128-bit division is slow, and needed only beyond 584 years. The seconds between any
        // two times of 18 digits fit 64 bits; what no clock can say is shown as the widest.
        let (mut seconds, mut fraction) = match u64::try_from(size) {
            Ok(size) => (size / SECOND, size % SECOND),
            Err(_) => {
                let (whole, part) = (size / u128::from(SECOND), size % u128::from(SECOND));
                (u64::try_from(whole).unwrap_or(u64::MAX), part as u64)
            }
        };
        for _ in 0..9 {
            this.put(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        this.put(b'.');
        loop {
            this.put(b'0' + (seconds % 10) as u8);
            seconds /= 10;
            if seconds == 0 {
                break;
            }
        }
        this.put(if nanoseconds < 0 { b'-' } else { b'+' });
        this
    }

    /// Whether a text has our form: sign, digits, point, nine digits. 20 digits hold the widest
    /// distance of two times.
    pub fn is_ours(text: &[u8]) -> bool {
        let [b'+' | b'-', rest @ ..] = text else {
            return false;
        };
        let (whole, _) = digits(rest);
        (1..=20).contains(&whole)
            && rest[whole..].len() == 10
            && rest[whole] == b'.'
            && digits(&rest[whole + 1..]).0 == 9
    }

    /// Sign, seconds, point, nine digits.
    pub fn text(&self) -> &[u8] {
        &self.text[self.start..]
    }

    fn put(&mut self, byte: u8) {
        self.start -= 1;
        self.text[self.start] = byte;
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

    #[test]
    fn a_report_is_read_and_written() {
        let line = b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.9";
        let report = Report::parse(line).unwrap();
        assert_eq!(report.client, b"kiwi.cs.ucla.edu");
        let mut out = Vec::new();
        report.push(&mut out);
        assert_eq!(out, [&line[..], b"\n"].concat());
        assert_eq!(report.line_len(), out.len());
    }

    #[test]
    fn other_lines_are_no_reports() {
        for line in [
            "AT s +0.000000000 k +1+1",
            "AT s +0.000000000 k +1+1 1 t",
            "at s +0.000000000 k +1+1 1",
            "AT s 0.000000000 k +1+1 1",
            "AT s +0.00000000 k +1+1 1",
            "AT s +0.0000000000 k +1+1 1",
            "AT s +.000000000 k +1+1 1",
            "AT s +0,000000000 k +1+1 1",
            "AT s +1e-7 k +1+1 1",
            "AT s +111111111111111111111.000000000 k +1+1 1",
            "AT s +0.000000000 k +91+1 1",
            "AT s +0.000000000 k +1+1 nan",
        ] {
            assert_eq!(Report::parse(line.as_bytes()), None, "{line}");
        }
    }
}
