//! The lines that are not in the log yet, and what becomes of them when it cannot be written.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::place::Place;
use crate::limits::LIMITS;
use crate::stdio::{Stream, say};

/// A handle of the log. All handles write to the same buffer.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Sink>>);

/// The place of the log, and the bytes that are not in it yet.
#[derive(Default)]
struct Sink {
    /// None: there is no log.
    place: Option<Place>,
    buffer: Vec<u8>,
    /// The rest of the line that is being pushed is dropped.
    dropping: bool,
    /// Why the log is not written.
    trouble: Option<String>,
    /// The reason is that its reader is behind, which may be over at any time.
    blocked: bool,
    /// Lines that were dropped since the start.
    lost: u64,
    /// Lines that had been dropped when the log was last written.
    lost_before: u64,
}

impl Log {
    /// A log that is written to this place, or nowhere.
    pub fn new(place: Option<Place>) -> Log {
        Log(Arc::new(Mutex::new(Sink {
            place,
            ..Sink::default()
        })))
    }

    /// Gathers bytes; a full buffer is written. It never fails: a log that cannot be written must
    /// not stop the herd.
    pub fn push(&self, bytes: &[u8]) {
        self.lock().push(bytes);
    }

    /// Writes the lines that were gathered, then these. False: some are left. After a failure only
    /// [`Log::check`] tries again, unless a reader is merely behind.
    pub fn write_out(&self, lines: &[u8]) -> bool {
        let sink = &mut *self.lock();
        let taken = sink.write_directly(lines);
        sink.push(&lines[taken..]);
        sink.write_out()
    }

    /// Tries to write again after a failure, and reopens the file if it was removed. Returns a line
    /// to log when writing works again or the file is a new one, and when the file is full and
    /// cannot be renamed.
    pub fn check(&self) -> Option<String> {
        let sink = &mut *self.lock();
        let place = sink.place.as_mut()?;
        let is_gone = place.is_gone();
        let opened = if is_gone { place.reopen() } else { Ok(()) };
        let outcome = opened.and_then(|()| sink.write());
        let recovered = sink.note(outcome);
        let is_new = is_gone && sink.trouble.is_none();
        recovered
            .or_else(|| is_new.then(|| "the log was removed, and is reopened".to_string()))
            .or_else(|| sink.place.as_mut()?.take_news())
    }

    /// Opens a file of the same name, after the old one was moved away. Its directory is made if it
    /// is gone. Returns a line to log when writing works again after a failure.
    pub fn reopen(&self) -> Option<String> {
        let sink = &mut *self.lock();
        // Lines that the old file does not take go to the new one.
        let _ = sink.write();
        let opened = sink.place.as_mut()?.reopen();
        let outcome = opened.and_then(|()| sink.write());
        sink.note(outcome)
    }

    /// Whether it is a file, which may be moved away.
    pub fn is_file(&self) -> bool {
        let sink = self.lock();
        sink.place.as_ref().is_some_and(|it| it.path().is_some())
    }

    /// Why the log is not written, if it is not; and how many lines were dropped since the start.
    pub fn state(&self) -> (Option<String>, u64) {
        let sink = self.lock();
        (sink.trouble.clone(), sink.lost)
    }

