//! The facts that the shell reports to the node, and the actions that the node asks for.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::admin::LoopMetrics;
use super::journal::{Fsync, JournalEvent, JournalTask};
use super::log_lines::Level;
use crate::limits::Limits;
use crate::secret::Secrets;
use crate::units::{ConnId, LookupId, PeerId};

/// The identity of a node, and its neighbours.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name in the topology.
    pub name: String,
    /// The version of its program, which neighbours and people get to know: letters, digits, `.`,
    /// `-` and `+`.
    pub version: String,
    /// Its run: random, and different at each start. Redis calls it a run id.
    pub run: u64,
    /// The seed for jitter and nonces: random, and different at each start.
    pub seed: u64,
    /// Its neighbours; a [`PeerId`] is an index into this list. At most [`Limits::neighbours`].
    pub neighbours: Vec<Neighbour>,
    /// When the reply to an IAMAT is sent.
    pub ack: Ack,
    /// How the journal is synced; none: there is no journal.
    pub journal: Option<Fsync>,
    /// The secrets that the servers of the herd share; without one, addresses are believed.
    pub secret: Option<Secrets>,
    /// The least important level that is logged; none: nothing is.
    pub level: Option<Level>,
    /// The limits that bound it.
    pub limits: Limits,
}

/// When the reply to an IAMAT is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// When this server has the update.
    #[default]
    Local,
    /// When every server that can be reached has it, or after [`Limits::ack_wait`]. Plain
    /// servers are left out.
    Herd,
    /// The same, but a reply that would be late is an error. The update stays in the table.
    HerdOrError,
}

/// A neighbour, as the topology describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// It is plain, another implementation, and knows only the clients' door.
    pub plain: bool,
    /// The addresses that it may connect from; empty while its host name is not resolved.
    pub addresses: Vec<IpAddr>,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// An address: that of a client, or of somebody at the servers' door.
    Address(SocketAddr),
    /// A neighbour.
    Neighbour(PeerId),
}

/// The two listening sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Clients connect here.
    Clients,
    /// Neighbours connect here.
    Servers,
}

/// A fact that the shell reports. A name that the node no longer knows is ignored.
#[derive(Debug)]
pub enum Event<'a> {
    /// A connection was accepted; `conn` is its name from now on.
    Accepted {
        conn: ConnId,
        door: Door,
        from: SocketAddr,
    },
    /// The host name of a neighbour was resolved: all its addresses.
    Resolved {
        peer: PeerId,
        addresses: Vec<IpAddr>,
    },
    /// A new neighbour takes the index `peer`: a free one, or the next.
    Linked { peer: PeerId, neighbour: Neighbour },
    /// A neighbour is removed, and its index is free. The shell dials it no more.
    Unlinked { peer: PeerId },
    /// The secrets from now on. Links that are up stay up.
    Secrets(Secrets),
    /// The newest [`Action::Dial`] of `peer` succeeded; `conn` is the connection's name.
    Dialled { peer: PeerId, conn: ConnId },
    /// The newest [`Action::Dial`] of `peer` failed; `why` is for the log.
    DialFailed { peer: PeerId, why: String },
    /// Bytes came in. They stay in the shell's buffer: the node copies those that it keeps.
    Received { conn: ConnId, bytes: &'a [u8] },
    /// The peer shut down sending. It may still read.
    Ended { conn: ConnId },
    /// The connection is gone, both ways, and the shell has closed it; `why` is for the log.
    Broken { conn: ConnId, why: String },
    /// A lookup came back: the JSON text, without the blank line after it.
    LookedUp {
        id: LookupId,
        answer: Result<Vec<u8>, LookupError>,
    },
    /// Metrics that only the shell knows, for STATUS. At most once a second.
    LoopMetrics(Box<LoopMetrics>),
    /// A [`JournalTask`] was done.
    Journal(JournalEvent),
    /// The loop has turned: deadlines expire, and connections that exceeded their budget go on.
    Tick,
    /// The process is asked to end.
    Shutdown,
}

/// A thing that only the shell can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect to a neighbour's servers' door, or to the clients' door of a plain one, and
    /// drop an attempt that is under way. `Dialled` or `DialFailed` answers it; `Resolved` may
    /// come before, if the neighbour's host is a name.
    Dial(PeerId),
    /// There are new bytes in [`super::Node::unsent`]. One write is enough; what it leaves is
    /// written when the socket takes more, without another `Flush`.
    Flush(ConnId),
    /// Stop reading from the connection.
    Pause(ConnId),
    /// Read from the connection again.
    Resume(ConnId),
    /// Shut down sending: everything was sent. Bytes that still come are reported.
    Finish(ConnId),
    /// Close the connection. Nothing more is reported of it.
    Close(ConnId),
    /// The peer has not ended a connection after a `Finish`. If its host has acknowledged all bytes
    /// and our end, [`Event::Ended`] says so now; otherwise nothing does.
    Confirm(ConnId),
    /// Have a worker ask the provider; `LookedUp` answers it.
    LookUp(LookupId, Query),
    /// Nobody waits for that lookup any more; a worker that has not begun it may skip it.
    Forget(LookupId),
    /// Do something to the journal.
    Journal(JournalTask),
    /// Everything is done: end the loop.
    Stop,
}

/// A client's question about a place, in the terms of the providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Degrees north as a JSON number, with every digit that the client gave: `-34.068930`.
    pub latitude: String,
    /// Degrees east, in the same form.
    pub longitude: String,
    /// Metres, 0 to 50,000.
    pub radius_m: u32,
    /// The most results that are wanted, 0 to 20.
    pub bound: usize,
}

/// Why a lookup has no answer. Clients see this text: it holds no key and no URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The queue of the workers was full.
    Busy,
    /// It took too long.
    Late,
    /// The provider could not be reached, or its answer could not be used.
    Failed(String),
    /// The provider answered that it gives no answer.
    Refused(Box<Refusal>),
}

/// An answer with another status than OK and ZERO_RESULTS. A client gets its text as any other's,
/// and somebody should look at it: the key may be wrong, or the quota used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: String,
    /// The provider's own words, without the key; empty if it says no more.
    pub message: String,
    /// The JSON text, as of an answer.
    pub text: Vec<u8>,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::Busy => f.write_str("too many lookups at once; ask again later"),
            LookupError::Late => f.write_str("the place service did not answer in time"),
            LookupError::Failed(why) => f.write_str(why),
            LookupError::Refused(refusal) => write!(f, "{refusal}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status)?;
        match &self.message[..] {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}
