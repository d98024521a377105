//! The set of a journal's files, and the next work on them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::Arc;

use memchr::memchr_iter;

use super::job::{Job, Kind, Outcome};
use super::place::{Place, Segment, TAIL, bad_lines, why};
use crate::limits::LIMITS;
use crate::node::{JournalEvent, JournalSize, JournalTask};
use crate::units::Mono;
use crate::wire::Position;

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
    pub task: Option<JournalTask>,
    /// The job of the worker that does not merge.
    pub(super) working: Option<Kind>,
    pub(super) merging: bool,
    pub(super) wants_merge: bool,
    /// After a failure nothing is closed or merged until then.
    pub(super) retry_at: Mono,
    /// Why the journal is longer than it need be, after that failure.
    pub trouble: Option<String>,
    /// The node was told that it is lost, and everything is not told again yet.
    is_lost: bool,
}

impl JournalFiles {
    pub(super) fn new(place: Place, live: Segment, closed: BTreeMap<u64, Segment>) -> JournalFiles {
        JournalFiles {
            is_lost: false,
            trouble: None,
            place: Arc::new(place),
            live,
            unsynced: Vec::new(),
            task: None,
            working: None,
            merging: false,
            wants_merge: closed.len() > 1,
            closed,
            retry_at: Mono(0),
        }
    }

    /// Writes whole lines at the end of the live segment. `table` is the server's with them.
    pub fn append(&mut self, lines: &[u8], table: Position) -> JournalEvent {
        let Err(error) = (&*self.live.file).write_all(lines) else {
            self.live.table = Some(table);
            self.live.bytes += lines.len() as u64;
            self.live.lines += memchr_iter(b'\n', lines).count() as u64;
            let tail = &lines[lines.len().saturating_sub(TAIL)..];
            self.live.tail.clear();
            self.live.tail.extend_from_slice(tail);
            return JournalEvent::Wrote(Ok(()));
        };
        // The part that was written, if any, is taken back.
        let is_whole = self.live.file.set_len(self.live.bytes).is_ok();
        use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let is_full = matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        let why = why(&self.place.live, error);
        match is_whole && is_full {
            true => JournalEvent::Wrote(Err(why)),
            false => JournalEvent::Lost(why),
        }
    }

    /// The next work for a worker. `live_bytes` is the journal's length if each client were in it
    /// only once.
    pub fn next_job(&mut self, now: Mono, live_bytes: u64) -> Option<Job> {
        let bytes = self.size().bytes;
        let is_long = bytes > (2 * live_bytes).max(LIMITS.journal_floor);
        // Closed segments may hold clients that the table has no room for, and stay long.
        let is_worth_it = self.live.bytes > bytes / 4;
        // A sync that was queued behind a swap would find another file in the place of its own.
        let is_free = self.working.is_none();
        let task = self.task.take_if(|_| is_free);
        let kind = match task {
            Some(task) => Kind::Task(task),
            None if self.merging || now < self.retry_at => return None,
            // It would replace what is being looked at.
            None if self.working == Some(Kind::Look) => return None,
            None if std::mem::take(&mut self.wants_merge) => Kind::Merge,
            None if is_free && is_long && is_worth_it => Kind::Close,
            None => return None,
        };
        Some(self.job(kind))
    }

    /// The work of looking whether the files are what we wrote, unless other work is under way.
    pub fn look(&mut self) -> Option<Job> {
        let may_look = self.working.is_none() && !self.is_lost;
        may_look.then(|| self.job(Kind::Look))
    }

