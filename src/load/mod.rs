//! A load generator: connections that ask as fast as they are answered, or at a given rate, and
//! check every reply.
//!
//! It is built like a server of the herd, from the same pieces: [`LoadConn`] is a connection
//! without its socket; what it asks (`workload`), which reply is right (`verify`) and what was seen
//! (`stats`) are pure; and `run` is a thin mio loop around them.
//!
//! Without a rate the loop is *closed*: a connection asks again once it has its reply, so a server
//! that stalls is asked less, and its stall counts once for each request in flight. With a rate it
//! is *open*: every request has a time when it is due, whatever became of those before, and its
//! latency counts from there; so a stall counts in full.
//!
//! Nothing that a server sends ends a run; it is counted as a [`Fault`]. Only a connection that
//! cannot be made is an error.

mod conn;
mod plan;
mod protocol;
mod report;
mod run;
mod slot;
mod stats;
mod verify;
mod workload;

pub use conn::LoadConn;
pub use plan::{Plan, Until};
pub use protocol::Protocol;
pub use report::{Cut, Report, progress};
pub use run::run;
pub use stats::{Fault, Seen, Stats};
pub use workload::{Questions, Request, Said, Workload};

pub use crate::wire::{BOUND_MAX, RADIUS_KM_MAX};
