//! The words of a watcher, and of the server that it watches: WATCH, WATCHING and CHANGE.

use std::fmt;

use super::fields::fields;
use super::hex::{hex_64, is_nonce};
use super::number::decimal;
use super::report::Report;
use super::run::Run;

/// Where a watcher wants to begin. Without a number that is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// `run=<run>`: the run of the server that `after` is about; none: the present one.
    pub run: Option<Run>,
    /// `after=<seq>`: behind this change of its feed; 0 is the start.
    pub after: Option<u64>,
}

/// A change of a server's feed, as a watcher hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed<'a> {
    /// Its number in the feed.
    pub seq: u64,
    /// A neighbour that told it; `-`: none did.
    pub teller: &'a [u8],
    /// The report.
    pub report: Report<'a>,
}

impl Start {
    /// The change after which a server of this run begins, of which `last` is the newest.
    pub fn seq(self, run: Run, last: u64) -> u64 {
        let is_ours = self.run.is_none_or(|it| it == run);
        self.after.filter(|_| is_ours).unwrap_or(last).min(last)
    }

    /// Reads the words of a WATCH: a nonce, perhaps, and words of the form `key=value`. Further
    /// ones are ignored.
    pub(super) fn parse<'a>(
        words: impl Iterator<Item = &'a [u8]>,
    ) -> Option<(Option<&'a [u8]>, Start)> {
        let mut words = words.peekable();
        let nonce = words.next_if(|word| !word.contains(&b'='));
        nonce.is_none_or(|nonce| is_nonce(&nonce)).then_some(())?;
        let mut start = Start::default();
        for word in words {
            let end = word.iter().position(|&byte| byte == b'=')?;
            match (&word[..end], &word[end + 1..]) {
                (b"", _) => return None,
                (b"run", run) => start.run = Some(Run(hex_64(run)?)),
                (b"after", seq) => start.after = Some(decimal(seq, u64::MAX)?),
                _ => {}
            }
        }
        Some((nonce, start))
    }
}

/// The words after WATCH, each with a space before it.
impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(run) = self.run {
            write!(f, " run={run}")?;
        }
        match self.after {
            Some(seq) => write!(f, " after={seq}"),
            None => Ok(()),
        }
    }
}

impl<'a> Changed<'a> {
    /// Reads a CHANGE line.
    pub(super) fn parse(line: &'a [u8]) -> Option<Changed<'a>> {
        let mut fields = fields(line).skip(1);
        let (seq, teller) = (decimal(fields.next()?, u64::MAX)?, fields.next()?);
        let report = Report::read_ours(&mut fields)?;
        Some(Changed {
            seq,
            teller,
            report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_begins_where_it_was_or_now() {
        let start = |run: Option<u64>, after| Start {
            run: run.map(Run),
            after,
        };
        for (start, want) in [
            (start(None, None), 9),
            (start(None, Some(0)), 0),
            (start(Some(1), Some(4)), 4),
            (start(Some(1), Some(99)), 9),
            (start(Some(2), Some(4)), 9),
            (start(Some(1), None), 9),
        ] {
            assert_eq!(start.seq(Run(1), 9), want, "{start}");
            let line = format!("{start}");
            assert_eq!(Start::parse(fields(line.as_bytes())), Some((None, start)));
        }
    }
}
