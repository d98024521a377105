//! One connection of the loop: when it is read, written, and put on the ready list.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

use super::conn::{Conn, ReadOutcome};
use super::connect;
use super::ready::Ready;
use crate::limits::Limits;
use crate::node::Door;
use crate::units::{ConnId, PeerId};

/// A connection.
pub struct Entry<S> {
    pub id: ConnId,
    pub conn: Conn<S>,
    pub origin: Origin,
    /// The node does not want to read from it now.
    pub paused: bool,
    pub in_ready_list: bool,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Door(Door),
    /// It is still being made.
    Dialling(PeerId),
    Dialled,
}

/// A connection, looked up, with the list and the buffer that it shares with all others.
pub struct Socket<'a, S = TcpStream> {
    pub entry: &'a mut Entry<S>,
    pub ready: &'a mut Ready,
    pub buffer: &'a mut [u8],
}

impl<S: Read + Write> Socket<'_, S> {
    /// It has left the ready list to be served. Returns the neighbour if it is still being dialled.
    pub fn begin(&mut self) -> Option<PeerId> {
        self.entry.in_ready_list = false;
        match self.entry.origin {
            Origin::Dialling(peer) => Some(peer),
            _ => None,
        }
    }

    fn is_client(&self) -> bool {
        self.entry.origin == Origin::Door(Door::Clients)
    }

    /// Reads once, at most a turn's budget of bytes (rule 4), unless reading is paused: the
    /// kernel's window then slows the sender (rule 5).
    pub fn read(&mut self) -> ReadOutcome {
        if self.entry.paused {
            return ReadOutcome::Nothing;
        }
        let budget = match self.is_client() {
            true => Limits::PRODUCT.client_read,
            false => Limits::PRODUCT.link_read,
        };
        let outcome = self.entry.conn.read(&mut self.buffer[..budget]);
        self.relist(false);
        outcome
    }

    /// Rule 4: a connection that can go on at once is put on the ready list again. No new edge will
    /// come to say so.
    pub fn relist(&mut self, has_unsent: bool) {
        let conn = &self.entry.conn;
        let may_read = conn.is_readable() && !self.entry.paused;
        if may_read || has_unsent && conn.is_writable() {
            self.list();
        }
    }

    /// Puts it on the ready list, if it is not there (rule 3).
    pub fn list(&mut self) {
        if !std::mem::replace(&mut self.entry.in_ready_list, true) {
            self.ready.push(self.entry.id, self.is_client());
        }
    }
}

impl Socket<'_, TcpStream> {
    /// The result of dialling it; none: it is still under way.
    pub fn dial_outcome(&mut self) -> Option<io::Result<()>> {
        let outcome = connect::outcome(&self.entry.conn.stream)?;
        if outcome.is_ok() {
            self.entry.origin = Origin::Dialled;
            self.relist(false);
        }
        Some(outcome)
    }

    /// The reset that followed the end of a link. read(2) does not return it, but SO_ERROR has it:
    /// bytes that a neighbour was sent after it had closed are lost, and the node must know.
    pub fn reset(&self) -> Option<io::Error> {
        match self.is_client() {
            true => None,
            false => self.entry.conn.stream.take_error().ok().flatten(),
        }
    }
}
