//! The journal is a follower: it reads the feed through a cursor, as a link does, and what a
//! neighbour is told, a file is told.
//!
//! A turn's changes are written with one write before any client's reply of that turn leaves, so a
//! process that is killed loses nothing that it acknowledged. The node only appends. The order of
//! lines means nothing, for the newest report of a client wins; so the shell may leave out what is
//! outdated by itself, and the node knows of no second file.
//!
//! While nothing can be written, replies leave all the same, and nothing is queued beyond the lines
//! of one write: the cursor waits where it is. If there was just no room, the same lines are tried
//! again each second. If the file cannot be trusted any more (it is gone, or what was written could
//! not be made safe), the journal is a neighbour that lost its state: its cursor goes back to the
//! start, and everything is told again to another file, a slice per turn.
//!
//! Nothing here knows a file; the shell reports what became of each [`JournalTask`].

mod follower;
mod hash_v1;
pub mod line;
mod task;

pub use follower::{Context, Journal, replay};
pub use line::Lost;
pub use task::{Fsync, JournalEvent, JournalSize, JournalState, JournalStatus, JournalTask};

#[cfg(test)]
mod tests;
