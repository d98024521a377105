//! A journal is opened: it is ours, nobody else has it, and what it holds is taken in.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::job::is_at;
use super::replay::{Found, Replay};
use super::{Keeper, Volume};
use crate::node::{Lost, journal_line};

/// The word that the first line begins with, and the only version of the format so far.
const FORMAT: [&str; 2] = ["herd-journal", "1"];
/// The file may be replaced by another while it is being locked: so often it is tried.
const TRIES_MAX: usize = 10;

/// Why a journal cannot be had.
#[derive(Debug)]
pub enum Error {
    /// Another process has it.
    InUse,
    /// It is that server's.
    Foreign(String),
    /// It is of another version.
    Version(String),
    /// It is something else.
    NoJournal,
    /// It cannot be opened, read or written.
    Io(io::Error),
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
                    "its format is {version}, and this herd knows 1; move it away"
                )
            }
            Error::NoJournal => f.write_str("it is no journal; move it away"),
            Error::Io(error) => write!(f, "{error}; make it writable"),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// Opens the journal of `server` at `path`, or begins one. Each good line is given to `recall`; each
/// bad one is named in the log, and lost. A torn end is cut off.
///
/// # Errors
/// When it is somebody else's, or cannot be read or written. Then it is as it was.
pub fn open(
    path: &Path,
    server: &str,
    recall: impl FnMut(&mut [u8]) -> Result<(), Lost>,
) -> Result<(Keeper, Found), Error> {
    let mut file = lock(path)?;
    let mut fresh_path = path.as_os_str().to_owned();
    fresh_path.push(".new");
    let fresh_path = PathBuf::from(fresh_path);
    // Of a process that was killed over it: the journal has everything.
    match fs::remove_file(&fresh_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut head = Vec::new();
    journal_line::push(
        &mut head,
        format!("{} {} {server}\n", FORMAT[0], FORMAT[1]).as_bytes(),
    );
    let mut replay = Replay::new(path, &head, recall);
    let found = replay.run(&mut file, |text| check_head(text, server))?;
    let len = file.metadata()?.len();
    if found.end != len {
        file.set_len(found.end)?;
    }
    if found.end == 0 {
        file.write_all(&head)?;
    } else if found.lacks_lf {
        file.write_all(b"\n")?;
    }
    let len = file.metadata()?.len();
    let file = Arc::new(file);
    let keeper = Keeper {
        path: path.to_path_buf(),
        fresh_path,
        head,
        journal: Volume { file, len },
        fresh: None,
        publishing: false,
    };
    Ok((keeper, Found { end: len, ..found }))
}

/// The file at `path`, made if there is none, when it is ours alone.
fn lock(path: &Path) -> Result<File, Error> {
    for _ in 0..TRIES_MAX {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Whoever had it may have put a fresh one in its place, and unlocked this.
        if matches!(is_at(path, &file), Ok(true)) {
            return Ok(file);
        }
    }
    Err(Error::InUse)
}

/// The text of a first line that is whole.
fn check_head(text: &[u8], server: &str) -> Result<(), Error> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(' ');
    if words.next() != Some(FORMAT[0]) {
        return Err(Error::NoJournal);
    }
    match (words.next(), words.next()) {
        (Some(version), _) if version != FORMAT[1] => Err(Error::Version(version.to_string())),
        (_, Some(name)) if name == server => Ok(()),
        (_, name) => Err(Error::Foreign(name.unwrap_or_default().to_string())),
    }
}
