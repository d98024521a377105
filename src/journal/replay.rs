//! A journal is read, line by line. A line that is damaged is named in the log, as file:line, and
//! only that line is lost: the next begins behind the next LF.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use memchr::{memchr, memmem};

use super::open::Error;
use crate::limits::Limits;
use crate::node::{Lost, journal_line};

/// The buffer that is read into, in bytes. A longer line is none of ours.
const BUFFER: usize = Limits::PRODUCT.journal_line;
/// Bad lines that the log names; those beyond are counted.
const NAMED_MAX: u64 = Limits::PRODUCT.journal_named as u64;
/// Places at which a second line is looked for in a damaged one.
const SECONDS_MAX: usize = 16;

/// What a journal held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Lines, the first left out.
    pub lines: u64,
    /// Of those, bad ones.
    pub bad: u64,
    /// Where the last line ends: the length of the file.
    pub end: u64,
    /// The first line is damaged: the file should be made anew.
    pub headless: bool,
    /// The last line is good but for its LF.
    pub(super) lacks_lf: bool,
}

const MENDED: &str = "its end is damaged, but nothing is lost";

/// A line that was read.
enum Taken {
    Whole,
    /// All but its LF was there.
    Mended,
}

/// A reading under way.
pub(super) struct Replay<'a, F> {
    path: &'a Path,
    head: &'a [u8],
    recall: F,
    found: Found,
    /// The number of the line that is read.
    number: u64,
    /// Good lines.
    good: u64,
    /// Nothing says that it is somebody else's file.
    ours: bool,
}

impl<'a, F: FnMut(&mut [u8]) -> Result<(), Lost>> Replay<'a, F> {
    pub(super) fn new(path: &'a Path, head: &'a [u8], recall: F) -> Replay<'a, F> {
        Replay {
            path,
            head,
            recall,
            found: Found::default(),
            number: 0,
            good: 0,
            ours: false,
        }
    }

    /// Reads it all. `check` judges the text of the first line, if that is whole.
    pub(super) fn run(
        &mut self,
        file: &mut File,
        check: impl Fn(&[u8]) -> Result<(), Error>,
    ) -> Result<Found, Error> {
        let mut buffer = vec![0; BUFFER];
        // Bytes in the buffer; bytes before it of a line that is too long for it.
        let (mut filled, mut skipped) = (0, 0);
        loop {
            let count = match file.read(&mut buffer[filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count?,
            };
            filled += count;
            let mut start = 0;
            while let Some(length) = memchr(b'\n', &buffer[start..filled]) {
                let line = &mut buffer[start..start + length];
                start += length + 1;
                self.found.end += skipped + length as u64 + 1;
                match std::mem::take(&mut skipped) {
                    0 => self.line(line, &check)?,
                    _ => self.bad(&"this line is lost: it is too long"),
                }
            }
            if start == 0 && filled == BUFFER {
                skipped += filled as u64;
                start = filled;
            }
            buffer.copy_within(start..filled, 0);
            filled -= start;
            if count == 0 {
                match skipped {
                    0 => self.tail(&mut buffer[..filled]),
                    _ => self.bad(&"this line is lost: it is too long; it is cut off"),
                }
                return self.judge();
            }
        }
    }

    fn line(
        &mut self,
        line: &mut [u8],
        check: &impl Fn(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.number += 1;
        if self.number == 1 {
            let text = journal_line::text(line).filter(|text| !text.starts_with(b"AT "));
            match text {
                Some(text) => {
                    self.ours = true;
                    return check(text);
                }
                None => self.found.headless = true,
            }
        }
        self.number -= 1;
        match self.take(line) {
            Ok(Taken::Whole) => self.number += 1,
            Ok(Taken::Mended) => self.bad(&MENDED),
            Err(why) => self.bad(&format_args!("this line is lost: {why}")),
        }
        Ok(())
    }

    /// A line in the buffer. If it is damaged, that may be its LF, and two lines stand in it.
    fn take(&mut self, line: &mut [u8]) -> Result<Taken, Lost> {
        match (self.recall)(line) {
            Err(Lost::Hash) => {}
            other => {
                self.good += u64::from(other.is_ok());
                return other.map(|()| Taken::Whole);
            }
        }
        let seconds: Vec<usize> = memmem::find_iter(line, b"AT ")
            .filter(|at| *at > 0)
            .take(SECONDS_MAX)
            .collect();
        for at in seconds {
            let (first, second) = line.split_at_mut(at);
            if (self.recall)(second).is_ok() {
                self.good += 1;
                (self.recall)(&mut first[..at - 1])?;
                return Ok(Taken::Mended);
            }
        }
        Err(Lost::Hash)
    }

    /// What stands behind the last LF: mostly nothing, or what a write that was cut short left.
    fn tail(&mut self, tail: &mut [u8]) {
        let length = tail.len();
        if self.number == 0 && self.head.starts_with(tail) {
            // It is empty, or the very first write was cut short.
            self.ours = true;
        }
        if length == 0 || self.ours && self.number == 0 {
            return;
        }
        // If it is its LF that is damaged, that byte is cut off.
        let mut ends = [length, length - 1].into_iter();
        match ends.find(|end| self.take(&mut tail[..*end]).is_ok()) {
            Some(end) => {
                self.found.lacks_lf = true;
                self.found.end += end as u64;
                self.bad(&MENDED);
            }
            None => self.bad(&"this line is lost: the file ends within it; it is cut off"),
        }
    }

    fn bad(&mut self, why: &dyn std::fmt::Display) {
        self.number += 1;
        self.found.bad += 1;
        if self.found.bad <= NAMED_MAX {
            log::warn!("{}:{}: {why}", self.path.display(), self.number);
        }
    }

    /// A file in which nothing is as we write it is none of ours.
    fn judge(&mut self) -> Result<Found, Error> {
        let found = self.found;
        if !self.ours && self.good == 0 {
            return Err(Error::NoJournal);
        }
        if let Some(more) = found.bad.checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            log::warn!("{}: {more} more bad lines", self.path.display());
        }
        let lines = self.number.saturating_sub(u64::from(!found.headless));
        Ok(Found { lines, ..found })
    }
}
