//! What is done to the journal's files, and when.

use super::{Book, Fresh, Fsync, JournalEvent, JournalTask, State, WriteError, line, task};
use crate::node::notes::Level;
use crate::node::{Action, Node, Timer};

impl Node {
    /// What is written before a client's reply leaves: all that the journal has not been told, and
    /// the fresh file that is about to be it.
    pub(in crate::node) fn journal_first(&mut self) -> Option<Action> {
        let journal = self.journal.as_ref()?;
        let (sound, fresh) = (journal.state == State::Sound, journal.fresh);
        let batch = self.limits.journal_batch;
        if sound && self.is_behind(Book::Journal) {
            return self.gather(Book::Journal, batch);
        }
        if fresh == Fresh::Publishing && self.is_behind(Book::Fresh) {
            return self.gather(Book::Fresh, batch);
        }
        None
    }

    /// What can wait until the replies have left: a slice of a file that is far behind, or work for
    /// the worker.
    pub(in crate::node) fn journal_later(&mut self) -> Option<Action> {
        let slice = self.limits.journal_slice;
        let journal = self.journal.as_mut()?;
        if std::mem::take(&mut journal.slices[Book::Journal as usize]) {
            return self.gather(Book::Journal, slice);
        }
        if std::mem::take(&mut journal.slices[Book::Fresh as usize]) {
            // More than this turn has added, or it would never get to the end.
            let most = slice + journal.appended;
            return self.gather(Book::Fresh, most);
        }
        if journal.busy {
            return None;
        }
        let is_filled = journal.fresh == Fresh::Filling && !self.is_behind(Book::Fresh);
        let journal = self.journal.as_mut()?;
        if is_filled {
            journal.fresh = Fresh::Publishing;
            journal.saving = journal.volumes[Book::Fresh as usize].written;
            journal.busy = true;
            return task(JournalTask::Publish);
        }
        if journal.fresh == Fresh::None && std::mem::take(&mut journal.wants_fresh) {
            journal.fresh = Fresh::Creating;
            journal.busy = true;
            return task(JournalTask::Create);
        }
        if std::mem::take(&mut journal.wants_sync) && journal.state != State::Gone {
            journal.busy = true;
            journal.saving = journal.volumes[Book::Journal as usize].written;
            return task(match journal.fsync {
                Fsync::Off => JournalTask::Look,
                Fsync::Always | Fsync::EverySecond => JournalTask::Sync,
            });
        }
        None
    }

