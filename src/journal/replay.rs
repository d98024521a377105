//! A segment is read, line by line. A damaged line is named in the log, as file:line, and only that
//! line is lost: the next begins behind the next LF.

use std::fmt::{self, Display};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use memchr::{memchr, memmem};

use crate::limits::LIMITS;
use crate::node::{Lost, Replay};
use crate::store::TOGETHER;
use crate::wire::journal_line;

/// The word that a first line begins with.
const FORMAT: &str = "herd-journal";
/// The version that is written, and an older one that is still read.
const VERSION: &str = "2";
const OLD_VERSION: &str = "1";
/// The most bytes of a line. We never write a longer one.
const LINE_MAX: usize = LIMITS.journal_line;
/// The most bad lines that the log names.
const NAMED_MAX: u64 = LIMITS.journal_named as u64;

pub(super) const NO_JOURNAL: &str = "it is no journal; move it away";
const MENDED: &str = "its end is damaged, but nothing is lost";
const TOO_LONG: &str = "this line is lost: it is too long";
const TORN: &str = "this line is lost: the file ends within it; it is cut off";

/// Why a journal cannot be used, and what to do.
#[derive(Debug)]
pub struct Error(pub(super) String);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error(format!("{error}; make it writable"))
    }
}

/// The contents of a segment.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Lines, the first included.
    number: u64,
    has_head: bool,
    has_good: bool,
    /// Bad lines.
    pub bad: u64,
    /// Where the last line ends.
    pub end: u64,
    /// The first line is whole, and of the version that is written.
    pub is_current: bool,
    /// The last line is good but for its LF.
    pub lacks_lf: bool,
}

impl Content {
    /// How many lines there are, the first left out.
    pub fn lines(&self) -> u64 {
        self.number - u64::from(self.has_head)
    }
}

/// A reading under way.
struct Reading<'a, F> {
    path: &'a Path,
    head: &'a [u8],
    replay: &'a mut F,
    content: Content,
}

/// Takes each line that goes with its checksum, and keeps none.
pub(super) struct Checked;

impl Replay for Checked {
    fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
        journal_line::text(line).map(drop).ok_or(Lost::Checksum)
    }
}

/// The first line of a file of this server.
pub(super) fn head(server: &str) -> Vec<u8> {
    let mut head = Vec::new();
    let text = format!("{FORMAT} {VERSION} {server}");
    journal_line::push(&mut head, text.as_bytes());
    head
}

/// Reads a segment; each line but the first, without its LF, is given to `replay`. The first is
/// checked against the `head` of our own files; if that is empty, nothing is checked, and the log
/// names no bad lines.
pub(super) fn read(
    path: &Path,
    head: &[u8],
    file: impl Read,
    replay: &mut impl Replay,
) -> Result<Content, Error> {
    let content = Content::default();
    let mut reading = Reading {
        path,
        head,
        replay,
        content,
    };
    let mut file = BufReader::with_capacity(LINE_MAX, file);
    // `skipped`: bytes of a line that is too long, before those in `line`.
    let (mut line, mut skipped) = (Vec::with_capacity(LINE_MAX), 0);
    loop {
        // Mostly the buffer has the whole line, which need not be copied then.
        if skipped == 0
            && let Some(end) = memchr(b'\n', file.buffer())
        {
            if reading.content.number.is_multiple_of(TOGETHER as u64) {
                reading.replay.look_ahead(file.buffer());
            }
            reading.line(&file.buffer()[..end])?;
            reading.content.end += end as u64 + 1;
            file.consume(end + 1);
            continue;
        }
        line.clear();
        let mut piece = file.by_ref().take(LINE_MAX as u64);
        let count = piece.read_until(b'\n', &mut line)? as u64;
        match (line.strip_suffix(b"\n"), skipped) {
            (Some(line), 0) => reading.line(line)?,
            (Some(_), _) => reading.bad(&TOO_LONG),
            (None, _) if count == LINE_MAX as u64 => {
                skipped += count;
                continue;
            }
            (None, 0) => reading.tail(&line),
            (None, _) => reading.bad(&format_args!("{TOO_LONG}; it is cut off")),
        }
        if !line.ends_with(b"\n") {
            return reading.judge();
        }
        reading.content.end += std::mem::take(&mut skipped) + count;
    }
}

