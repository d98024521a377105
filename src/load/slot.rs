//! A connection among those of a run: its socket, its words, and how much it has asked. It knows
//! neither the loop nor the plan.

use std::net::SocketAddr;

use super::protocol::Protocol;
use crate::reactor::Conn;

/// A connection of the run.
pub(super) struct Slot<P, S> {
    pub(super) address: SocketAddr,
    /// None: it is lost.
    pub(super) conn: Option<Conn<S>>,
    pub(super) protocol: P,
    /// It is on the ready list.
    pub(super) is_listed: bool,
    /// How many requests it has made.
    pub(super) asked: u64,
}

impl<P: Protocol, S> Slot<P, S> {
    /// A connection that has just been made, and may ask.
    pub(super) fn new(address: SocketAddr, conn: Conn<S>, protocol: P) -> Slot<P, S> {
        Slot {
            address,
            conn: Some(conn),
            protocol,
            is_listed: true,
            asked: 0,
        }
    }
}
