//! The follower that writes: which lines, and when.

use super::task::{Fsync, JournalEvent, JournalSize, JournalState, JournalStatus};
use super::task::{JournalTask, Lost};
use crate::limits::Limits;
use crate::node::context::{Context, Level, Timer};
use crate::store::{Change, CursorId, Feed, Follower, Offered, Record, Source, Store};
use crate::units::Wall;
use crate::wire::{Report, journal_line};

/// Takes a line of the journal, given without its LF, into the table.
///
/// # Errors
/// Why the line is lost.
pub fn replay(store: &mut Store, line: &[u8]) -> Result<Wall, Lost> {
    let text = journal_line::text(line).ok_or(Lost::Checksum)?;
    let report = Report::parse(text).ok_or(Lost::Garbage)?;
    match store.offer(&report, Source::Unknown) {
        Offered::Full(_) => Err(Lost::Full),
        Offered::Accepted(_) | Offered::Duplicate(_) | Offered::Older => Ok(report.time.at),
    }
}

/// How the journal is. `size` is what the shell last said of its files.
pub fn status(journal: Option<&Journal>, store: &Store, size: JournalSize) -> JournalStatus {
    JournalStatus {
        state: journal.map_or(JournalState::Off, |it| it.state(&size)),
        size,
        live_bytes: journal_line::length(store.position(0).count, store.bytes()),
        synced: journal.and_then(|it| it.synced_at),
    }
}

/// The follower that writes.
#[derive(Debug)]
pub struct Journal {
    fsync: Fsync,
    cursor: CursorId,
    /// Why the cursor is not at the end of the feed before a reply leaves, if it is not.
    failure: Option<Failure>,
    /// Lines that were taken from the feed. They stay here until they are written.
    text: Vec<u8>,
    /// The next `written`, once `text` is written.
    taken: u64,
    /// Every change up to this one is in the journal, or a newer one of the same client.
    written: u64,
    /// The same of what survives a loss of power.
    durable: u64,
    /// The worker has a task; `durable` becomes this when it is done.
    task: Option<u64>,
    wants_sync: bool,
    /// This turn has not written its slice yet.
    slice_due: bool,
    synced_at: Option<Wall>,
}

/// The state of a journal that cannot be written, or is not up to date again.
#[derive(Debug)]
struct Failure {
    why: String,
    /// The lines written so far cannot be trusted.
    is_lost: bool,
    /// The next try waits for a second.
    waits: bool,
}

/// Lines that are put together for one write.
struct Batch<'a> {
    text: &'a mut Vec<u8>,
    /// A batch of this length, in bytes, takes no more lines.
    most: usize,
}

impl Follower for Batch<'_> {
    fn has_room(&self) -> bool {
        self.text.len() < self.most
    }

    fn take(&mut self, _change: Change, record: &Record) {
        journal_line::push(self.text, record.line());
    }
}

impl Journal {
    pub fn new(fsync: Fsync, cursor: CursorId) -> Journal {
        Journal {
            fsync,
            cursor,
            failure: None,
            text: Vec::new(),
            taken: 0,
            written: 0,
            durable: 0,
            task: None,
            wants_sync: false,
            slice_due: false,
            synced_at: None,
        }
    }

    /// All that the table knows so far came from the journal.
    pub fn replayed(&mut self, feed: &mut Feed) {
        let last = feed.last();
        feed.rewind(self.cursor, last);
        (self.taken, self.written) = (last, last);
        // The process that wrote it may have been killed before it was safe.
        self.wants_sync = last > 0 && self.fsync != Fsync::Off;
    }

    /// A turn begins.
    pub fn begin_turn(&mut self) {
        self.slice_due = self.is_catching_up();
    }

    /// The changes that must be written before the replies of this turn leave.
    pub fn before_replies(&mut self, store: &mut Store, limits: &Limits) -> Option<JournalTask> {
        let is_due = self.failure.is_none() && !store.feed.is_at_end(self.cursor);
        is_due.then(|| self.take(store, limits.journal_batch))
    }

    /// A task that can wait until the replies have left: a slice of what must be told again, or the
    /// worker's.
    pub fn after_replies(&mut self, store: &mut Store, limits: &Limits) -> Option<JournalTask> {
        if std::mem::take(&mut self.slice_due) && self.is_catching_up() {
            return Some(self.take(store, limits.journal_slice));
        }
        if self.task.is_some() {
            return None;
        }
        let task = match &self.failure {
            Some(failure) if failure.is_lost && !failure.waits => JournalTask::Restart,
            None if std::mem::take(&mut self.wants_sync) => match self.fsync {
                Fsync::Off => JournalTask::Check,
                Fsync::Always | Fsync::EverySecond => JournalTask::Sync,
            },
            _ => return None,
        };
        self.task = Some(self.written);
        Some(task)
    }

