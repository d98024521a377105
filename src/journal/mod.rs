//! The journal's files. The node decides what is appended and when; this room decides which files
//! there are. It knows nothing of a poll.
//!
//! A journal is a set of *segments*: `NAME.herd` is the live one, which is appended to; closed ones
//! are `NAME.herd.1` and so on. Each is a text: `herd-journal 2 NAME`, then AT lines, each with its
//! checksum. cat(1) and grep(1) work on it. The order of lines and of segments means nothing, for
//! the newest report of a client wins; so there is no step at which a crash could lose anything:
//!
//! - When the journal is longer than it need be, the live segment is *closed*: it is renamed, and a
//!   new one takes its place. Lines that are appended meanwhile are in the closed one.
//! - Closed segments are *merged*: the newest line of each client is written to another file, which
//!   is made safe and then takes the place of the last of them; then the others are removed.
//! - When the files cannot be trusted any more, the journal is *restarted*: everything is told
//!   again, to a new live segment. When that is safe, all segments from before are removed.
//!
//! A server holds a lock (flock(2)) on each of its segments, so no two servers share a journal.
//!
//! Appending is a write(2) on the loop's own thread, into the kernel's memory. Everything that may
//! wait for a disk is a [`Job`] for a worker; at most one is under way beside a merge.

mod files;
mod job;
mod merge;
mod open;
mod place;
mod replay;
mod segment;

pub use files::JournalFiles;
pub use job::{Done, Job};
pub use open::{Error, open};

#[cfg(test)]
mod tests;