    /// Whether the next turn has a slice to write.
    pub(in crate::node) fn journal_goes_on(&self) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        journal.state == State::Behind { waits: false }
            || journal.fresh == Fresh::Filling && self.is_behind(Book::Fresh)
    }

    /// A turn begins.
    pub(in crate::node) fn journal_turn(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.appended = 0;
            journal.slices = [
                journal.state == State::Behind { waits: false },
                journal.fresh == Fresh::Filling,
            ];
        }
    }

    /// A second has passed since something was written, or could not be.
    pub(in crate::node) fn journal_timer(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.timed = false;
            match journal.state {
                State::Sound => journal.wants_sync = true,
                State::Behind { .. } => {
                    // The old file is as good as gone: it is the fresh one that goes on.
                    let waits = journal.fresh == Fresh::Lacking;
                    journal.state = State::Behind { waits };
                }
                State::Gone => journal.wants_fresh = journal.fresh == Fresh::None,
            }
        }
    }

    /// Before the end: whether all is as safe as it is to be. If not, that is seen to.
    pub(in crate::node) fn journal_is_settled(&mut self) -> bool {
        let Some(journal) = &mut self.journal else {
            return true;
        };
        let written = journal.volumes[Book::Journal as usize].written;
        if journal.fsync == Fsync::Off || journal.state != State::Sound || journal.safe >= written {
            return true;
        }
        journal.wants_sync |= !journal.busy;
        false
    }

    /// What became of a task.
    pub(in crate::node) fn journal_did(&mut self, event: JournalEvent) {
        match event {
            JournalEvent::Wrote(book, Ok(())) => self.wrote(book),
            JournalEvent::Wrote(Book::Journal, Err(trouble)) => self.journal_fails(trouble),
            JournalEvent::Wrote(Book::Fresh, Err(trouble)) => self.fresh_fails(trouble),
            JournalEvent::Synced(result) => self.synced(result),
            JournalEvent::Created(result) => self.created(result),
            JournalEvent::Published(result) => self.published(result),
        }
    }

    fn is_behind(&self, book: Book) -> bool {
        self.journal.as_ref().is_some_and(|journal| {
            let cursor = journal.volumes[book as usize].cursor;
            !self.table.feed.is_at_end(cursor)
        })
    }

    /// Puts the next lines of a file together. Its cursor stays until they are written.
    fn gather(&mut self, book: Book, most: usize) -> Option<Action> {
        let journal = self.journal.as_mut()?;
        journal.text.clear();
        journal.taken = (0, 0);
        for change in self
            .table
            .feed
            .changes(journal.volumes[book as usize].cursor)
        {
            if journal.text.len() >= most {
                break;
            }
            line::push(&mut journal.text, self.table.line(change.slot));
            journal.taken = (journal.taken.0 + 1, change.seq);
        }
        task(JournalTask::Append(book))
    }

    fn wrote(&mut self, book: Book) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let volume = &mut journal.volumes[book as usize];
        let (lines, seq) = journal.taken;
        self.table.feed.pass(volume.cursor, seq);
        volume.lines += lines;
        volume.bytes += journal.text.len() as u64;
        if self.table.feed.is_at_end(volume.cursor) {
            // Not before: a client that has moved again since stands further behind.
            volume.written = self.table.feed.last();
        }
        if book == Book::Journal {
            journal.appended += journal.text.len();
        }
        journal.text.clear();
        journal.text.shrink_to(self.limits.kept_capacity);
        if book == Book::Fresh {
            return;
        }
        if journal.fsync == Fsync::Always {
            journal.wants_sync = true;
        } else if !journal.timed {
            journal.timed = true;
            let at = self.now.mono + self.limits.journal_sync;
            self.timers.set(Timer::Journal, at);
        }
        let live = line::length(self.table.count(), self.table.bytes());
        let bytes = journal.volumes[Book::Journal as usize].bytes;
        journal.wants_fresh |= bytes > (2 * live).max(self.limits.journal_floor)
            && journal.fresh == Fresh::None
            && self.now.mono >= journal.compact_after;
        let lacking = journal.fresh == Fresh::Lacking;
        if !lacking && !self.is_behind(Book::Journal) {
            self.whole_again();
        }
    }

    /// If the journal did not keep what it should, it does from now on.
    fn whole_again(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.state = State::Sound;
        if journal.trouble.take().is_some() {
            let lines = journal.volumes[Book::Journal as usize].lines;
            let note = format_args!("the journal keeps everything again, in {lines} lines");
            self.notes.note(Level::Warn, note);
        }
    }

    /// What is acknowledged from now on may be lost. That is said once, not at each try.
    fn journal_fails(&mut self, WriteError { intact, why }: WriteError) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.state = match (intact, journal.state) {
            (true, State::Sound | State::Behind { .. }) => State::Behind { waits: true },
            _ => State::Gone,
        };
        if journal.trouble.is_none() {
            let note = format_args!(
                "the journal keeps nothing for now: {why}; serving on, and trying again each second"
            );
            self.notes.note(Level::Error, note);
        }
        journal.trouble = Some(why);
        journal.timed = true;
        let at = self.now.mono + self.limits.journal_retry;
        self.timers.set(Timer::Journal, at);
        self.release_replies();
    }

    /// The fresh file cannot be had.
    fn fresh_fails(&mut self, trouble: WriteError) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        if journal.fresh == Fresh::Publishing && journal.busy {
            // It will be the journal all the same, and lack what came now.
            journal.fresh = Fresh::Lacking;
            return self.journal_fails(trouble);
        }
        journal.fresh = Fresh::None;
        // The start of the feed never moves: there a cursor costs nothing.
        self.table
            .feed
            .rewind(journal.volumes[Book::Fresh as usize].cursor, 0);
        match journal.state {
            State::Gone => self.journal_fails(trouble),
            State::Behind { .. } => journal.state = State::Behind { waits: false },
            State::Sound => {
                journal.compact_after = self.now.mono + self.limits.warning_gap;
                let why = trouble.why;
                let note = format_args!("the journal cannot be made shorter for now: {why}");
                self.notes.note(Level::Warn, note);
            }
        }
    }

    fn synced(&mut self, result: Result<(), WriteError>) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.busy = false;
        match result {
            Err(trouble) => self.journal_fails(WriteError {
                intact: false,
                ..trouble
            }),
            Ok(()) => {
                journal.safe = journal.saving;
                if journal.fsync != Fsync::Off {
                    journal.saved_at = Some(self.now.wall);
                }
                self.release_replies();
            }
        }
    }

    fn created(&mut self, result: Result<u64, WriteError>) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.busy = false;
        match result {
            Err(trouble) => self.fresh_fails(trouble),
            Ok(bytes) => {
                journal.fresh = Fresh::Filling;
                let volume = &mut journal.volumes[Book::Fresh as usize];
                (volume.lines, volume.bytes, volume.written) = (0, bytes, 0);
                self.table.feed.rewind(volume.cursor, 0);
            }
        }
    }

    fn published(&mut self, result: Result<(), WriteError>) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        journal.busy = false;
        if let Err(trouble) = result {
            if !trouble.intact {
                journal.state = State::Gone;
            }
            journal.fresh = Fresh::Filling;
            return self.fresh_fails(trouble);
        }
        let [main, fresh] = &mut journal.volumes;
        (main.lines, main.bytes, main.written) = (fresh.lines, fresh.bytes, fresh.written);
        self.table.feed.join(main.cursor, fresh.cursor);
        self.table.feed.rewind(fresh.cursor, 0);
        let lines = main.lines;
        journal.safe = journal.saving;
        journal.wants_sync |= journal.fsync != Fsync::Off && journal.safe < main.written;
        journal.saved_at = Some(self.now.wall);
        journal.wants_fresh = false;
        let lacking = std::mem::replace(&mut journal.fresh, Fresh::None) == Fresh::Lacking;
        let note = format_args!("the journal is a fresh file of {lines} lines");
        self.notes.note(Level::Info, note);
        if lacking {
            journal.state = State::Behind { waits: false };
        } else {
            self.whole_again();
        }
        self.release_replies();
    }
}