    /// Whether the next turn has something to write, whatever else happens.
    pub fn is_catching_up(&self) -> bool {
        let failure = self.failure.as_ref();
        failure.is_some_and(|it| !it.is_lost && !it.waits)
    }

    /// The lines for the last [`JournalTask::Append`].
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Handles the result of a task. True: [`Journal::durable`] may have changed.
    pub fn on_event(&mut self, event: JournalEvent, feed: &mut Feed, cx: &mut Context) -> bool {
        match event {
            JournalEvent::Wrote(Ok(())) => self.wrote(feed, cx),
            JournalEvent::Wrote(Err(why)) => self.fail(why, false, cx),
            JournalEvent::Lost(why) => self.fail(why, true, cx),
            JournalEvent::Synced(Err(why)) | JournalEvent::Restarted(Err(why)) => {
                self.task = None;
                self.fail(why, true, cx);
            }
            JournalEvent::Synced(Ok(())) => {
                self.durable = self.task.take().unwrap_or(self.durable);
                if self.fsync != Fsync::Off {
                    self.synced_at = Some(cx.now.wall);
                }
            }
            JournalEvent::Restarted(Ok(())) => {
                self.task = None;
                self.tell_again(feed, cx);
            }
        }
        self.fsync == Fsync::Always
    }

    /// A second has passed since something was written, or could not be.
    pub fn on_timer(&mut self) {
        match &mut self.failure {
            None => self.wants_sync = true,
            Some(failure) => failure.waits = false,
        }
    }

    /// Every change up to this one is safe, or nobody waits for it.
    pub fn durable(&self) -> u64 {
        match (self.fsync, &self.failure) {
            (Fsync::Always, None) => self.durable,
            _ => u64::MAX,
        }
    }

    /// Before the end: whether everything is as safe as it can be. If not, a sync is asked for.
    pub fn is_settled(&mut self) -> bool {
        let waits = self.fsync != Fsync::Off && self.failure.is_none();
        if !waits || self.durable >= self.written {
            return true;
        }
        self.wants_sync |= self.task.is_none();
        false
    }

    fn state(&self, size: &JournalSize) -> JournalState {
        match &self.failure {
            Some(failure) => JournalState::Failing(failure.why.clone()),
            None if size.compacting => JournalState::Compacting,
            None => JournalState::Ok,
        }
    }

    /// Takes lines from the feed, behind those that could not be written before.
    fn take(&mut self, store: &mut Store, most: usize) -> JournalTask {
        let mut batch = Batch {
            text: &mut self.text,
            most,
        };
        store.pump(self.cursor, &mut batch);
        if store.feed.is_at_end(self.cursor) {
            // Only now: a client that has moved again has its newest change later in the feed.
            self.taken = store.feed.last();
        }
        JournalTask::Append
    }

    fn wrote(&mut self, feed: &Feed, cx: &mut Context) {
        self.text.clear();
        self.text.shrink_to(cx.limits.kept_capacity);
        self.written = self.taken;
        if self.failure.is_some() && !feed.is_at_end(self.cursor) {
            return;
        }
        if self.fsync == Fsync::Always {
            self.wants_sync = true;
        } else if !cx.timers.is_set(Timer::Journal) {
            cx.arm(Timer::Journal, cx.limits.journal_sync);
        }
        self.recover(cx);
    }

    /// Updates that are acknowledged from now on may be lost. This is logged once, not at each try.
    fn fail(&mut self, why: String, is_lost: bool, cx: &mut Context) {
        if self.failure.is_none() {
            let note = format_args!(
                "the journal keeps nothing for now: {why}; serving on, and trying again each second"
            );
            cx.log.write(Level::Error, note);
        }
        let was_lost = self.failure.as_ref().is_some_and(|it| it.is_lost);
        self.failure = Some(Failure {
            why,
            is_lost: is_lost || was_lost,
            waits: true,
        });
        cx.arm(Timer::Journal, cx.limits.journal_retry);
    }

    /// A new, empty file is in place.
    fn tell_again(&mut self, feed: &mut Feed, cx: &mut Context) {
        feed.rewind(self.cursor, 0);
        self.text.clear();
        (self.taken, self.written, self.durable) = (0, 0, 0);
        if let Some(failure) = &mut self.failure {
            (failure.is_lost, failure.waits) = (false, false);
        }
        if feed.is_at_end(self.cursor) {
            self.recover(cx);
        }
    }

    fn recover(&mut self, cx: &mut Context) {
        if self.failure.take().is_some() {
            let note = format_args!("the journal keeps everything again");
            cx.log.write(Level::Warn, note);
        }
    }
}
