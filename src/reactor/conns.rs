//! The connections of the loop, found in O(1) by the low half of their names.

use mio::net::TcpStream;
use slab::Slab;

use super::conn::Conn;
use crate::node::Door;
use crate::units::{ConnId, PeerId};

/// A connection of the loop.
pub struct Entry {
    /// Its name, and its token.
    pub id: ConnId,
    /// The stream and its readiness.
    pub conn: Conn<TcpStream>,
    /// How it is served.
    pub kind: Kind,
    /// The door by which it came in; none if it was dialled.
    pub side: Option<Door>,
    /// The node does not want to read from it now.
    pub paused: bool,
    /// It stands on the ready list.
    pub listed: bool,
}

/// How a connection is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From the clients' door.
    Client,
    /// From the servers' door, or dialled.
    Link,
    /// Being dialled.
    Dialling(PeerId),
}

/// All connections. Every access checks the whole name, so a stale one finds nothing.
#[derive(Default)]
pub struct Conns {
    slots: Slab<Entry>,
    /// Connections so far.
    generation: u32,
    /// By each door.
    came_in: [usize; 2],
}

impl Conns {
    /// The name that the next connection will have.
    pub fn next_id(&self) -> ConnId {
        // The highest values are the tokens of other things.
        ConnId::new((self.generation + 1) % u32::MAX, self.slots.vacant_key())
    }

    /// Adds a connection, which gets the name that `next_id` gave.
    pub fn insert(&mut self, stream: TcpStream, kind: Kind, side: Option<Door>) -> ConnId {
        let id = self.next_id();
        self.generation = (self.generation + 1) % u32::MAX;
        if let Some(side) = side {
            self.came_in[side as usize] += 1;
        }
        let conn = Conn::new(stream);
        self.slots.insert(Entry {
            id,
            conn,
            kind,
            side,
            paused: false,
            listed: false,
        });
        id
    }

    /// The connection of that name, if it is still there.
    pub fn get(&mut self, id: ConnId) -> Option<&mut Entry> {
        self.slots.get_mut(id.key()).filter(|entry| entry.id == id)
    }

    /// Takes it out and closes it. Closing takes it out of the poll, too (epoll(7)).
    pub fn remove(&mut self, id: ConnId) {
        if self.get(id).is_some() {
            let entry = self.slots.remove(id.key());
            if let Some(side) = entry.side {
                self.came_in[side as usize] -= 1;
            }
        }
    }

    /// How many of them came in by that door.
    pub fn count(&self, side: Door) -> usize {
        self.came_in[side as usize]
    }
}
