//! The deadlines of a node.

use crate::units::{ConnId, LookupId, PeerId};

/// The purpose of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A neighbour is to be dialled, or has not answered in time.
    Link(PeerId),
    /// The next MARK is due on a link.
    Mark(PeerId),
    /// The next MARK is due to all watchers.
    Watchers,
    /// A connection at the servers' door has been silent for too long.
    Silent(ConnId),
    /// The time that a closing connection is given is over.
    Linger(ConnId),
    /// A client may have exceeded one of its time-outs.
    Client(ConnId),
    /// A lookup takes too long.
    Lookup(LookupId),
    /// A reply has waited too long for the herd.
    Ack,
    /// The journal is to be synced, or tried again.
    Journal,
    /// The grace period of the shutdown is over.
    Grace,
}
