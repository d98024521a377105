//! The AT line: where a client said it was, and which server heard it first. Clients, neighbours
//! and the table get the same bytes.

use super::difference::Difference;
use super::fields::fields;
use super::location::Location;
use super::time::Time;
use crate::units::Wall;

/// The fields of an AT line, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// The server that heard the client.
    pub server: &'a [u8],
    /// That server's clock less the client's time, as it was written there.
    pub difference: &'a [u8],
    /// The client's name: any bytes but white space.
    pub client: &'a [u8],
    /// Where the client was.
    pub location: Location<'a>,
    /// When it was there, by its own clock.
    pub time: Time<'a>,
}

/// The place of a report in the order of its client's reports, of which the greatest is kept: by
/// time, location, server, difference, text of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'a>(Wall, [&'a [u8]; 4]);

impl<'a> Report<'a> {
    /// Reads an AT line of exactly six fields. `None` if one of them is invalid.
    pub fn parse(line: &'a [u8]) -> Option<Report<'a>> {
        Report::read_ours(&mut fields(line))
    }

    /// Reads the fields of an AT line, of which exactly six are left.
    pub(super) fn read_ours(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Report<'a>> {
        let report = Report::read(fields)?;
        (Difference::is_ours(report.difference) && fields.next().is_none()).then_some(report)
    }

    /// Reads the first six fields of an AT line. The difference may be anything.
    pub(super) fn read(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Report<'a>> {
        (fields.next()? == b"AT").then_some(())?;
        Some(Report {
            server: fields.next()?,
            difference: fields.next()?,
            client: fields.next()?,
            location: Location::parse(fields.next()?)?,
            time: Time::parse(fields.next()?)?,
        })
    }

    /// Its place in the order of its client's reports.
    pub fn rank(&self) -> Rank<'a> {
        let [server, difference, _, location, time] = self.fields();
        Rank(self.time.at, [location, server, difference, time])
    }

    /// The length of the line that [`push`](Report::push) writes, in bytes with LF.
    pub fn line_len(&self) -> usize {
        let fields = self.fields().map(|field| 1 + field.len());
        "AT\n".len() + fields.iter().sum::<usize>()
    }

    /// Appends the AT line, with one space between its fields and an LF.
    pub fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"AT");
        for field in self.fields() {
            out.push(b' ');
            out.extend_from_slice(field);
        }
        out.push(b'\n');
    }

    fn fields(&self) -> [&'a [u8]; 5] {
        let (location, time) = (self.location.text, self.time.text);
        [self.server, self.difference, self.client, location, time]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
