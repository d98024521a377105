//! A segment is read, line by line. A damaged line is named in the log, as file:line, and only that
//! line is lost: the next begins behind the next LF.

use std::fmt::Display;
use std::io::{ErrorKind, Read};
use std::path::Path;

use memchr::{memchr, memmem};

use super::open::Error;
use crate::limits::Limits;
use crate::node::{Lost, journal_line};

/// The buffer that is read into, in bytes. We never write a longer line.
const BUFFER: usize = Limits::PRODUCT.journal_line;
/// Places at which a second line is looked for in a damaged one.
const SECONDS_MAX: usize = 16;

const MENDED: &str = "its end is damaged, but nothing is lost";

/// The contents of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content {
    /// Lines, the first left out.
    pub lines: u64,
    /// Of those, bad ones.
    pub bad: u64,
    /// Where the last line ends.
    pub end: u64,
    /// The first line is damaged.
    pub headless: bool,
    /// The last line is good but for its LF.
    pub lacks_lf: bool,
}

/// A line that was read.
enum Taken {
    Whole,
    /// All but its LF was there.
    Mended,
}

/// A reading under way.
pub(super) struct Replay<'a, F> {
    path: &'a Path,
    /// The first line of a file that we begin.
    head: &'a [u8],
    replay: F,
    content: Content,
    /// How many bad lines the log names.
    named_max: u64,
    /// The number of the line that is read.
    number: u64,
    /// Good lines.
    good: u64,
    /// The first line is whole.
    has_head: bool,
}

impl<'a, F: FnMut(&[u8]) -> Result<(), Lost>> Replay<'a, F> {
    /// Each line, without its LF, is given to `replay`.
    pub(super) fn new(
        path: &'a Path,
        head: &'a [u8],
        named_max: usize,
        replay: F,
    ) -> Replay<'a, F> {
        Replay {
            path,
            head,
            replay,
            content: Content::default(),
            named_max: named_max as u64,
            number: 0,
            good: 0,
            has_head: false,
        }
    }

    /// Reads it all. `check` judges the text of the first line, if that is whole.
    pub(super) fn run(
        mut self,
        mut file: impl Read,
        mut check: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Content, Error> {
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
                let line = &buffer[start..start + length];
                start += length + 1;
                self.content.end += skipped + length as u64 + 1;
                match std::mem::take(&mut skipped) {
                    0 => self.line(line, &mut check)?,
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
                    0 => self.tail(&buffer[..filled]),
                    _ => self.bad(&"this line is lost: it is too long; it is cut off"),
                }
                return self.judge();
            }
        }
    }

    fn line(
        &mut self,
        line: &[u8],
        check: &mut impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.number += 1;
        if self.number == 1 {
            let text = journal_line::text(line).filter(|text| !text.starts_with(b"AT "));
            match text {
                Some(text) => {
                    self.has_head = true;
                    return check(text);
                }
                None => self.content.headless = true,
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

    /// Takes in a line. If it is damaged, that may be its LF, and it is two lines.
    fn take(&mut self, line: &[u8]) -> Result<Taken, Lost> {
        match (self.replay)(line) {
            Err(Lost::Checksum) => {}
            other => {
                self.good += u64::from(other.is_ok());
                return other.map(|()| Taken::Whole);
            }
        }
        let seconds = memmem::find_iter(line, b"AT ").filter(|at| *at > 0);
        for at in seconds.take(SECONDS_MAX) {
            if (self.replay)(&line[at..]).is_ok() {
                self.good += 1;
                (self.replay)(&line[..at - 1])?;
                return Ok(Taken::Mended);
            }
        }
        Err(Lost::Checksum)
    }

    /// The bytes behind the last LF: mostly none, or those of a write that was cut short.
    fn tail(&mut self, tail: &[u8]) {
        let length = tail.len();
        let is_begun = self.number == 0 && self.head.starts_with(tail);
        if length == 0 || is_begun {
            return;
        }
        // If it is its LF that is damaged, that byte is cut off.
        let mut ends = [length, length - 1].into_iter();
        match ends.find(|end| self.take(&tail[..*end]).is_ok()) {
            Some(end) => {
                self.content.lacks_lf = true;
                self.content.end += end as u64;
                self.bad(&MENDED);
            }
            None => self.bad(&"this line is lost: the file ends within it; it is cut off"),
        }
    }

    fn bad(&mut self, why: &dyn Display) {
        self.number += 1;
        self.content.bad += 1;
        if self.content.bad <= self.named_max {
            log::warn!("{}:{}: {why}", self.path.display(), self.number);
        }
    }

    /// A file without a line that we could have written is not ours.
    fn judge(self) -> Result<Content, Error> {
        let content = self.content;
        if !self.has_head && self.good == 0 && self.number > 0 {
            return Err(Error::NoJournal);
        }
        let more = content.bad.saturating_sub(self.named_max);
        if more > 0 && self.named_max > 0 {
            log::warn!("{}: {more} more bad lines", self.path.display());
        }
        let lines = self.number - u64::from(self.has_head);
        Ok(Content { lines, ..content })
    }
}
