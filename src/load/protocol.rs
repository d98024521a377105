//! The interface between the loop of a run and the words on its connections.

use super::stats::Stats;
use crate::buffers::Outbox;
use crate::units::{Mono, Now};

/// One connection of a run, without its socket. [`LoadConn`](super::LoadConn) speaks to a herd; a
/// benchmark that compares the herd with something else brings its own.
pub trait Protocol {
    /// How many replies have not come yet.
    fn owed(&self) -> usize;

    /// Makes the next request; its latency counts from `since`.
    fn ask(&mut self, now: Now, since: Mono);

    /// The bytes to be written.
    fn outbox(&mut self) -> &mut Outbox;

    /// Checks what came. False: the rest makes no sense, and the connection must be closed.
    fn received(&mut self, now: Mono, bytes: &[u8], stats: &mut Stats) -> bool;
}
