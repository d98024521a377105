//! A journal is opened: it is ours, nobody else has it, and what it holds is taken in.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::JournalFiles;
use super::job::Kind;
use super::place::{Place, is_at, remove};
use super::replay::Replay;
use super::segment::Segment;
use crate::limits::Limits;
use crate::node::{Lost, journal_line};
use crate::units::Mono;

/// The word that a first line begins with.
const FORMAT: &str = "herd-journal";
/// The version that is written, and an older one that is still read.
const VERSION: &str = "2";
const OLD_VERSION: &str = "1";
/// Another process may replace the file while we lock it; after this many tries we give up.
const TRIES_MAX: usize = 10;

/// Why a journal cannot be used.
#[derive(Debug)]
pub enum Error {
    /// Another process has it.
    InUse,
    /// It is the journal of the server of that name.
    Foreign(String),
    /// It is of that version.
    Version(String),
    /// It is something else.
    NoJournal,
    /// It cannot be opened, read or written.
    Io(io::Error),
    /// This closed segment cannot be used.
    Closed(PathBuf, Box<Error>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InUse => f.write_str("it is in use by another process; end that one"),
            Error::Foreign(server) => {
                write!(f, "it is the journal of {server}; move it away")
            }
            Error::Version(version) => {
                write!(
                    f,
                    "its format is {version}, and this herd knows {OLD_VERSION} and {VERSION}; \
                     move it away"
                )
            }
            Error::NoJournal => f.write_str("it is no journal; move it away"),
            Error::Io(error) => write!(f, "{error}; make it writable"),
            Error::Closed(path, error) => {
                write!(f, "{} belongs to it, but {error}", path.display())
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// Opens the journal of `server` at `path`, or begins one. Each good line, without its LF, is given
/// to `replay`; each bad one is named in the log, and lost. A torn end is cut off.
///
/// # Errors
/// When it is somebody else's, or cannot be read or written. Then it is as it was.
pub fn open(
    path: &Path,
    server: &str,
    mut replay: impl FnMut(&[u8]) -> Result<(), Lost>,
) -> Result<JournalFiles, Error> {
    let mut head = Vec::new();
    let text = format!("{FORMAT} {VERSION} {server}");
    journal_line::push(&mut head, text.as_bytes());
    let file = lock(path, OpenOptions::new().create(true))?;
    let (live, is_outdated) = load(path, &head, file, &mut replay)?;
    let place = Place::new(path, head.clone())?;
    // A process that was killed may have left these. They hold nothing that is not elsewhere.
    remove(&place.created())?;
    remove(&place.merging())?;
    let mut closed = BTreeMap::new();
    for number in place.numbers()? {
        let path = place.closed(number);
        let segment = lock(&path, &mut OpenOptions::new())
            .and_then(|file| load(&path, &head, file, &mut replay))
            .map_err(|error| Error::Closed(path, Box::new(error)))?;
        closed.insert(number, segment.0);
    }
    let mut files = JournalFiles::new(place, live, closed);
    files.wants_merge = files.closed.len() > 1;
    if is_outdated {
        let done = files.job(Kind::Close).run();
        if let Err(why) = &done.result {
            return Err(io::Error::other(why.clone()).into());
        }
        files.done(done, Mono(0));
    }
    Ok(files)
}

/// The file at `path`, when it is ours alone.
fn lock(path: &Path, options: &mut OpenOptions) -> Result<File, Error> {
    for _ in 0..TRIES_MAX {
        let file = options.read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The process that had it may have put another file in its place, and unlocked this one.
        if is_at(path, &file)? {
            return Ok(file);
        }
    }
    Err(Error::InUse)
}

/// Reads a segment, and mends its end. True: nothing may be appended to it, for its version is an
/// older one, or its first line is damaged.
fn load(
    path: &Path,
    head: &[u8],
    mut file: File,
    replay: impl FnMut(&[u8]) -> Result<(), Lost>,
) -> Result<(Segment, bool), Error> {
    if !file.metadata()?.is_file() {
        // A device may have no end.
        return Err(Error::NoJournal);
    }
    let mut is_old = false;
    let reading = Replay::new(path, head, Limits::PRODUCT.journal_named, replay);
    let content = reading.run(&file, |text| check_head(text, head).map(|old| is_old = old))?;
    if content.end != file.metadata()?.len() {
        file.set_len(content.end)?;
    }
    if content.end == 0 {
        file.write_all(head)?;
    } else if content.lacks_lf {
        file.write_all(b"\n")?;
    }
    let segment = Segment {
        bytes: file.metadata()?.len(),
        lines: content.lines,
        bad: content.bad,
        file: Arc::new(file),
    };
    Ok((segment, content.headless || is_old))
}

/// Checks the text of a first line that is whole against ours. True: its version is an older one.
fn check_head(text: &[u8], ours: &[u8]) -> Result<bool, Error> {
    let (text, ours) = (String::from_utf8_lossy(text), String::from_utf8_lossy(ours));
    let mut words = text.split(' ');
    if words.next() != Some(FORMAT) {
        return Err(Error::NoJournal);
    }
    let version = words.next().unwrap_or_default();
    if ![VERSION, OLD_VERSION].contains(&version) {
        return Err(Error::Version(version.to_string()));
    }
    let server = words.next();
    match server == ours.split(' ').nth(2) {
        true => Ok(version == OLD_VERSION),
        false => Err(Error::Foreign(server.unwrap_or_default().to_string())),
    }
}
