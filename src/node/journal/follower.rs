//! The follower that writes: which lines, and when.

use super::line::{self, Lost};
use super::task::{Fsync, JournalEvent, JournalSize, JournalState, JournalTask};
use crate::buffers::Timers;
use crate::limits::Limits;
use crate::node::feed::{CursorId, Feed};
use crate::node::notes::{Level, Notes};
use crate::node::table::{Source, Table, Verdict};
use crate::node::ticking::Timer;
use crate::units::{Now, Wall};

/// Takes a line of the journal, given without its LF, into the table.
///
/// # Errors
/// Why the line is lost.
pub fn replay(table: &mut Table, line: &[u8]) -> Result<(), Lost> {
    let report = line::parse(line)?;
    match table.offer(&report, Source::Somebody) {
        Verdict::Full(_) => Err(Lost::Full),
        Verdict::Accepted(_) | Verdict::Duplicate(_) | Verdict::Older => Ok(()),
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

/// The parts of the node that the journal uses when it takes in an event.
pub struct Context<'a> {
    pub now: Now,
    pub limits: &'a Limits,
    pub timers: &'a mut Timers<Timer>,
    pub notes: &'a mut Notes,
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
    pub fn before_replies(&mut self, table: &mut Table, limits: &Limits) -> Option<JournalTask> {
        let is_due = self.state == State::Sound && !table.feed.is_at_end(self.cursor);
        is_due.then(|| self.take(table, limits.journal_batch))
    }

    /// A task that can wait until the replies have left: a slice of what must be told again, or the
    /// worker's.
    pub fn after_replies(&mut self, table: &mut Table, limits: &Limits) -> Option<JournalTask> {
        if std::mem::take(&mut self.slice_due) && self.is_catching_up() {
            return Some(self.take(table, limits.journal_slice));
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

    /// Takes in what became of a task. True: [`Journal::durable`] may have changed.
    pub fn on_event(&mut self, event: JournalEvent, feed: &mut Feed, cx: Context<'_>) -> bool {
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

    pub fn state(&self, size: &JournalSize) -> JournalState {
        match &self.state {
            State::Failing { why, .. } => JournalState::Failing(why.clone()),
            State::Sound if size.compacting => JournalState::Compacting,
            State::Sound => JournalState::Ok,
        }
    }

    pub fn synced_at(&self) -> Option<Wall> {
        self.synced_at
    }

    /// Takes lines from the feed, behind those that could not be written before.
    fn take(&mut self, table: &mut Table, most: usize) -> JournalTask {
        while self.text.len() < most
            && let Some(change) = table.feed.next(self.cursor)
        {
            line::push(&mut self.text, table.line(change.slot));
        }
        if table.feed.is_at_end(self.cursor) {
            // Only now: a client that has moved again has its newest change later in the feed.
            self.taken = table.feed.last();
        }
        JournalTask::Append
    }

    fn wrote(&mut self, feed: &Feed, cx: Context<'_>) {
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
            let at = cx.now.mono + cx.limits.journal_sync;
            cx.timers.set(Timer::Journal, at);
        }
        self.recover(cx.notes);
    }

    /// Updates that are acknowledged from now on may be lost. That is said once, not at each try.
    fn fail(&mut self, why: String, lost: bool, cx: Context<'_>) {
        let was_lost = match self.state {
            State::Failing { lost, .. } => lost,
            State::Sound => {
                let note = format_args!(
                    "the journal keeps nothing for now: {why}; serving on, and trying again each \
                     second"
                );
                cx.notes.note(Level::Error, note);
                false
            }
        };
        self.state = State::Failing {
            why,
            lost: lost || was_lost,
            waits: true,
        };
        self.timed = true;
        let at = cx.now.mono + cx.limits.journal_retry;
        cx.timers.set(Timer::Journal, at);
    }

    /// There is another file, and it knows nothing.
    fn tell_again(&mut self, feed: &mut Feed, cx: Context<'_>) {
        feed.rewind(self.cursor, 0);
        self.text.clear();
        (self.taken, self.written, self.durable) = (0, 0, 0);
        if let State::Failing { lost, waits, .. } = &mut self.state {
            (*lost, *waits) = (false, false);
        }
        if feed.is_at_end(self.cursor) {
            self.recover(cx.notes);
        }
    }

    fn recover(&mut self, notes: &mut Notes) {
        if std::mem::replace(&mut self.state, State::Sound) != State::Sound {
            let note = format_args!("the journal keeps everything again");
            notes.note(Level::Warn, note);
        }
    }
}