    /// Takes in what became of a job. Returns what the node must know.
    pub fn done(&mut self, job: &Job, outcome: Outcome, now: Mono) -> Option<JournalEvent> {
        match job.kind {
            Kind::Merge => self.merging = false,
            _ => self.working = None,
        }
        match (job.kind, outcome) {
            (Kind::Look, outcome) => {
                let why = outcome.err()?;
                self.is_lost = true;
                Some(JournalEvent::Lost(why))
            }
            (Kind::Task(JournalTask::Restart), outcome) => {
                Some(JournalEvent::Restarted(outcome.map(|live| {
                    self.is_lost = false;
                    // Everything is told again, so nothing in the files from before matters.
                    self.swap(job.last() + 1, live);
                    self.closed.values_mut().for_each(|it| it.bad = u64::MAX);
                    self.unsynced.clear();
                })))
            }
            (Kind::Task(_), outcome) => Some(JournalEvent::Synced(outcome.map(drop))),
            (Kind::Close, Ok(live)) => {
                self.unsynced.push(Arc::clone(&self.live.file));
                self.swap(job.last() + 1, live);
                self.trouble = None;
                None
            }
            (Kind::Merge, Ok(merged)) => self.merged(job, merged?),
            (kind, Err(why)) => {
                self.retry_at = now + LIMITS.journal_merge_retry;
                self.wants_merge |= kind == Kind::Merge;
                log::warn!("the journal cannot be made shorter for now: {why}");
                self.trouble = Some(why);
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
        bad_lines(self.segments())
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.closed.values().chain([&self.live])
    }

    pub(super) fn job(&mut self, kind: Kind) -> Job {
        match kind {
            Kind::Merge => self.merging = true,
            _ => self.working = Some(kind),
        }
        let unsynced = match kind {
            Kind::Task(JournalTask::Sync) => std::mem::take(&mut self.unsynced),
            _ => Vec::new(),
        };
        Job {
            kind,
            place: Arc::clone(&self.place),
            live: self.live.clone(),
            closed: self.closed.clone(),
            is_merging: self.merging,
            unsynced,
        }
    }

    /// From now on lines go to the new live segment, and the present one is closed, unless it is
    /// the same.
    fn swap(&mut self, number: u64, live: Option<Segment>) {
        if let Some(live) = live {
            let before = std::mem::replace(&mut self.live, live);
            if !Arc::ptr_eq(&before.file, &self.live.file) {
                self.closed.insert(number, before);
                self.wants_merge = true;
            }
        }
    }

    /// There is one segment in the place of all that the job merged.
    fn merged(&mut self, job: &Job, mut merged: Segment) -> Option<JournalEvent> {
        let number = job.last();
        let path = self.place.beside(number);
        log::info!("{}: merged into {} lines", path.display(), merged.lines);
        // All that it kept is good; known damage was told when the journal was opened.
        self.trouble = None;
        let damaged = std::mem::take(&mut merged.bad) > job.bad();
        self.closed = self.closed.split_off(&(number + 1));
        self.closed.insert(number, merged);
        damaged.then(|| JournalEvent::Lost(why(&path, "something in it was damaged")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::OpenOptions;

    use super::*;
    use crate::journal::tests::{HEAD, Place, UNKNOWN, append, at, lines, work};
    use crate::limits::Limits;

    #[test]
    fn a_long_journal_is_closed_and_merged() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        let [old, new, other] = [at("kiwi", 1), at("kiwi", 2), at("lime", 1)];
        append(&mut files, &[&old, &new]);
        assert!(
            files.next_job(Mono(0), 0).is_none(),
            "it is below the floor"
        );
        files.live.bytes += Limits::PRODUCT.journal_floor;
        let live_bytes = files.size().bytes / 2 + 1;
        assert!(files.next_job(Mono(0), live_bytes).is_none());
        let job = files.next_job(Mono(0), live_bytes - 2).unwrap();
        assert!(!job.is_long() && files.size().compacting);
        let outcome = job.run();
        // Until the loop knows, lines go to the closed segment.
        append(&mut files, &[&other]);
        assert_eq!(files.done(&job, outcome, Mono(0)), None);
        let newest = at("kiwi", 3);
        append(&mut files, &[&newest]);
        assert_eq!(place.read(".1"), lines(&[HEAD, &old, &new, &other]));
        let job = files.next_job(Mono(0), live_bytes).unwrap();
        assert!(job.is_long() && files.size().compacting);
        assert_eq!(files.done(&job, job.run(), Mono(0)), None);
        assert_eq!(place.read(".1"), lines(&[HEAD, &new, &other]));
        assert_eq!(place.read(""), lines(&[HEAD, &newest]));
        let size = files.size();
        assert_eq!((size.lines, size.compacting), (3, false));
        assert_eq!(
            size.bytes,
            (place.read("").len() + place.read(".1").len()) as u64
        );
        assert!(place.open().unwrap_err().to_string().contains("in use"));
        // The second time there is one already.
        let job = files.job(Kind::Close);
        files.done(&job, job.run(), Mono(0));
        assert_eq!(place.endings(), ["", ".1", ".2"]);
        work(&mut files);
        assert_eq!(place.endings(), ["", ".2"]);
        assert_eq!(place.read(".2"), lines(&[HEAD, &newest, &other]));
    }

    /// Each state of the directory that a crash may leave, and what a start makes of it.
    #[test]
    fn a_crash_between_any_two_steps_loses_nothing() {
        let all = [at("kiwi", 2), at("lemon", 1), at("lime", 1)];
        let [kiwi, lemon, lime] = &all;
        let live = lines(&[HEAD, lime]);
        let closed = lines(&[HEAD, &at("kiwi", 1), lemon]);
        let later = lines(&[HEAD, kiwi]);
        let merged = lines(&[HEAD, kiwi, lemon]);
        let head = lines(&[HEAD]);
        let both = [&later[..], &live[head.len()..]].concat();
        let [half, whole] = [&merged[..20], &merged].map(|text| (".merging", text));
        let states: [&[(&str, &[u8])]; 10] = [
            // The live segment is closed.
            &[("", &both), (".1", &closed)],
            &[("", &both), (".1", &closed), (".new", &head[..5])],
            &[("", &both), (".1", &closed), (".new", &head)],
            &[(".1", &closed), (".2", &both), (".new", &head)],
            &[("", &head), (".1", &closed), (".2", &both)],
            // Both are merged.
            &[("", &live), (".1", &closed), (".2", &later)],
            &[("", &live), (".1", &closed), (".2", &later), half],
            &[("", &live), (".1", &closed), (".2", &later), whole],
            &[("", &live), (".1", &closed), (".2", &merged)],
            &[("", &live), (".2", &merged)],
        ];
        for state in states {
            let place = Place::new();
            for (ending, text) in state {
                place.write(ending, text);
            }
            for _ in 0..2 {
                let (mut files, texts) = place.open().unwrap();
                let newest = BTreeSet::from_iter(texts);
                assert!(all.iter().all(|text| newest.contains(text)), "{state:?}");
                work(&mut files);
                assert!(files.closed.len() <= 1);
                let endings = place.endings();
                assert!(
                    endings.iter().all(|it| ["", ".1", ".2"].contains(&&**it)),
                    "{endings:?}"
                );
            }
        }
    }

    #[test]
    fn a_sync_waits_for_the_swap_and_covers_the_closed_segment() {
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        append(&mut files, &[&at("kiwi", 1)]);
        let job = files.job(Kind::Close);
        files.task = Some(JournalTask::Sync);
        assert!(files.next_job(Mono(0), 0).is_none());
        files.done(&job, job.run(), Mono(0));
        let sync = files.next_job(Mono(0), 0).unwrap();
        assert!(!sync.is_long() && files.unsynced.is_empty());
        // Beside it there may be a merge.
        let merge = files.next_job(Mono(0), 0).unwrap();
        assert!(merge.is_long());
        assert_eq!(files.done(&merge, merge.run(), Mono(0)), None);
        let synced = files.done(&sync, sync.run(), Mono(0));
        assert_eq!(synced, Some(JournalEvent::Synced(Ok(()))));
    }

    /// The table may be smaller than before, and what it has no room for stays in the journal.
    #[test]
    fn a_journal_that_stays_long_is_not_closed_again_and_again() {
        let place = Place::new();
        place.write(".1", &lines(&[HEAD]));
        let (mut files, _) = place.open().unwrap();
        let floor = Limits::PRODUCT.journal_floor;
        files.closed.get_mut(&1).unwrap().bytes = 3 * floor;
        files.live.bytes = floor;
        assert!(files.next_job(Mono(0), floor).is_none());
        files.live.bytes = floor + 1;
        assert!(files.next_job(Mono(0), floor).is_some());
    }

    #[test]
    fn where_there_is_no_room_nothing_is_half_written() {
        let Ok(full) = OpenOptions::new().append(true).open("/dev/full") else {
            return;
        };
        let place = Place::new();
        let (mut files, _) = place.open().unwrap();
        files.live.file = full.into();
        // A device cannot be cut, so it is not known what it has.
        let event = files.append(b"AT 1\n", UNKNOWN);
        assert!(
            matches!(&event, JournalEvent::Lost(why) if why.contains("A.herd: ")),
            "{event:?}"
        );
    }
}