impl<F: Replay> Reading<'_, F> {
    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        if self.content.number == 0
            && let Some(text) = journal_line::text(line)
            && !text.starts_with(b"AT ")
        {
            self.content.is_current = self.head.is_empty() || is_current(text, self.head)?;
            (self.content.number, self.content.has_head) = (1, true);
            return Ok(());
        }
        match self.take(line) {
            Ok(true) => self.content.number += 1,
            Ok(false) => self.bad(&MENDED),
            Err(why) => self.bad(&format_args!("this line is lost: {why}")),
        }
        Ok(())
    }

    /// Takes in a line. If it is damaged, that may be its LF, and it is two lines. False: it was.
    fn take(&mut self, line: &[u8]) -> Result<bool, Lost> {
        match self.replay.take(line) {
            Err(Lost::Checksum) => {}
            other => {
                self.content.has_good |= other.is_ok();
                return other.map(|()| true);
            }
        }
        let seconds = memmem::find_iter(line, b"AT ").filter(|at| *at > 0);
        for at in seconds.take(LIMITS.journal_mend) {
            if self.replay.take(&line[at..]).is_ok() {
                self.content.has_good = true;
                return self.replay.take(&line[..at - 1]).map(|()| false);
            }
        }
        Err(Lost::Checksum)
    }

    /// The bytes behind the last LF: mostly none, or those of a write that was cut short.
    fn tail(&mut self, tail: &[u8]) {
        let length = tail.len();
        let is_begun = self.content.number == 0 && self.head.starts_with(tail);
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
            None => self.bad(&TORN),
        }
    }

    fn bad(&mut self, why: &dyn Display) {
        self.content.number += 1;
        self.content.bad += 1;
        if !self.head.is_empty() && self.content.bad <= NAMED_MAX {
            log::warn!("{}:{}: {why}", self.path.display(), self.content.number);
        }
    }

    /// A file without a line that we could have written is not ours.
    fn judge(self) -> Result<Content, Error> {
        let content = self.content;
        let is_ours = content.has_head || content.has_good || content.number == 0;
        if !is_ours && !self.head.is_empty() {
            return Err(Error(NO_JOURNAL.into()));
        }
        if !self.head.is_empty() && content.bad > NAMED_MAX {
            let more = content.bad - NAMED_MAX;
            log::warn!("{}: {more} more bad lines", self.path.display());
        }
        Ok(content)
    }
}

/// Checks the text of a first line against ours, and returns whether its version is ours, too.
fn is_current(text: &[u8], ours: &[u8]) -> Result<bool, Error> {
    let [text, ours] = [text, ours].map(String::from_utf8_lossy);
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap_or_default();
    let (format, version, server) = (next(), next(), next());
    Err(Error(match version {
        _ if format != FORMAT => NO_JOURNAL.into(),
        VERSION | OLD_VERSION if Some(server) == ours.split(' ').nth(2) => {
            return Ok(version == VERSION);
        }
        VERSION | OLD_VERSION => format!("it is the journal of {server}; move it away"),
        _ => format!(
            "its format is {version}, and this herd knows {OLD_VERSION} and {VERSION}; move it away"
        ),
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::journal::tests::{HEAD, lines};

    /// Checks that each line is the next, and that what was said to come next does.
    #[derive(Default)]
    struct InOrder {
        taken: u64,
        ahead: RefCell<Vec<u8>>,
        checked: u64,
    }

    impl Replay for InOrder {
        fn look_ahead(&self, bytes: &[u8]) {
            *self.ahead.borrow_mut() = bytes.to_vec();
        }

        fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
            assert_eq!(journal_line::text(line), Some(&*text(self.taken)));
            let mut ahead = self.ahead.borrow_mut();
            if !ahead.is_empty() {
                // The buffer may end within this line.
                let end = ahead.len().min(line.len());
                assert_eq!(ahead[..end], line[..end]);
                let end = ahead.len().min(line.len() + 1);
                ahead.drain(..end);
                self.checked += 1;
            }
            self.taken += 1;
            Ok(())
        }
    }

    fn text(number: u64) -> Vec<u8> {
        let filler = "x".repeat(number as usize % 97);
        format!("AT A +0.000000000 {number}{filler} +1+1 1").into_bytes()
    }

    /// Three buffers of lines: some cross from one into the next.
    #[test]
    fn lines_are_whole_wherever_a_buffer_ends() {
        let (mut segment, mut count) = (lines(&[HEAD]), 0);
        while segment.len() < 3 * LINE_MAX {
            journal_line::push(&mut segment, &text(count));
            count += 1;
        }
        let mut target = InOrder::default();
        let content = read(Path::new(""), b"", &segment[..], &mut target).unwrap();
        assert_eq!((content.lines(), content.bad), (count, 0));
        assert_eq!(content.end, segment.len() as u64);
        assert_eq!(target.taken, count);
        assert!(target.checked > count / 2);
    }
}
