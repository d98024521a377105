//! The journal is a neighbour: a cursor in the feed, and a file that is told every change.
//!
//! A turn's changes are written with one write before any client's reply of that turn leaves, so a
//! process that is killed loses nothing that it acknowledged. Where this is held: bytes for a
//! client can be had from [`Node::unsent`] only after [`Node::poll_action`] has said `Flush`, and
//! that it says to a client only when nothing stands behind this cursor.
//!
//! A file that is too long is not shortened: a *fresh* one is made beside it. It is one more
//! neighbour, one that knows nothing: it has a cursor of its own that begins at the start, so that
//! every client stands in it once, and it is filled a slice per turn. When it has everything, a
//! worker makes it safe and renames it, while each turn's changes go to both. The order of lines
//! means nothing, for the newest report of a client wins.
//!
//! When nothing can be written, replies leave all the same, and nothing is queued: the cursor stays
//! where it is. If there is no room, the same file goes on from there; if nothing can be said about
//! the file any more (it is gone, or what was written could not be made safe, and the kernel may
//! have forgotten it: fsync(2)), a fresh one is made.
//!
//! Nothing here knows a file; the shell reports what became of each [`JournalTask`].

mod hash_v1;
mod keeping;
pub mod line;

use super::feed::FILES;
use super::table::{Source, Verdict};
use super::{Action, Node};
use crate::units::{Mono, PeerId, Wall};
pub use line::Lost;

/// When what was written is made safe from a loss of power. A process that is killed loses nothing
/// in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before the reply.
    Always,
    /// Once a second.
    #[default]
    EverySecond,
    /// When the kernel likes.
    Off,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// The one that a start reads.
    Journal,
    /// The one that is to replace it.
    Fresh,
}

/// What the shell is to do to the files. All but `Append` is a worker's; one of those is under way
/// at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalTask {
    /// Write [`Node::journal_text`] at the end of that file, at once, and say `Wrote`.
    Append(Book),
    /// Make safe what was written to the journal so far; answered by `Synced`.
    Sync,
    /// See that the journal is where it was; answered by `Synced`.
    Look,
    /// Make a fresh file beside the journal; answered by `Created`.
    Create,
    /// Make the fresh file safe and put it in the journal's place; answered by `Published`.
    Publish,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// All of it was written, or nothing.
    Wrote(Book, Result<(), WriteError>),
    /// What was written before the task came is safe, and the file is in its place.
    Synced(Result<(), WriteError>),
    /// The fresh file has so many bytes: its first line.
    Created(Result<u64, WriteError>),
    /// The fresh file is the journal from now on.
    Published(Result<(), WriteError>),
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteError {
    /// The file is as it was before: it may be tried again.
    pub intact: bool,
    /// For the log.
    pub why: String,
}

/// How the journal is, for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalStatus {
    /// In a word.
    pub state: JournalState,
    /// Lines of the file, its first left out.
    pub lines: u64,
    /// Its length.
    pub bytes: u64,
    /// The length that it had if each client stood in it once.
    pub live_bytes: u64,
    /// When what was written was last made safe.
    pub synced: Option<Wall>,
}

/// See [`JournalStatus`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// There is none.
    Off,
    /// What is acknowledged is in it.
    Ok,
    /// Likewise; and it is being made shorter.
    Compacting,
    /// What is acknowledged is not in it, for this reason.
    Failing(String),
}

/// What the node knows of its journal.
#[derive(Debug)]
pub struct Journal {
    fsync: Fsync,
    state: State,
    fresh: Fresh,
    /// By [`Book`].
    volumes: [Volume; 2],
    /// Why it does not keep what it should; that is said once.
    trouble: Option<String>,
    /// Lines that are being written; and how many, to which change of the feed.
    text: Vec<u8>,
    taken: (u64, u64),
    /// Bytes of the journal that this turn wrote.
    appended: usize,
    /// By [`Book`]: it may have a slice in this turn.
    slices: [bool; 2],
    /// A worker has a task.
    busy: bool,
    wants_sync: bool,
    wants_fresh: bool,
    /// A look at the file is due at `Timer::Journal`.
    timed: bool,
    /// All up to this change is safe; and will be, when the worker has done its task.
    safe: u64,
    saving: u64,
    saved_at: Option<Wall>,
    /// A shorter file is not tried before that.
    compact_after: Mono,
}

