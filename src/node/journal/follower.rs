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
pub fn replay(store: &mut Store, line: &[u8]) -> Result<(), Lost> {
    let text = journal_line::text(line).ok_or(Lost::Checksum)?;
    let report = Report::parse(text).ok_or(Lost::Garbage)?;
    match store.offer(&report, Source::Unknown) {
        Offered::Full(_) => Err(Lost::Full),
        Offered::Accepted(_) | Offered::Duplicate(_) | Offered::Older => Ok(()),
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
    state: State,
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
    /// `Timer::Journal` is set.
    timed: bool,
    synced_at: Option<Wall>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The cursor is at the end of the feed before a reply leaves.
    Sound,
    /// It is not. `lost`: what was written cannot be trusted. `waits`: for the next try.
    Failing {
        why: String,
        lost: bool,
        waits: bool,
    },
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
            state: State::Sound,
            text: Vec::new(),
            taken: 0,
            written: 0,
            durable: 0,
            task: None,
            wants_sync: false,
            slice_due: false,
            timed: false,
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
        let is_due = self.state == State::Sound && !store.feed.is_at_end(self.cursor);
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
        let task = match (&self.state, self.fsync) {
            (State::Failing { lost, waits, .. }, _) if *lost && !*waits => JournalTask::Restart,
            (State::Sound, fsync) if std::mem::take(&mut self.wants_sync) => match fsync {
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
        let State::Failing { lost, waits, .. } = self.state else {
            return false;
        };
        !lost && !waits
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
            JournalEvent::Synced(result) => {
                let covered = self.task.take();
                match result {
                    Err(why) => self.fail(why, true, cx),
                    Ok(()) => {
                        self.durable = covered.unwrap_or(self.durable);
                        if self.fsync != Fsync::Off {
                            self.synced_at = Some(cx.now.wall);
                        }
                    }
                }
            }
            JournalEvent::Restarted(Err(why)) => {
                self.task = None;
                self.fail(why, true, cx);
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
        self.timed = false;
        match &mut self.state {
            State::Sound => self.wants_sync = true,
            State::Failing { waits, .. } => *waits = false,
        }
    }

    /// Whether a deadline of the journal's is set.
    pub fn is_timed(&self) -> bool {
        self.timed
    }

    /// Every change up to this one is safe, or nobody waits for it.
    pub fn durable(&self) -> u64 {
        match (self.fsync, &self.state) {
            (Fsync::Always, State::Sound) => self.durable,
            _ => u64::MAX,
        }
    }

    /// Before the end: whether everything is as safe as it can be. If not, a sync is asked for.
    pub fn is_settled(&mut self) -> bool {
        let waits = self.fsync != Fsync::Off && self.state == State::Sound;
        if !waits || self.durable >= self.written {
            return true;
        }
        self.wants_sync |= self.task.is_none();
        false
    }

    fn state(&self, size: &JournalSize) -> JournalState {
        match &self.state {
            State::Failing { why, .. } => JournalState::Failing(why.clone()),
            State::Sound if size.compacting => JournalState::Compacting,
            State::Sound => JournalState::Ok,
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
        if self.state != State::Sound && !feed.is_at_end(self.cursor) {
            return;
        }
        if self.fsync == Fsync::Always {
            self.wants_sync = true;
        } else if !self.timed {
            self.timed = true;
            cx.arm(Timer::Journal, cx.limits.journal_sync);
        }
        self.recover(cx);
    }

    /// Updates that are acknowledged from now on may be lost. This is logged once, not at each try.
    fn fail(&mut self, why: String, lost: bool, cx: &mut Context) {
        let was_lost = match self.state {
            State::Failing { lost, .. } => lost,
            State::Sound => {
                let note = format_args!(
                    "the journal keeps nothing for now: {why}; serving on, and trying again each \
                     second"
                );
                cx.log.write(Level::Error, note);
                false
            }
        };
        self.state = State::Failing {
            why,
            lost: lost || was_lost,
            waits: true,
        };
        self.timed = true;
        cx.arm(Timer::Journal, cx.limits.journal_retry);
    }

    /// A new, empty file is in place.
    fn tell_again(&mut self, feed: &mut Feed, cx: &mut Context) {
        feed.rewind(self.cursor, 0);
        self.text.clear();
        (self.taken, self.written, self.durable) = (0, 0, 0);
        if let State::Failing { lost, waits, .. } = &mut self.state {
            (*lost, *waits) = (false, false);
        }
        if feed.is_at_end(self.cursor) {
            self.recover(cx);
        }
    }

    fn recover(&mut self, cx: &mut Context) {
        if std::mem::replace(&mut self.state, State::Sound) != State::Sound {
            let note = format_args!("the journal keeps everything again");
            cx.log.write(Level::Warn, note);
        }
    }
}
