//! The newest report of one client, and the total order that says which of two is newer. Under it
//! every order and repetition of arrival ends in byte-identical tables.

use std::cmp::Ordering;

use smallvec::SmallVec;

use crate::units::Wall;
use crate::wire::{Location, Report, bucket, checksum};

/// Lines up to this length are kept in the record itself; longer ones have memory of their own. The
/// lines of most clients are 75 to 95 bytes long. It bounds nothing.
const INLINE: usize = 104;

/// The newest report of one client.
///
/// In a large table a client's memory is hardly ever in the cache, so the cost of a change is the
/// number of places that it reads. The line, the values made from it and what the
/// [feed](super::Feed) keeps of the client are one place, and as small as they can be: words that
/// are seldom needed are searched in the line.
#[derive(Debug)]
pub struct Record {
    /// The AT line, LF included, as it is sent.
    line: Line,
    /// Its part of the digest.
    hash: u64,
    /// The client's time by value.
    time: Compact,
    /// Where the client and the location begin in the line.
    starts: [u16; 2],
}

type Line = SmallVec<[u8; INLINE]>;

/// A [`Wall`], whose 90 bits need no more than 12 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Compact {
    high: i64,
    low: u32,
}

impl Record {
    /// The record of a report. `line` is its AT line, LF included.
    pub fn new(report: &Report<'_>, line: &[u8]) -> Record {
        Record {
            line: Line::from_slice(line),
            hash: hash(line),
            time: Compact::new(report.time.at),
            starts: starts(report),
        }
    }

    /// Takes in a newer report. The memory is reused if the length is the same, as it mostly is.
    pub fn replace(&mut self, report: &Report<'_>, line: &[u8]) {
        if self.line.len() == line.len() {
            self.line.copy_from_slice(line);
            self.hash = hash(line);
            self.time = Compact::new(report.time.at);
            self.starts = starts(report);
        } else {
            *self = Record::new(report, line);
        }
    }

    /// The total order: time by value, location, server, difference, text of the time.
    pub fn order(&self, other: &Report<'_>) -> Ordering {
        self.time.wall().cmp(&other.time.at).then_with(|| {
            let [[server, difference], [location, time]] = [self.heard(), self.told()];
            let ours = [location, server, difference, time];
            let time = other.time.text;
            ours.cmp(&[other.location.text, other.server, other.difference, time])
        })
    }

    /// Whether a report names the same place and time.
    pub fn repeats(&self, other: &Report<'_>) -> bool {
        self.time.wall() == other.time.at && self.told()[0] == other.location.text
    }

    /// The AT line, LF included.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The hash of the line, which is its part of the digest.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The client's name.
    pub fn client(&self) -> &[u8] {
        let [client, location] = self.starts.map(usize::from);
        &self.line[client..location - 1]
    }

    /// The bucket of its client.
    pub fn bucket(&self) -> usize {
        bucket(self.client())
    }

    /// The location of its client.
    pub fn location(&self) -> Location<'_> {
        Location::parse(self.told()[0]).expect("a record was parsed before it was kept")
    }

    /// Reads the memory that a change needs, and makes a number of it.
    pub fn glance(&self) -> u64 {
        self.hash ^ u64::from(self.line[0]) ^ u64::from(self.line[self.line.len() - 1])
    }

    /// The words that the server added: its name and the difference.
    fn heard(&self) -> [&[u8]; 2] {
        let end = usize::from(self.starts[0]) - 1;
        words(&self.line["AT ".len()..end])
    }

    /// The words that the client said beside its name: the location and the time.
    fn told(&self) -> [&[u8]; 2] {
        words(&self.line[usize::from(self.starts[1])..self.line.len() - 1])
    }
}

impl Compact {
    fn new(Wall(time): Wall) -> Compact {
        let (high, low) = ((time >> 32) as i64, time as u32);
        Compact { high, low }
    }

    fn wall(self) -> Wall {
        Wall(i128::from(self.high) << 32 | i128::from(self.low))
    }
}

fn hash(line: &[u8]) -> u64 {
    checksum(&line[..line.len() - 1])
}

/// A line is at most 17 KiB and a few bytes long, so 16 bits point anywhere in it.
fn starts(report: &Report<'_>) -> [u16; 2] {
    let client = "AT ".len() + report.server.len() + 1 + report.difference.len() + 1;
    let location = client + report.client.len() + 1;
    [client as u16, location as u16]
}

/// Two words that a space separates.
fn words(text: &[u8]) -> [&[u8]; 2] {
    let space = text.iter().position(|byte| *byte == b' ');
    let (first, rest) = text.split_at(space.expect("a line has a space between its words"));
    [first, &rest[1..]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_in_twelve_bytes() {
        let most = 999_999_999_999_999_999_999_999_999;
        for time in [0, 1, -1, 1 << 32, -(1 << 32) - 1, most, -most] {
            assert_eq!(Compact::new(Wall(time)).wall(), Wall(time));
        }
    }
}
