//! The phases of a turn, which are timed and traced.

/// The parts of a turn between one wait and the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading from sockets.
    Read,
    /// Everything else.
    Node,
    /// Writing the journal.
    Journal,
    /// Writing to sockets.
    Flush,
    /// Writing the log.
    Log,
}
