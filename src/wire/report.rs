//! The AT line: where a client said it was, and which server heard it first. Clients, neighbours
//! and the table get the same bytes.

use super::difference::Difference;
use super::fields::exactly;
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

    /// The length of the line that [`push`](Report::push) writes, in bytes with LF.
    pub fn line_len(&self) -> usize {
        let fields = self.server.len() + self.difference.len() + self.client.len();
        fields + self.location.text.len() + self.time.text.len() + "AT     \n".len()
    }

    /// Appends the AT line, with one space between its fields and an LF.
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
