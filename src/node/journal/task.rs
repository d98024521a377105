//! The words in which the node and its shell talk about the journal.

use std::fmt;

use crate::units::Wall;

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

/// A task for the shell. All but `Append` may wait for a disk; one of those is under way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalTask {
    /// Append [`Node::journal_text`](super::super::Node::journal_text) to the journal at once;
    /// answered by `Wrote` or `Lost`.
    Append,
    /// Make everything safe that was appended so far, and see that the journal is still where a
    /// start looks for it; answered by `Synced`.
    Sync,
    /// The same without waiting for the disk; answered by `Synced`.
    Check,
    /// Append to another file from now on: everything will be told again; answered by `Restarted`.
    Restart,
}

/// The shell's report on a task. An error is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEvent {
    /// All lines were written; or none, for want of room, and they can be tried again.
    Wrote(Result<(), String>),
    /// After an error the journal cannot be trusted: the kernel may have dropped what it could not
    /// write (fsync(2)), or the file is gone.
    Synced(Result<(), String>),
    /// After an error there is no file to append to.
    Restarted(Result<(), String>),
    /// The journal cannot be trusted any more, for another reason. This may come at any time.
    Lost(String),
}

/// The lines of a journal are given to it.
pub trait Replay {
    /// The next lines are in `bytes`, LFs included, if there are more than one: time to bring what
    /// they need into the cache. It is called once for about [`TOGETHER`](crate::store::TOGETHER)
    /// lines.
    fn look_ahead(&self, _bytes: &[u8]) {}

    /// Takes a line, given without its LF.
    ///
    /// # Errors
    /// Why the line is lost.
    fn take(&mut self, line: &[u8]) -> Result<(), Lost>;
}

/// Why a line is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Its checksum is wrong, or missing.
    Checksum,
    /// The checksum is right, but it is not an AT line.
    Garbage,
    /// There is no room in the table.
    Full,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::Checksum => "its checksum is wrong",
            Lost::Garbage => "it is not an AT line",
            Lost::Full => "the table is full",
        })
    }
}

/// The size of the journal's files, which only the shell knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalSize {
    /// Lines of all files, their first lines left out.
    pub lines: u64,
    /// Length of all files.
    pub bytes: u64,
    /// Outdated lines are being left out.
    pub compacting: bool,
}

/// How the journal is, for `STATUS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalStatus {
    /// Whether it keeps what is acknowledged.
    pub state: JournalState,
    /// At most a second old.
    pub size: JournalSize,
    /// The length of the journal if each client were in it once.
    pub live_bytes: u64,
    /// When it was last made safe.
    pub synced: Option<Wall>,
}

/// Whether what is acknowledged is in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalState {
    /// There is no journal.
    Off,
    /// It is.
    Ok,
    /// It is, and outdated lines are being left out.
    Compacting,
    /// It is not, for this reason.
    Failing(String),
}
