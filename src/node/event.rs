//! What the shell tells the node, and what the node asks of the shell.

use std::net::{IpAddr, SocketAddr};

use super::journal::{Fsync, JournalEvent, JournalTask};
use super::lookups::{LookupError, Query};
use super::notes::Level;
use super::secret::Secret;
use super::status::LoopMetrics;
use super::waves::Ack;
use crate::limits::Limits;
use crate::units::{ConnId, LookupId, PeerId};

/// Who the node is, and whom it knows.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name in the topology.
    pub name: String,
    /// This life: random, new at every start.
    pub run: u64,
    /// For jitter and nonces: random, new at every start.
    pub seed: u64,
    /// Its neighbours; a [`PeerId`] is a place in this list. At most [`Limits::neighbours`].
    pub neighbours: Vec<Neighbour>,
    /// When the reply to an IAMAT is sent.
    pub ack: Ack,
    /// Whether there is a journal, and when it is made safe.
    pub journal: Option<Fsync>,
    /// What every server of the herd knows and nobody else; none: addresses are believed.
    pub secret: Option<Secret>,
    /// The least that is noted; none: nothing at all.
    pub level: Option<Level>,
    /// What bounds it.
    pub limits: Limits,
}

/// A neighbour, as the topology has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// It is of another make, and knows the clients' door only.
    pub plain: bool,
    /// Where it may come from; empty while a host name is not resolved yet.
    pub addresses: Vec<IpAddr>,
}

/// The two listening sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Where clients come in.
    Clients,
    /// Where neighbours come in.
    Servers,
}

/// A fact that the shell reports. A name that the node does not know any more is ignored.
#[derive(Debug)]
pub enum Event<'a> {
    /// Somebody came in.
    Accepted {
        /// Its name from now on.
        conn: ConnId,
        /// Which door.
        door: Door,
        /// From where.
        from: SocketAddr,
    },
    /// The addresses of a neighbour's host name.
    Resolved {
        /// Whose.
        peer: PeerId,
        /// All of them.
        addresses: Vec<IpAddr>,
    },
    /// A neighbour that the node did not have takes that place: a free one, or the next new one.
    Linked {
        /// Its place.
        peer: PeerId,
        /// Who it is.
        neighbour: Neighbour,
    },
    /// A neighbour is none any more, and its place is free. The shell dials it no more.
    Unlinked {
        /// Its place.
        peer: PeerId,
    },
    /// The newest [`Action::Dial`] of `peer` succeeded.
    Dialled {
        /// The neighbour.
        peer: PeerId,
        /// The connection's name from now on.
        conn: ConnId,
    },
    /// The newest [`Action::Dial`] of `peer` failed.
    DialFailed {
        /// The neighbour.
        peer: PeerId,
        /// For the log.
        why: String,
    },
    /// Bytes came in.
    Received {
        /// From whom.
        conn: ConnId,
        /// In the shell's own buffer: the node copies what it keeps.
        bytes: &'a [u8],
    },
    /// No more bytes will come in; it may still read.
    Ended {
        /// Who.
        conn: ConnId,
    },
    /// The connection is gone, both ways. The shell has closed it already.
    Broken {
        /// Who.
        conn: ConnId,
        /// For the log.
        why: String,
    },
    /// A lookup came back: the JSON text, without the blank line behind it.
    LookedUp {
        /// Which.
        id: LookupId,
        /// Its fate.
        answer: Result<Vec<u8>, LookupError>,
    },
    /// What only the shell knows of itself, for who asks for the status. At most once a second.
    LoopMetrics(Box<LoopMetrics>),
    /// What became of a [`JournalTask`].
    Journal(JournalEvent),
    /// A turn of the loop: timers go off, connections that were over their budget go on.
    Tick,
    /// The process is to end.
    Shutdown,
}

/// What only the shell can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to a neighbour's servers' door, or to a plain one's clients' door, dropping an
    /// attempt that is under way; answered by `Dialled` or `DialFailed`, and before that by
    /// `Resolved` if the neighbour's host is a name.
    Dial(PeerId),
    /// There are new bytes in [`super::Node::unsent`]. One write is enough; what it leaves is
    /// written when the connection takes more, without another `Flush`.
    Flush(ConnId),
    /// Do not read from it.
    Pause(ConnId),
    /// Read from it again.
    Resume(ConnId),
    /// Shut down sending: all was sent. What comes in is still reported.
    Finish(ConnId),
    /// Close it. Nothing more is reported of it.
    Close(ConnId),
    /// Have a worker ask the provider; answered by `LookedUp`.
    LookUp(LookupId, Query),
    /// Nobody waits for that lookup any more: if no worker has begun it, none need.
    Forget(LookupId),
    /// Something about the journal's files.
    Journal(JournalTask),
    /// All is done: end the loop.
    Stop,
}