    fn lock(&self) -> MutexGuard<'_, Sink> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    fn push(&mut self, bytes: &[u8]) {
        if self.place.is_none() {
            return;
        }
        if self.trouble.is_none() {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= LIMITS.log_backlog {
                self.write_out();
            }
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let at_start = self.buffer.last().is_none_or(|last| *last == b'\n');
            self.dropping |= at_start && self.buffer.len() >= LIMITS.log_backlog;
            if !self.dropping {
                self.buffer.extend_from_slice(piece);
            } else if piece.ends_with(b"\n") {
                self.dropping = false;
                self.lost += 1;
            }
        }
    }

    /// Writes `lines` without a copy, if nothing comes before them. Returns how many bytes the file
    /// took; the others belong in the buffer, and so does an error, which its write will meet.
    fn write_directly(&mut self, lines: &[u8]) -> usize {
        let is_next = self.trouble.is_none() && self.buffer.is_empty() && !lines.is_empty();
        match self.place.as_mut().filter(|_| is_next) {
            Some(place) => place.write(lines).unwrap_or(0),
            None => 0,
        }
    }

    fn write_out(&mut self) -> bool {
        if self.trouble.is_none() || self.blocked {
            let outcome = self.write();
            // A line about the end of this trouble goes to the buffer by `check`.
            if self.trouble.is_none() || outcome.is_err() {
                self.note(outcome);
            }
        }
        self.buffer.is_empty() && self.trouble.is_none()
    }

    /// Writes as much as the disk or the reader takes.
    fn write(&mut self) -> io::Result<()> {
        let Some(place) = &mut self.place else {
            return Ok(());
        };
        while !self.buffer.is_empty() {
            match place.write(&self.buffer) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.buffer.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.trouble.is_none() && self.buffer.len() < LIMITS.log_backlog {
                        return Ok(());
                    }
                    self.blocked = true;
                    return Err(io::Error::other("its reader does not keep up"));
                }
                Err(error) => {
                    self.blocked = false;
                    return Err(error);
                }
            }
        }
        self.buffer.shrink_to(LIMITS.log_backlog);
        Ok(())
    }

    /// Takes note of a result of writing. The first failure is said on standard error, unless that
    /// is the log; a line to log is returned when it is over.
    fn note(&mut self, outcome: io::Result<()>) -> Option<String> {
        self.blocked &= outcome.is_err();
        match (outcome, self.trouble.take()) {
            (Ok(()), None) => None,
            (Ok(()), Some(why)) => {
                let lost = self.lost - self.lost_before;
                self.lost_before = self.lost;
                let text = "the log is written again; it was not";
                Some(format!("{text}: {why}; lines lost: {lost}"))
            }
            (Err(error), None) => {
                if let Some(path) = self.place.as_ref().and_then(Place::path) {
                    let path = path.display();
                    let what = format!("{path} cannot be written: {error}");
                    let warning = format!("herd: warning: {what}; serving on without a log\n");
                    say(Stream::Error, warning);
                }
                self.trouble = Some(error.to_string());
                None
            }
            (Err(_), trouble) => {
                self.trouble = trouble;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::logging::place::Target;

    /// A log on a disk that is full until the link is removed, and the log is reopened.
    fn log(name: &str) -> (Log, PathBuf) {
        let name = format!("herd-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_file(&path);
        symlink("/dev/full", &path).expect("a link");
        let target = Target::File {
            path: path.clone(),
            max: u64::MAX,
        };
        (Log::new(Some(Place::open(target).expect("a place"))), path)
    }

    fn text(path: &Path) -> String {
        fs::read_to_string(path).expect("a log")
    }

    #[test]
    fn a_full_disk_costs_a_buffer_and_whole_lines() {
        let (log, path) = log("full");
        for number in 0..20_000 {
            log.push(format!("line {number} ").as_bytes());
            log.push(b"of some bytes\n");
        }
        assert!(!log.write_out(b"") && log.check().is_none());
        let sink = log.lock();
        assert!(sink.trouble.is_some() && sink.lost > 1000);
        assert!(sink.buffer.len() < LIMITS.log_backlog + 100);
        let text = String::from_utf8(sink.buffer.clone()).expect("text");
        assert!(
            text.lines()
                .all(|line| line.starts_with("line ") && line.ends_with(" bytes"))
        );
        assert_eq!(text.lines().count() as u64 + sink.lost, 20_000);
        fs::remove_file(&path).expect("to remove it");
    }

    #[test]
    fn when_there_is_room_again_no_line_is_broken() {
        let (log, path) = log("again");
        log.push(b"one\n");
        assert!(!log.write_out(b""));
        // Not tried again before it is checked.
        log.push(b"two\n");
        fs::remove_file(&path).expect("to remove it");
        assert!(!log.write_out(b"") && !path.exists());
        let said = log.reopen().expect("it is over");
        assert!(said.starts_with("the log is written again") && said.ends_with("lines lost: 0"));
        assert_eq!(text(&path), "one\ntwo\n");
        assert_eq!(log.check(), None);
        // Removed, it is reopened, but not before the next check.
        fs::remove_file(&path).expect("to remove it");
        log.push(b"three\n");
        assert!(log.write_out(b""));
        log.push(b"four\n");
        assert!(log.check().expect("it is said").contains("reopened"));
        assert_eq!(text(&path), "four\n");
        fs::remove_file(&path).expect("to remove it");
    }

    #[test]
    fn lines_written_directly_come_after_those_that_were_gathered() {
        let (log, path) = log("direct");
        assert!(!log.write_out(b"one\n") && log.state().0.is_some(), "full");
        assert!(!log.write_out(b"two\n"));
        fs::remove_file(&path).expect("to remove it");
        log.reopen().expect("it is said");
        log.push(b"three\n");
        assert!(log.write_out(b"four\n") && log.write_out(b"five\n"));
        assert_eq!(text(&path), "one\ntwo\nthree\nfour\nfive\n");
        fs::remove_file(&path).expect("to remove it");
    }
}
