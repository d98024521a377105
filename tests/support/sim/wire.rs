//! A connection: two pipes that keep the order of their bytes, with a window each. It knows no
//! time: what is under way stands in the world's queue and is put down here when it arrives.

use std::collections::VecDeque;
use std::net::SocketAddr;

use herd::node::Door;
use herd::units::ConnId;

/// Both directions of a connection. Side 0 dialled, side 1 was dialled.
#[derive(Debug)]
pub struct Wire {
    /// What each side reads, and who it is.
    pub sides: [Side; 2],
    /// Through which door side 0 came.
    pub door: Door,
    /// From which address.
    pub from: SocketAddr,
    /// The places of two servers: who dialled, and who was dialled.
    pub ends: Option<(usize, usize)>,
    /// How long the way is from each side to the other, in nanoseconds.
    pub delays: [u64; 2],
}

/// One end of a wire.
#[derive(Debug)]
pub struct Side {
    /// Who holds it.
    pub holder: Holder,
    /// What has arrived for it and is not read; the first `taken` bytes are.
    inbox: Vec<u8>,
    taken: usize,
    /// Bytes that are on their way to it.
    pub coming: usize,
    /// The end has arrived, behind all bytes.
    pub ended: bool,
    /// A reset has arrived.
    pub broken: bool,
    /// It has shut down sending.
    pub finished: bool,
    /// What arrives for it while the way is cut, in order.
    pub held: VecDeque<Parcel>,
    /// When the latest parcel to it is due: none overtakes another.
    pub due: u64,
    /// The line that is being read here.
    pub line: Vec<u8>,
}

/// Who holds an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A life of a server.
    Server(usize, ConnId),
    /// A server's kernel: the server has not taken it in yet.
    Kernel(usize),
    /// A client, by its place among the visits.
    Guest(usize),
    /// It is closed.
    Nobody,
}

/// What travels.
#[derive(Clone, Debug)]
pub enum Parcel {
    /// Data.
    Bytes(Vec<u8>),
    /// The sender sends no more.
    End,
    /// The connection is dead, both ways.
    Reset,
}

impl Wire {
    /// A wire between two. What comes from a server to a server may be cut off.
    pub fn new(holders: [Holder; 2], from: SocketAddr, delays: [u64; 2]) -> Wire {
        let ends = match holders {
            [Holder::Kernel(dialler), Holder::Kernel(dialled)] => Some((dialler, dialled)),
            _ => None,
        };
        let side = |holder| Side {
            holder,
            inbox: Vec::new(),
            taken: 0,
            coming: 0,
            ended: false,
            broken: false,
            finished: false,
            held: VecDeque::new(),
            due: 0,
            line: Vec::new(),
        };
        Wire {
            sides: holders.map(side),
            door: if ends.is_some() {
                Door::Servers
            } else {
                Door::Clients
            },
            from,
            ends,
            delays,
        }
    }

    /// The way from a side to the other, if both are servers.
    pub fn way(&self, side: usize) -> Option<(usize, usize)> {
        let (dialler, dialled) = self.ends?;
        Some(if side == 0 {
            (dialler, dialled)
        } else {
            (dialled, dialler)
        })
    }

    /// Nobody holds either end.
    pub fn is_over(&self) -> bool {
        self.sides.iter().all(|side| side.holder == Holder::Nobody)
    }
}

impl Side {
    /// Bytes have arrived.
    pub fn put(&mut self, bytes: &[u8]) {
        self.coming -= bytes.len();
        self.inbox.extend_from_slice(bytes);
    }

    /// What can be read.
    pub fn unread(&self) -> &[u8] {
        &self.inbox[self.taken..]
    }

    /// `count` bytes were read.
    pub fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
        }
    }

    /// Bytes that the window holds.
    pub fn load(&self) -> usize {
        self.coming + self.inbox.len() - self.taken
    }

    /// Gives back the memory, and forgets what was not read.
    pub fn clear(&mut self) {
        (self.inbox, self.taken) = (Vec::new(), 0);
        self.line = Vec::new();
    }
}
