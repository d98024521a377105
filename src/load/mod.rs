//! A load generator: connections that ask as fast as they are answered, or at a given rate, and
//! check every reply.
//!
//! It is made like a server of the herd, of the same pieces: [`Lane`] is a connection
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
pub mod report;
mod run;
mod script;
mod tally;

use std::net::SocketAddr;

pub use connect::ConnectError;
pub use histogram::Histogram;
pub use lane::Lane;
pub use run::run;
pub use script::{CLIENTS_MAX, Request, Said, Script};
pub use tally::{Fault, Seen, Tally};

use crate::units::{Mono, Now};

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

impl Plan {
    /// What the connection of that index asks of the herd.
    pub fn script(&self, index: usize) -> Script {
        let connections = self.connections as u64;
        Script::new(
            index as u64,
            connections,
            self.clients,
            self.whatsat_percent,
        )
    }
}

/// What one connection of a run says and hears, without its socket. A [`Lane`] talks to the herd;
/// whoever compares the herd with something else brings a talk of its own.
pub trait Talk {
    /// How many replies it is owed.
    fn owed(&self) -> usize;

    /// Makes the next request; its latency counts from `since`.
    fn ask(&mut self, now: Now, since: Mono);

    /// What is to be written.
    fn unsent(&self) -> &[u8];

    /// The socket took `count` bytes of it.
    fn advance(&mut self, count: usize);

    /// Checks what came. False: it makes no sense any more, and the connection is to be closed.
    fn received(&mut self, now: Mono, bytes: &[u8], tally: &mut Tally) -> bool;

    /// The connection is over: nothing that it is owed will come.
    fn lost(&mut self, why: &str, tally: &mut Tally);
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
