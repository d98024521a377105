//! What may wait for a disk: done on a worker, never on the loop's thread.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::trouble;
use crate::node::WriteError;

/// A task with all that it takes.
#[derive(Debug)]
pub enum Job {
    /// Makes safe what was written to `file`, if `flush`, and sees that it still is at `path`.
    Sync {
        /// The journal.
        file: Arc<File>,
        /// Where it is to be.
        path: PathBuf,
        /// Whether the disk is waited for.
        flush: bool,
    },
    /// Makes a fresh file.
    Create {
        /// Where.
        path: PathBuf,
        /// Its first line.
        head: Vec<u8>,
    },
    /// Makes the fresh file safe, and puts it in the journal's place.
    Publish {
        /// The journal that it replaces.
        old: Arc<File>,
        /// The fresh file.
        file: Arc<File>,
        /// Where it is.
        from: PathBuf,
        /// Where it is to be.
        to: PathBuf,
    },
}

/// What became of a [`Job`].
#[derive(Debug)]
pub enum Done {
    /// Of `Sync`.
    Synced(Result<(), WriteError>),
    /// Of `Create`: locked, its first line written.
    Created(Result<File, WriteError>),
    /// Of `Publish`.
    Published(Result<(), WriteError>),
}

impl Job {
    /// Does it. This may wait for the disk.
    pub fn run(&self) -> Done {
        match self {
            Job::Sync { file, path, flush } => Done::Synced(sync(file, path, *flush)),
            Job::Create { path, head } => {
                let file = create(path, head);
                Done::Created(file.map_err(|error| trouble(path, &error, true)))
            }
            Job::Publish {
                old,
                file,
                from,
                to,
            } => Done::Published(publish(old, file, from, to)),
        }
    }

    /// Its answer if it was not done at all.
    pub fn failed(&self, why: &str) -> Done {
        let (intact, why) = (false, why.to_string());
        let trouble = WriteError { intact, why };
        match self {
            Job::Sync { .. } => Done::Synced(Err(trouble)),
            Job::Create { .. } => Done::Created(Err(trouble)),
            Job::Publish { .. } => Done::Published(Err(trouble)),
        }
    }
}

/// A file whose pages could not be made safe is not to be trusted, whatever a second try says: the
/// kernel may have marked them clean (fsync(2)).
fn sync(file: &File, path: &Path, flush: bool) -> Result<(), WriteError> {
    if flush {
        let synced = file.sync_data();
        synced.map_err(|error| trouble(path, &error, false))?;
    }
    match is_at(path, file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(WriteError {
            intact: false,
            why: format!("{}: another file stands there now", path.display()),
        }),
        Err(error) => Err(trouble(path, &error, false)),
    }
}

fn create(path: &Path, head: &[u8]) -> io::Result<File> {
    // Not truncated but made: somebody may still hold an older one open.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create_new(true).open(path)?;
    // Before it has the journal's name: nobody can open that and find it free.
    file.try_lock()?;
    file.write_all(head)?;
    Ok(file)
}

fn publish(old: &File, file: &File, from: &Path, to: &Path) -> Result<(), WriteError> {
    // If the journal was moved away, somebody else may have one there by now.
    if let Ok(other) = File::open(to)
        && matches!(is_at(to, old), Ok(false))
        && let Err(TryLockError::WouldBlock) = other.try_lock()
    {
        let why = format!("{} is in use by another process", to.display());
        return Err(WriteError { intact: true, why });
    }
    let safe = file.sync_all().and_then(|()| fs::rename(from, to));
    safe.map_err(|error| trouble(to, &error, true))?;
    // The new name is safe when its directory is.
    let directory = to.parent().filter(|path| !path.as_os_str().is_empty());
    let synced = File::open(directory.unwrap_or(Path::new("."))).and_then(|it| it.sync_all());
    synced.map_err(|error| trouble(to, &error, false))
}

/// Whether that path leads to this file.
pub(super) fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let (there, here) = (fs::metadata(path)?, file.metadata()?);
    Ok((there.dev(), there.ino()) == (here.dev(), here.ino()))
}
