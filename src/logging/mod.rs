//! The log: a file that is appended to, one line per event, written once per turn of the loop.
//!
//! Two kinds of lines meet in it: the node's, which come as text, and those of everything else,
//! which go through the `log` macros. Both are RFC 3339 UTC, `[LEVEL]`, text.
//!
//! A log that cannot be written stops nobody. The failure is said once, on standard error, and kept
//! for [`Log::state`]. Meanwhile lines that do not fit the buffer are dropped whole and counted; a
//! line that the disk took half of is finished first when there is room again. A reader that is
//! slow is no failure until the buffer is full. The log keeps no deadline: its owner calls
//! [`Log::check`] now and then.

mod logger;
mod output;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::LevelFilter;

use crate::limits::LIMITS;
use crate::stdio::{Stream, say};
use crate::units::Wall;
use logger::Logger;
use output::{Output, append, append_or_wait};

/// A handle of the log file. All handles write to the same buffer.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Sink>>);

/// The file, and the bytes that are not in it yet.
#[derive(Default)]
struct Sink {
    /// Empty: there is no log.
    path: PathBuf,
    /// None: it could not be opened.
    file: Option<Output>,
    buffer: Vec<u8>,
    /// The rest of the line that is being pushed is dropped.
    dropping: bool,
    /// The disk took a part of the line that the buffer begins with.
    torn: bool,
    /// Why the log is not written.
    trouble: Option<String>,
    /// The reason is that its reader is behind, which may be over at any time.
    blocked: bool,
    /// Lines that were dropped since the start.
    lost: u64,
    /// Lines that had been dropped when the log was last written.
    lost_before: u64,
}

/// Opens the log at `path` and sends the `log` macros there from now on. Lines of `level` and
/// above are kept, but never those of the HTTP client, whose trace shows keys. `now` reads the
/// wall clock.
///
/// # Errors
/// When the file cannot be written, or a log is open already. A pipe that nobody reads is no error.
pub fn open(path: &Path, level: LevelFilter, now: fn() -> Wall) -> io::Result<Log> {
    let sink = match level {
        LevelFilter::Off => Sink::default(),
        _ => Sink {
            path: path.to_path_buf(),
            file: append_or_wait(path)?,
            ..Sink::default()
        },
    };
    let log = Log(Arc::new(Mutex::new(sink)));
    let logger = Logger {
        log: log.clone(),
        level,
        now,
    };
    log::set_boxed_logger(Box::new(logger)).map_err(io::Error::other)?;
    log::set_max_level(level);
    Ok(log)
}

/// Whether the log at `path` can be written, which makes the file if there is none.
///
/// # Errors
/// When it cannot.
pub fn try_open(path: &Path) -> io::Result<()> {
    append_or_wait(path).map(drop)
}

/// Makes a panic a line of the log instead of a text on the terminal, and writes the lines before
/// it, for the logger is never dropped.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        log::error!("{panic}");
        log::logger().flush();
    }));
}

impl Log {
    /// Gathers bytes; a full buffer is written. It never fails.
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
    /// to log when writing works again or the file is a new one.
    pub fn check(&self) -> Option<String> {
        let sink = &mut *self.lock();
        if sink.path.as_os_str().is_empty() {
            return None;
        }
        let removed = !sink.file.as_ref().is_some_and(Output::exists);
        let opened = if removed { sink.open() } else { Ok(()) };
        let outcome = opened.and_then(|()| sink.write());
        let recovered = sink.note(outcome);
        let is_new = removed && sink.trouble.is_none();
        recovered.or_else(|| is_new.then(|| "the log was removed, and is reopened".to_string()))
    }

