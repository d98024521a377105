//! The journal's files: opened, replayed, appended to, made safe and replaced. What is written, and
//! when, is the node's decision; this room knows files, and nothing of a poll.
//!
//! `NAME.herd` is a text: `herd-journal 1 NAME`, then AT lines, each with its hash behind it.
//! cat(1) and grep(1) work on it. Each process that has it open holds a lock on it (flock(2)), so
//! that no two servers write to the same; beside it stands `NAME.herd.new` while a fresh one is
//! made.
//!
//! Appending is a write(2) on the loop's own thread, into the kernel's memory. Everything that may
//! wait for a disk is a [`Job`], for a worker. Every failure is a [`WriteError`] that the node is
//! told.

mod job;
mod open;
mod replay;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::node::{Book, JournalEvent, JournalTask, WriteError};
pub use job::{Done, Job};
pub use open::{Error, open};
pub use replay::Found;

/// The files of one server's journal.
#[derive(Debug)]
pub struct JournalFiles {
    path: PathBuf,
    fresh_path: PathBuf,
    /// The first line of each file.
    head: Vec<u8>,
    journal: Volume,
    fresh: Option<Volume>,
    /// The fresh file is being put in the journal's place.
    publishing: bool,
}

#[derive(Debug)]
struct Volume {
    file: Arc<File>,
    /// So far it is whole: behind a line that was written only in part comes nothing.
    len: u64,
}

impl JournalFiles {
    /// Writes whole lines at the end of a file. When that fails, no part of them is there, if that
    /// can be had.
    ///
    /// # Errors
    /// The file is intact if there was just no room for them.
    pub fn append(&mut self, book: Book, lines: &[u8]) -> Result<(), WriteError> {
        let volume = match book {
            Book::Journal => &mut self.journal,
            Book::Fresh => self.fresh.as_mut().ok_or_else(|| WriteError {
                intact: true,
                why: "there is no fresh file".to_string(),
            })?,
        };
        let Err(error) = (&*volume.file).write_all(lines) else {
            volume.len += lines.len() as u64;
            return Ok(());
        };
        let room = [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
        ];
        let intact = volume.file.set_len(volume.len).is_ok() && room.contains(&error.kind());
        if book == Book::Fresh && !self.publishing {
            // What it takes of the room is better given back.
            self.fresh = None;
            let _ = fs::remove_file(&self.fresh_path);
        }
        Err(trouble(&self.path, &error, intact))
    }

    /// The worker's part of a task; none: it is no worker's.
    pub fn job(&mut self, task: JournalTask) -> Option<Job> {
        let path = self.path.clone();
        Some(match task {
            JournalTask::Append(_) => return None,
            JournalTask::Sync | JournalTask::Look => Job::Sync {
                file: Arc::clone(&self.journal.file),
                path,
                flush: task == JournalTask::Sync,
            },
            JournalTask::Create => Job::Create {
                path: self.fresh_path.clone(),
                head: self.head.clone(),
            },
            JournalTask::Publish => {
                self.publishing = true;
                Job::Publish {
                    old: Arc::clone(&self.journal.file),
                    file: Arc::clone(&self.fresh.as_ref()?.file),
                    from: self.fresh_path.clone(),
                    to: path,
                }
            }
        })
    }

    /// What the worker did: for the node.
    pub fn done(&mut self, done: Done) -> JournalEvent {
        match done {
            Done::Synced(result) => JournalEvent::Synced(result),
            Done::Created(result) => JournalEvent::Created(result.map(|file| {
                let len = self.head.len() as u64;
                let file = Arc::new(file);
                self.fresh = Some(Volume { file, len });
                len
            })),
            Done::Published(result) => {
                self.publishing = false;
                match (&result, self.fresh.take()) {
                    (Ok(()), Some(fresh)) => self.journal = fresh,
                    // If it has the journal's name by now, nothing is found here.
                    _ => drop(fs::remove_file(&self.fresh_path)),
                }
                JournalEvent::Published(result)
            }
        }
    }
}

/// What went wrong with a file.
fn trouble(path: &Path, error: &io::Error, intact: bool) -> WriteError {
    let why = format!("{}: {error}", path.display());
    WriteError { intact, why }
}