/// Whether what is acknowledged is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is: the cursor is at the end before a reply leaves.
    Sound,
    /// It is not; the file is whole as far as it goes, and goes on, a slice per turn. `waits`: for
    /// the next try.
    Behind { waits: bool },
    /// It is not, and the file is not to be trusted: a fresh one has to be made.
    Gone,
}

/// How far the fresh file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fresh {
    /// There is none.
    None,
    /// A worker makes it.
    Creating,
    /// It is filled.
    Filling,
    /// It has everything; a worker puts it in its place.
    Publishing,
    /// Likewise, but what came meanwhile could not be written to it.
    Lacking,
}

/// One file.
#[derive(Clone, Copy, Debug)]
struct Volume {
    cursor: PeerId,
    lines: u64,
    bytes: u64,
    /// All up to this change, or something newer, is in it.
    written: u64,
}

impl Journal {
    /// A journal that nothing was written to.
    pub fn new(fsync: Fsync) -> Journal {
        let volume = |cursor| Volume {
            cursor,
            lines: 0,
            bytes: 0,
            written: 0,
        };
        Journal {
            fsync,
            state: State::Sound,
            fresh: Fresh::None,
            volumes: FILES.map(volume),
            trouble: None,
            text: Vec::new(),
            taken: (0, 0),
            appended: 0,
            slices: [false; 2],
            busy: false,
            wants_sync: false,
            wants_fresh: false,
            timed: false,
            safe: 0,
            saving: 0,
            saved_at: None,
            compact_after: Mono(0),
        }
    }

    /// All up to this change is safe, or nobody waits for it.
    pub fn safe(&self) -> u64 {
        match (self.fsync, self.state) {
            (Fsync::Always, State::Sound) => self.safe,
            _ => u64::MAX,
        }
    }
}

impl Node {
    /// Takes in a line of the journal, LF left out, before anything else happens. The line is only
    /// borrowed: it ends as it was.
    ///
    /// # Errors
    /// Why it is lost.
    pub fn recall(&mut self, line: &mut [u8]) -> Result<(), Lost> {
        let report = line::parse(line)?;
        match self.table.offer(&report, Source::Somebody) {
            Verdict::Full(_) => Err(Lost::Full),
            Verdict::Accepted(_) | Verdict::Duplicate(_) | Verdict::Older => Ok(()),
        }
    }

    /// All was recalled, from so many good lines; the file is `bytes` long. `renew`: make a fresh
    /// one soon.
    pub fn recalled(&mut self, lines: u64, bytes: u64, renew: bool) {
        let last = self.table.feed.last();
        let Some(journal) = &mut self.journal else {
            return;
        };
        let volume = &mut journal.volumes[Book::Journal as usize];
        (volume.lines, volume.bytes, volume.written) = (lines, bytes, last);
        self.table.feed.rewind(volume.cursor, last);
        journal.wants_fresh = renew;
        // Whoever wrote it may have been killed before it was safe.
        journal.wants_sync = lines > 0 && journal.fsync != Fsync::Off;
    }

    /// What is to be written for the last [`JournalTask::Append`]: whole lines.
    pub fn journal_text(&self) -> &[u8] {
        self.journal.as_ref().map_or(&[], |journal| &journal.text)
    }

