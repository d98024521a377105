//! The set of a journal's files, and the next work on them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::Arc;

use memchr::memchr_iter;

use super::job::{Done, Job, Kind};
use super::place::{Place, why};
use super::segment::Segment;
use crate::limits::Limits;
use crate::node::{JournalEvent, JournalSize, JournalTask};
use crate::units::Mono;

const LIMITS: Limits = Limits::PRODUCT;

/// The files of one server's journal.
#[derive(Debug)]
pub struct JournalFiles {
    pub(super) place: Arc<Place>,
    pub(super) live: Segment,
    /// By their numbers.
    pub(super) closed: BTreeMap<u64, Segment>,
    /// Segments that were closed since the last sync.
    pub(super) unsynced: Vec<Arc<File>>,
    /// The node waits for it, and the worker does not have it yet.
    pub(super) task: Option<JournalTask>,
    /// The job of the worker that does not merge.
    pub(super) working: Option<Kind>,
    pub(super) merging: bool,
    pub(super) wants_merge: bool,
    /// After a failure nothing is closed or merged until then.
    pub(super) retry_at: Mono,
}

impl JournalFiles {
    pub(super) fn new(place: Place, live: Segment, closed: BTreeMap<u64, Segment>) -> JournalFiles {
        JournalFiles {
            place: Arc::new(place),
            live,
            closed,
            unsynced: Vec::new(),
            task: None,
            working: None,
            merging: false,
            wants_merge: false,
            retry_at: Mono(0),
        }
    }

    /// Writes whole lines at the end of the live segment.
    pub fn append(&mut self, lines: &[u8]) -> JournalEvent {
        let Err(error) = (&*self.live.file).write_all(lines) else {
            self.live.bytes += lines.len() as u64;
            self.live.lines += memchr_iter(b'\n', lines).count() as u64;
            return JournalEvent::Wrote(Ok(()));
        };
        // The part that was written, if any, is taken back.
        let is_whole = self.live.file.set_len(self.live.bytes).is_ok();
        let no_room = [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
        ];
        let why = why(self.place.live(), &error);
        match is_whole && no_room.contains(&error.kind()) {
            true => JournalEvent::Wrote(Err(why)),
            false => JournalEvent::Lost(why),
        }
    }

    /// The node wants something else than an append.
    pub fn ask(&mut self, task: JournalTask) {
        self.task = Some(task);
    }

    /// The next work for a worker. `live_bytes` is the journal's length if each client were in it
    /// only once.
    pub fn next_job(&mut self, now: Mono, live_bytes: u64) -> Option<Job> {
        // A sync that was queued behind a swap would find another file in the place of its own.
        if self.working.is_none()
            && let Some(task) = self.task.take()
        {
            self.working = Some(Kind::Task(task));
            return Some(self.job(Kind::Task(task)));
        }
        if self.merging || now < self.retry_at {
            return None;
        }
        if std::mem::take(&mut self.wants_merge) {
            self.merging = true;
            return Some(self.job(Kind::Merge));
        }
        let bytes = self.size().bytes;
        let is_long = bytes > (2 * live_bytes).max(LIMITS.journal_floor);
        // Closed segments may hold clients that the table has no room for, and stay long.
        let is_worth_it = self.live.bytes > bytes / 4;
        if !is_long || !is_worth_it || self.working.is_some() {
            return None;
        }
        self.working = Some(Kind::Close);
        Some(self.job(Kind::Close))
    }

    /// Takes in the result of a job. Returns what the node must know.
    pub fn done(&mut self, done: Done, now: Mono) -> Option<JournalEvent> {
        let Done {
            kind,
            number,
            result,
        } = done;
        match kind {
            Kind::Merge => self.merging = false,
            _ => self.working = None,
        }
        match (kind, result) {
            (Kind::Task(JournalTask::Restart), result) => {
                Some(JournalEvent::Restarted(result.map(|live| {
                    // Everything is told again, so nothing in the files from before matters.
                    self.swap(number, live);
                    self.closed.values_mut().for_each(|it| it.bad = u64::MAX);
                    self.unsynced.clear();
                })))
            }
            (Kind::Task(_), result) => Some(JournalEvent::Synced(result.map(drop))),
            (Kind::Close, Ok(live)) => {
                self.unsynced.push(Arc::clone(&self.live.file));
                self.swap(number, live);
                None
            }
            (Kind::Merge, Ok(merged)) => self.merged(number, merged?),
            (_, Err(why)) => {
                self.retry_at = now + LIMITS.journal_merge_retry;
                self.wants_merge |= kind == Kind::Merge;
                log::warn!("the journal cannot be made shorter for now: {why}");
                None
            }
        }
    }

    /// For the status.
    pub fn size(&self) -> JournalSize {
        JournalSize {
            lines: self.segments().map(|it| it.lines).sum(),
            bytes: self.segments().map(|it| it.bytes).sum(),
            compacting: self.merging || self.working == Some(Kind::Close),
        }
    }

    /// How many lines were damaged when the journal was opened.
    pub fn bad_lines(&self) -> u64 {
        let bad = self.segments().map(|it| it.bad);
        bad.fold(0, u64::saturating_add)
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.closed.values().chain([&self.live])
    }

    pub(super) fn job(&mut self, kind: Kind) -> Job {
        let closed = self.closed.values().map(|it| Arc::clone(&it.file));
        let last = self.closed.keys().last().copied().unwrap_or_default();
        let mut files: Vec<Arc<File>> = match kind {
            Kind::Merge => closed.collect(),
            Kind::Task(JournalTask::Sync) => std::mem::take(&mut self.unsynced),
            _ => Vec::new(),
        };
        if kind != Kind::Merge {
            files.push(Arc::clone(&self.live.file));
        }
        Job {
            kind,
            place: Arc::clone(&self.place),
            files,
            numbers: match kind {
                Kind::Merge => self.closed.keys().copied().collect(),
                _ => vec![last + 1],
            },
            bad: self.bad_lines(),
        }
    }

    /// From now on lines go to the new live segment, and the present one is closed.
    fn swap(&mut self, number: u64, live: Option<Segment>) {
        if let Some(live) = live {
            let before = std::mem::replace(&mut self.live, live);
            self.closed.insert(number, before);
            self.wants_merge = true;
        }
    }

    /// There is one segment in the place of all up to that number.
    fn merged(&mut self, number: u64, mut merged: Segment) -> Option<JournalEvent> {
        let path = self.place.closed(number);
        log::info!("{}: merged into {} lines", path.display(), merged.lines);
        let damaged = std::mem::take(&mut merged.bad) > 0;
        self.closed = self.closed.split_off(&(number + 1));
        self.closed.insert(number, merged);
        damaged.then(|| JournalEvent::Lost(why(&path, &"something in it was damaged")))
    }
}