    /// Opens a file of the same name, after the old one was moved away. Its directory is made if it
    /// is gone. Returns a line to log when writing works again after a failure.
    pub fn reopen(&self) -> Option<String> {
        let sink = &mut *self.lock();
        if sink.path.as_os_str().is_empty() {
            return None;
        }
        // Lines that the old file does not take go to the new one.
        let _ = sink.write();
        let outcome = sink.open().and_then(|()| sink.write());
        sink.note(outcome)
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
        let file = self.file.as_mut().filter(|_| self.trouble.is_none());
        let Some(file) = file.filter(|_| self.buffer.is_empty() && !lines.is_empty()) else {
            return 0;
        };
        let taken = file.write(lines).unwrap_or(0);
        self.torn = taken > 0 && lines[taken - 1] != b'\n';
        taken
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

    /// Opens the file, and makes its directory if need be.
    fn open(&mut self) -> io::Result<()> {
        self.file = None;
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = append(&self.path)?;
        let is_new = file.facts().is_ok_and(|facts| facts.len() == 0);
        if is_new && std::mem::take(&mut self.torn) {
            // The rest of a line that began in the old file.
            let end = self.buffer.iter().position(|byte| *byte == b'\n');
            self.buffer.drain(..end.map_or(0, |end| end + 1));
        }
        self.file = Some(file);
        Ok(())
    }

    /// Writes as much as the disk or the reader takes.
    fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() && !self.buffer.is_empty() {
            self.open()?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        while !self.buffer.is_empty() {
            match file.write(&self.buffer) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.torn = self.buffer[count - 1] != b'\n';
                    self.buffer.drain(..count);
                }
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

    /// Takes note of a result of writing. The first failure is said on standard error; a line to
    /// log is returned when it is over.
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
                let path = self.path.display();
                let what = format!("{path} cannot be written: {error}; serving on without a log");
                say(Stream::Error, format!("herd: warning: {what}\n"));
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
    use super::*;

    /// Its disk is full until it is reopened.
    fn log(path: impl Into<PathBuf>) -> Log {
        Log(Arc::new(Mutex::new(Sink {
            path: path.into(),
            file: Some(append(Path::new("/dev/full")).expect("a full disk")),
            ..Sink::default()
        })))
    }

    #[test]
    fn a_full_disk_costs_a_buffer_and_whole_lines() {
        let log = log("/dev/full");
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
    }

    #[test]
    fn when_there_is_room_again_no_line_is_broken() {
        let path = std::env::temp_dir().join(format!("herd-log-{}", std::process::id()));
        let log = log(&path);
        log.push(b"one\n");
        assert!(!log.write_out(b""));
        // Not tried again before it is checked.
        log.lock().file = None;
        log.push(b"two\n");
        assert!(!log.write_out(b""));
        let said = log.check().expect("it is over");
        assert!(said.starts_with("the log is written again") && said.ends_with("lines lost: 0"));
        assert_eq!(fs::read_to_string(&path).expect("a log"), "one\ntwo\n");
        assert_eq!(log.check(), None);
        // Removed, it is reopened, but not before the next check.
        fs::remove_file(&path).expect("to remove it");
        log.push(b"three\n");
        assert!(log.write_out(b""));
        log.push(b"four\n");
        assert!(log.check().expect("it is said").contains("reopened"));
        assert_eq!(fs::read_to_string(&path).expect("a log"), "four\n");
        fs::remove_file(&path).expect("to remove it");
    }

    #[test]
    fn lines_written_directly_come_after_those_that_were_gathered() {
        let path = std::env::temp_dir().join(format!("herd-direct-{}", std::process::id()));
        let log = log(&path);
        assert!(!log.write_out(b"one\n") && log.state().0.is_some(), "full");
        assert!(!log.write_out(b"two\n"));
        log.reopen().expect("it is said");
        log.push(b"three\n");
        assert!(log.write_out(b"four\n") && log.write_out(b"five\n"));
        let text = fs::read_to_string(&path).expect("a log");
        assert_eq!(text, "one\ntwo\nthree\nfour\nfive\n");
        fs::remove_file(&path).expect("to remove it");
    }

    #[test]
    fn half_a_line_of_the_old_file_is_no_line_of_the_new_one() {
        let path = std::env::temp_dir().join(format!("herd-torn-{}", std::process::id()));
        let log = log(&path);
        log.lock().torn = true;
        log.push(b"rest\nwhole\n");
        assert!(log.reopen().is_none());
        assert_eq!(fs::read_to_string(&path).expect("a log"), "whole\n");
        fs::remove_file(&path).expect("to remove it");
    }
}
