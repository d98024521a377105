//! A load generator: connections that ask as fast as they are answered, or at a given rate, and
//! check every reply.
//!
//! It is made like a server of the herd, of the same pieces: `lane` is a connection
//! without its socket, what is asked (`script`), what reply is right (`check`) and what was seen
//! (`tally`, [`Histogram`]) are pure, and `run` is a thin mio loop around them.
//!
//! Without a rate the loop is *closed*: who has its reply asks again, so a server that stalls is
//! asked less, and its stall counts once for each request in flight. With a rate it is *open*:
//! every request has a time when it is due, whatever became of those before, and its latency
//! counts from there; so a stall counts in full.
//!
//! Nothing that a server sends ends a run but by the fault that it is ([`Fault`]); only a
//! connection that cannot be made is an error.

mod check;
mod connect;
mod histogram;
mod lane;
mod run;
mod script;
mod tally;

use std::net::SocketAddr;

pub use connect::ConnectError;
pub use histogram::Histogram;
pub use run::run;
pub use script::CLIENTS_MAX;
pub use tally::{Fault, Seen, Tally};

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the clients' doors are. Connections go to them in turn.
    pub addresses: Vec<SocketAddr>,
    /// How many connections, at least one.
    pub connections: usize,
    /// Requests of one connection that are in flight at most, at least one.
    pub pipeline: usize,
    /// When it ends.
    pub until: Until,
    /// How many clients move, at least one for each connection, which has them for its own.
    pub clients: u64,
    /// Requests that are due each second, over all connections. None: as fast as they are answered.
    pub rate: Option<u64>,
    /// Of 100 requests, so many are WHATSAT.
    pub whatsat_percent: u64,
}

/// When a run asks no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After so many nanoseconds.
    Time(u64),
    /// After so many requests.
    Requests(u64),
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was seen.
    pub tally: Tally,
    /// From the first request to the last reply, in nanoseconds.
    pub elapsed: u64,
}
