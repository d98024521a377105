//! The loop's connections: a slab of sockets, their reads and writes, and those with work.
//!
//! Nothing here knows the node. Any error of a connection ends that connection only (rule 6), and
//! its next read reports it.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use mio::{Interest, Poll};
use slab::Slab;

use super::conn::{Conn, ReadOutcome, Readiness};
use super::ready::Ready;
use super::{connect, token};
use crate::limits::Limits;
use crate::node::Door;
use crate::units::{ConnId, PeerId};

/// All connections. Every access checks the whole name, so a stale one finds nothing.
pub struct Sockets<S = TcpStream> {
    /// By the low half of their names.
    slots: Slab<Entry<S>>,
    /// Connections so far.
    generation: u32,
    /// Open connections by the door that they came in by.
    accepted: [usize; 2],
    ready: Ready,
    /// All connections are read into it, one after the other.
    buffer: Box<[u8]>,
    has_closed: bool,
}

struct Entry<S> {
    id: ConnId,
    conn: Conn<S>,
    origin: Origin,
    /// It is still being dialled.
    connecting: bool,
    /// The node does not want to read from it now.
    paused: bool,
    in_ready_list: bool,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Door(Door),
    Dialled(PeerId),
}

impl<S: Read + Write> Sockets<S> {
    /// The name that the next connection will have.
    fn next_id(&self) -> ConnId {
        // The highest values are the tokens of other things.
        ConnId::new((self.generation + 1) % u32::MAX, self.slots.vacant_key())
    }

    fn insert(&mut self, stream: S, origin: Origin) -> ConnId {
        let id = self.next_id();
        self.generation = (self.generation + 1) % u32::MAX;
        if let Origin::Door(door) = origin {
            self.accepted[door as usize] += 1;
        }
        self.slots.insert(Entry {
            id,
            conn: Conn::new(stream),
            origin,
            connecting: matches!(origin, Origin::Dialled(_)),
            paused: false,
            in_ready_list: false,
        });
        id
    }

    fn entry(&mut self, id: ConnId) -> Option<&mut Entry<S>> {
        self.slots.get_mut(id.key()).filter(|entry| entry.id == id)
    }

    /// The connection of that name, if it is still there.
    pub fn get(&mut self, id: ConnId) -> Option<Socket<'_, S>> {
        let entry = self.slots.get_mut(id.key());
        Some(Socket {
            entry: entry.filter(|entry| entry.id == id)?,
            ready: &mut self.ready,
            buffer: &mut self.buffer,
        })
    }

    /// Rule 2: an event sets flags and puts the connection on the ready list. An event of the same
    /// batch may come after a close (mio #219): then no connection has that name any more.
    pub fn event(&mut self, id: ConnId, event: Readiness) {
        if let Some(mut socket) = self.get(id) {
            socket.entry.conn.event(event);
            socket.list();
        }
    }

    /// Does not read from a connection until it is resumed (rule 5).
    pub fn pause_reading(&mut self, id: ConnId) {
        if let Some(entry) = self.entry(id) {
            entry.paused = true;
        }
    }

    /// Reads from a connection again.
    pub fn resume_reading(&mut self, id: ConnId) {
        if let Some(mut socket) = self.get(id) {
            socket.entry.paused = false;
            socket.relist(false);
        }
    }

    /// Closes a connection.
    pub fn close(&mut self, id: ConnId) {
        if self.entry(id).is_some() {
            if let Origin::Door(door) = self.slots.remove(id.key()).origin {
                self.accepted[door as usize] -= 1;
            }
            self.has_closed = true;
        }
    }

    /// Whether a connection was closed since the last call.
    pub fn take_closed(&mut self) -> bool {
        std::mem::take(&mut self.has_closed)
    }

    /// How many open connections came in by that door.
    pub fn accepted(&self, door: Door) -> usize {
        self.accepted[door as usize]
    }

    /// The connections with work.
    pub fn ready(&mut self) -> &mut Ready {
        &mut self.ready
    }
}

impl Sockets<TcpStream> {
    /// Adds a stream. Rule 1: it is registered once, for reading and writing, and never again: one
    /// `epoll_ctl` for its whole life. Closing its descriptor takes it out of the poll (epoll(7)).
    ///
    /// # Errors
    /// The kernel's; the stream is closed.
    pub fn add(
        &mut self,
        mut stream: TcpStream,
        origin: Origin,
        poll: &Poll,
    ) -> io::Result<ConnId> {
        // A reply is written whole: waiting for more to send with it would only delay it.
        stream.set_nodelay(true)?;
        let token = token::token(self.next_id());
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, token, both)?;
        Ok(self.insert(stream, origin))
    }

    /// Shuts down sending. If the peer is gone already, the next read says so.
    pub fn write_eof(&mut self, id: ConnId) {
        if let Some(entry) = self.entry(id) {
            let _ = entry.conn.stream().shutdown(Shutdown::Write);
        }
    }
}

impl<S> Default for Sockets<S> {
    fn default() -> Sockets<S> {
        Sockets {
            slots: Slab::new(),
            generation: 0,
            accepted: [0; 2],
            ready: Ready::default(),
            buffer: vec![0; Limits::PRODUCT.link_read].into_boxed_slice(),
            has_closed: false,
        }
    }
}

/// One connection, looked up.
pub struct Socket<'a, S = TcpStream> {
    entry: &'a mut Entry<S>,
    ready: &'a mut Ready,
    buffer: &'a mut [u8],
}

impl<S: Read + Write> Socket<'_, S> {
    /// It has left the ready list to be served. Returns the neighbour if it is still being dialled.
    pub fn begin(&mut self) -> Option<PeerId> {
        self.entry.in_ready_list = false;
        match self.entry.origin {
            Origin::Dialled(peer) if self.entry.connecting => Some(peer),
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

    /// The bytes of the last read.
    pub fn received(&self, count: usize) -> &[u8] {
        &self.buffer[..count]
    }

    /// Writes once, and returns how many bytes were taken.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        self.entry.conn.write(bytes)
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
    fn list(&mut self) {
        if !std::mem::replace(&mut self.entry.in_ready_list, true) {
            self.ready.push(self.entry.id, self.is_client());
        }
    }
}

impl Socket<'_, TcpStream> {
    /// The result of dialling it; none: it is still under way.
    pub fn dial_outcome(&mut self) -> Option<io::Result<()>> {
        let outcome = connect::outcome(self.entry.conn.stream())?;
        if outcome.is_ok() {
            self.entry.connecting = false;
            self.relist(false);
        }
        Some(outcome)
    }

    /// The reset that followed the end of a link. read(2) does not return it, but SO_ERROR has it:
    /// bytes that a neighbour was sent after it had closed are lost, and the node must know.
    pub fn reset(&self) -> Option<io::Error> {
        match self.is_client() {
            true => None,
            false => self.entry.conn.stream().take_error().ok().flatten(),
        }
    }
}
