//! Connections: two pipes each that keep the order of their bytes and know half-closing, resets
//! and windows; and what a network does with them. Time is the world's: [`Network::post`] decides
//! when a parcel arrives.

use std::collections::VecDeque;
use std::net::SocketAddr;

use herd::node::Door;
use herd::units::ConnId;

/// Both directions of a connection. Side 0 dialled, side 1 was dialled.
#[derive(Debug)]
pub struct Wire {
    pub sides: [Side; 2],
    /// The door through which side 0 came.
    pub door: Door,
    /// The address from which it came.
    pub from: SocketAddr,
    /// The places of two servers: the dialler's, and the other's.
    pub ends: Option<(usize, usize)>,
    /// How long the way is from each side to the other, in nanoseconds.
    pub delays: [u64; 2],
}

/// One end of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub wire: usize,
    pub side: usize,
}

/// The state of one end.
#[derive(Debug)]
pub struct Side {
    pub holder: Holder,
    /// Bytes that have arrived; the first `taken` of them were read.
    inbox: Vec<u8>,
    taken: usize,
    /// How many unread bytes each write brought.
    writes: VecDeque<usize>,
    /// Bytes that are on their way to it.
    pub coming: usize,
    /// The end has arrived, behind all bytes.
    pub ended: bool,
    /// A reset has arrived.
    pub broken: bool,
    /// It has shut down sending.
    pub finished: bool,
    /// Parcels that have arrived while the way is cut, in order.
    pub held: VecDeque<Parcel>,
    /// When the latest parcel to it is due: none overtakes another.
    pub due: u64,
    /// The line that is being read here.
    pub line: Vec<u8>,
}

/// The owner of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A life of a server.
    Server(usize, ConnId),
    /// A server's kernel: the server has not taken it in yet.
    Kernel(usize),
    /// Somebody outside the herd, by a number of the world's.
    Guest(usize),
    /// Somebody who hears of each change, by a number of the world's.
    Watcher(usize),
    /// It is closed.
    Nobody,
}

/// A unit of travel.
#[derive(Clone, Debug)]
pub enum Parcel {
    Bytes(Vec<u8>),
    /// The sender sends no more.
    End,
    /// The connection is dead, both ways.
    Reset,
}

impl End {
    /// The end that dialled.
    pub fn dialler(wire: usize) -> End {
        End { wire, side: 0 }
    }

    pub fn other(self) -> End {
        let side = 1 - self.side;
        End { side, ..self }
    }
}

impl Wire {
    /// A wire between two. One between two servers may be cut.
    pub fn new(holders: [Holder; 2], from: SocketAddr, delays: [u64; 2]) -> Wire {
        let ends = match holders {
            [Holder::Kernel(dialler), Holder::Kernel(dialled)] => Some((dialler, dialled)),
            _ => None,
        };
        let side = |holder| Side {
            holder,
            inbox: Vec::new(),
            taken: 0,
            writes: VecDeque::new(),
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
    /// All that can be read.
    pub fn unread(&self) -> &[u8] {
        &self.inbox[self.taken..]
    }

    /// Unread bytes of the oldest write.
    pub fn first_write(&self) -> usize {
        self.writes.front().copied().unwrap_or(0)
    }

    /// Bytes that the window holds.
    pub fn load(&self) -> usize {
        self.coming + self.inbox.len() - self.taken
    }

    fn put(&mut self, bytes: &[u8]) {
        self.coming -= bytes.len();
        self.inbox.extend_from_slice(bytes);
        self.writes.push_back(bytes.len());
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
        }
        let mut left = count;
        while let Some(first) = self.writes.front_mut().filter(|_| left > 0) {
            let part = left.min(*first);
            (*first, left) = (*first - part, left - part);
            if *first == 0 {
                self.writes.pop_front();
            }
        }
    }

    /// Gives back the memory, and forgets unread bytes.
    fn clear(&mut self) {
        (self.inbox, self.taken) = (Vec::new(), 0);
        self.writes.clear();
        self.line = Vec::new();
    }
}

/// A world with wires in it.
pub trait Network {
    fn wires(&mut self) -> &mut Vec<Wire>;

    /// Puts a parcel on its way to an end, behind those that are under way: it is to
    /// [arrive](Network::arrive) there.
    fn post(&mut self, to: End, parcel: Parcel);

    /// Something has come to an end that somebody holds.
    fn wake(&mut self, end: End);

    /// Bytes were read at an end: its writer has room again.
    fn has_room(&mut self, _end: End) {}

    /// Whether nothing gets from the first server to the second.
    fn is_cut(&self, way: (usize, usize)) -> bool;

    fn side(&mut self, end: End) -> &mut Side {
        &mut self.wires()[end.wire].sides[end.side]
    }

    /// Adds a wire, and gives the dialler's end.
    fn connect(&mut self, wire: Wire) -> End {
        self.wires().push(wire);
        End::dialler(self.wires().len() - 1)
    }

    /// Sends bytes from an end to the other.
    fn send(&mut self, end: End, bytes: &[u8]) {
        if bytes.is_empty() || self.side(end).broken {
            return;
        }
        self.side(end.other()).coming += bytes.len();
        self.post(end.other(), Parcel::Bytes(bytes.to_vec()));
    }

    /// Shuts down sending at an end.
    fn finish(&mut self, end: End) {
        if !std::mem::replace(&mut self.side(end).finished, true) {
            self.post(end.other(), Parcel::End);
        }
    }

    /// Whether all that was sent from an end, and its own end, have arrived.
    fn has_all(&mut self, end: End) -> bool {
        self.side(end).finished && self.side(end.other()).coming == 0
    }

    /// Closes an end as a kernel does: politely, unless something was left unread.
    fn close(&mut self, end: End) {
        let side = self.side(end);
        if side.holder == Holder::Nobody {
            return;
        }
        match side.unread().is_empty() {
            _ if side.broken => {}
            true => self.finish(end),
            false => self.post(end.other(), Parcel::Reset),
        }
        self.side(end).clear();
        self.side(end).holder = Holder::Nobody;
    }

    /// Closes an end at once.
    fn reset(&mut self, end: End) {
        self.post(end.other(), Parcel::Reset);
        self.side(end).clear();
        self.side(end).holder = Holder::Nobody;
    }

    /// A parcel has come to an end. A cut holds it.
    fn arrive(&mut self, end: End, parcel: Parcel) {
        if let Some(way) = self.wires()[end.wire].way(1 - end.side)
            && (self.is_cut(way) || !self.side(end).held.is_empty())
        {
            return self.side(end).held.push_back(parcel);
        }
        self.deliver(end, parcel);
    }

    /// Parcels that were held at an end arrive.
    fn release(&mut self, end: End) {
        while let Some(parcel) = self.side(end).held.pop_front() {
            self.deliver(end, parcel);
        }
    }

    fn deliver(&mut self, end: End, parcel: Parcel) {
        let side = self.side(end);
        if side.broken || side.holder == Holder::Nobody {
            if let Parcel::Bytes(bytes) = parcel {
                side.coming -= bytes.len();
                if side.holder == Holder::Nobody {
                    self.post(end.other(), Parcel::Reset);
                }
            }
            return;
        }
        match parcel {
            Parcel::Bytes(bytes) => side.put(&bytes),
            Parcel::End => side.ended = true,
            Parcel::Reset => {
                side.broken = true;
                side.clear();
            }
        }
        self.wake(end);
    }

    /// `count` bytes were read at an end.
    fn took(&mut self, end: End, count: usize) {
        self.side(end).take(count);
        self.has_room(end);
    }
}