    pub(super) fn journal_is_timed(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.timed)
    }

    /// How the journal is.
    pub fn journal_status(&self) -> JournalStatus {
        let live_bytes = line::length(self.table.count(), self.table.bytes());
        let Some(journal) = &self.journal else {
            return JournalStatus {
                state: JournalState::Off,
                lines: 0,
                bytes: 0,
                live_bytes,
                synced: None,
            };
        };
        let volume = journal.volumes[Book::Journal as usize];
        JournalStatus {
            state: match (&journal.trouble, journal.fresh) {
                (Some(why), _) => JournalState::Failing(why.clone()),
                (None, Fresh::None) => JournalState::Ok,
                (None, _) => JournalState::Compacting,
            },
            lines: volume.lines,
            bytes: volume.bytes,
            live_bytes,
            synced: journal.saved_at,
        }
    }
}

/// A task, as an action.
fn task(task: JournalTask) -> Option<Action> {
    Some(Action::Journal(task))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::node::{Ack, Config, Door, Event};
    use crate::units::{ConnId, Now};

    fn node(fsync: Fsync) -> Node {
        Node::new(Config {
            name: "A".into(),
            run: 1,
            seed: 1,
            neighbours: vec![],
            ack: Ack::Local,
            journal: Some(fsync),
            secret: None,
            level: None,
            limits: Limits::default(),
        })
    }

    const APPEND: JournalTask = JournalTask::Append(Book::Journal);

    #[test]
    fn nothing_can_be_sent_before_it_is_written() {
        let (mut node, now) = (node(Fsync::EverySecond), Now::default());
        let conn = ConnId::new(1, 0);
        let from = ([127, 0, 0, 1], 40_000).into();
        let door = Door::Clients;
        node.handle(now, Event::Accepted { conn, door, from });
        let bytes = b"? first\n";
        node.handle(now, Event::Received { conn, bytes });
        assert_eq!(node.poll_action(), Some(Action::Flush(conn)));
        // The socket took a part of it; then more comes.
        node.advance(now, conn, 4);
        let bytes = b"IAMAT k +1+1 0\n";
        node.handle(now, Event::Received { conn, bytes });
        assert_eq!(node.unsent(conn), b"first\n");
        assert_eq!(node.poll_action(), Some(Action::Journal(APPEND)));
        let line = b"AT A +0.000000000 k +1+1 0 ";
        assert!(node.journal_text().starts_with(line));
        assert_eq!(node.unsent(conn), b"first\n");
        let wrote = JournalEvent::Wrote(Book::Journal, Ok(()));
        node.handle(now, Event::Journal(wrote));
        assert_eq!(node.poll_action(), Some(Action::Flush(conn)));
        let all = b"first\nAT A +0.000000000 k +1+1 0\n";
        assert_eq!(node.unsent(conn), all);
        assert_eq!(node.poll_action(), None);
    }

    #[test]
    fn it_says_how_it_is() {
        let (mut node, now) = (node(Fsync::Always), Now::default());
        let mut line = Vec::new();
        line::push(&mut line, b"AT A +0.000000000 k +1+1 0\n");
        line.pop();
        assert_eq!(node.recall(&mut line), Ok(()));
        node.recalled(1, 100, false);
        let mut want = JournalStatus {
            state: JournalState::Ok,
            lines: 1,
            bytes: 100,
            live_bytes: 44,
            synced: None,
        };
        assert_eq!(node.journal_status(), want);
        assert_eq!(node.poll_action(), Some(Action::Journal(JournalTask::Sync)));
        let synced = JournalEvent::Synced(Ok(()));
        node.handle(now, Event::Journal(synced));
        want.synced = Some(now.wall);
        assert_eq!(node.journal_status(), want);
        let (intact, why) = (false, "no disk".to_string());
        let synced = JournalEvent::Synced(Err(WriteError { intact, why }));
        node.handle(now, Event::Journal(synced));
        want.state = JournalState::Failing("no disk".to_string());
        assert_eq!(node.journal_status(), want);
    }
}
