//! Work that may wait for a disk: a worker does it, never the loop's thread.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::merge::merge;
use super::place::{Place, is_at, why};
use super::segment::Segment;
use crate::node::JournalTask;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The node's task.
    Task(JournalTask),
    /// Puts a new live segment into the place of the present one.
    Close,
    /// Merges closed segments into the last of them.
    Merge,
}

/// The work, with everything that it needs.
#[derive(Debug)]
pub struct Job {
    pub(super) kind: Kind,
    pub(super) place: Arc<Place>,
    /// The files that it is about. For a merge they are the closed segments, for a sync those that
    /// the disk may not have yet, the live one last; otherwise it is the live one.
    pub(super) files: Vec<Arc<File>>,
    /// The closed segments' numbers; or the one that the live segment will have.
    pub(super) numbers: Vec<u64>,
    /// How many lines of the files are known to be damaged.
    pub(super) bad: u64,
}

/// The result of a [`Job`].
#[derive(Debug)]
pub struct Done {
    pub(super) kind: Kind,
    /// The last of the job's numbers.
    pub(super) number: u64,
    /// The new file, if there is one.
    pub(super) result: Result<Option<Segment>, String>,
}

impl Job {
    /// A merge takes long, and nobody waits for it; everything else is waited for.
    pub fn is_long(&self) -> bool {
        self.kind == Kind::Merge
    }

    /// Does it. This may wait for the disk.
    pub fn run(&self) -> Done {
        self.done(match self.kind {
            Kind::Merge => merge(&self.place, &self.files, &self.numbers, self.bad).map(Some),
            Kind::Close | Kind::Task(JournalTask::Restart) => self.swap().map(Some),
            Kind::Task(_) => self.sync().map(|()| None),
        })
    }

    /// Its result if it could not be done at all.
    pub fn failed(&self, why: &str) -> Done {
        self.done(Err(why.to_string()))
    }

    fn done(&self, result: Result<Option<Segment>, String>) -> Done {
        Done {
            kind: self.kind,
            number: self.numbers.last().copied().unwrap_or_default(),
            result,
        }
    }

    /// A file whose pages could not be made safe cannot be trusted, whatever a second try says: the
    /// kernel may have marked them clean (fsync(2)).
    fn sync(&self) -> Result<(), String> {
        let path = self.place.live();
        let flush = self.kind == Kind::Task(JournalTask::Sync);
        for file in self.files.iter().filter(|_| flush) {
            file.sync_data().map_err(|error| why(path, &error))?;
        }
        match self.is_in_place() {
            Ok(true) => Ok(()),
            Ok(false) => Err(why(path, &"it is gone, or another file is there now")),
            Err(error) => Err(why(path, &error)),
        }
    }

    /// Between any two steps a start finds every line: in the live segment, or in a closed one.
    fn swap(&self) -> Result<Segment, String> {
        let path = self.place.live();
        self.put_in_place().map_err(|error| why(path, &error))
    }

    fn put_in_place(&self) -> io::Result<Segment> {
        let (path, created) = (self.place.live(), self.place.created());
        let closed = self.place.closed(self.numbers[0]);
        let is_there = self.is_in_place()?;
        if !is_there && (self.kind == Kind::Close || is_in_use(path)) {
            return Err(io::Error::other("another file is there now"));
        }
        let segment = self.place.create(&created)?;
        segment.file.sync_all()?;
        if is_there {
            fs::rename(path, &closed)?;
            self.place.sync_directory()?;
        }
        let renamed = fs::rename(&created, path);
        if renamed.is_err() && is_there {
            // If that fails, too, a start finds the closed segment.
            let _ = fs::rename(&closed, path);
        }
        renamed?;
        self.place.sync_directory()?;
        Ok(segment)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let live = self.files.last();
        live.map_or(Ok(false), |live| is_at(self.place.live(), live))
    }
}

/// Whether another process has locked the file at that path: its journal, since ours is not there.
fn is_in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|it| matches!(it.try_lock(), Err(TryLockError::WouldBlock)))
}
