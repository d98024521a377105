//! One process of the world: a real `Node`, and what its shell knows. Its turns are those of the
//! event loop: observe what came, tick, act on what the node wants.

use std::collections::VecDeque;

use herd::node::{Config, Event, Level, LookupError, Neighbour, Node, Secret};
use herd::units::{ConnId, LookupId, Mono, Now, PeerId, Wall};

use super::visit::Numbers;
use super::world::{Place, World};
use crate::support::shell::address;

/// One read, in bytes.
pub const READ_MAX: usize = 16 << 10;

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// The server itself.
    pub node: Node,
    /// Which of its place's lives this is.
    pub life: u32,
    /// Its monotonic clock was 0 then.
    pub born: u64,
    /// Its connections, by the low half of their names.
    pub sockets: Vec<Option<Socket>>,
    generation: u32,
    /// Connections with something to read, or room to write.
    pub ready: VecDeque<ConnId>,
    /// Wires of those who came in and are not taken in yet.
    pub knocks: VecDeque<usize>,
    /// Dials that are decided: whose, which attempt, and the wire.
    pub outcomes: VecDeque<(PeerId, u32, Option<usize>)>,
    /// The newest attempt per neighbour.
    pub dials: Vec<u32>,
    /// Lookups that came back.
    pub answers: VecDeque<(LookupId, Numbers, Result<Vec<u8>, LookupError>)>,
    /// Lookups that the workers have.
    pub jobs: Vec<(LookupId, Numbers)>,
    /// Last events of connections that are closed already.
    pub stale: VecDeque<ConnId>,
    /// It takes no turns; its kernel does.
    pub frozen: bool,
    /// It was asked to end: not yet told, or told.
    pub asked_to_end: bool,
    /// See `asked_to_end`.
    pub ending: bool,
    /// Its node said so.
    pub stopped: bool,
    /// When its journal was last seen not to keep everything.
    pub failed: Option<u64>,
    /// When its next turn is.
    pub wake: u64,
}

/// One connection of a server.
#[derive(Debug)]
pub struct Socket {
    /// Its name.
    pub conn: ConnId,
    /// Its wire, and which side of it.
    pub wire: usize,
    /// See `wire`.
    pub side: usize,
    /// A link, or a client.
    pub link: bool,
    /// It is not read.
    pub paused: bool,
    /// The end was read.
    pub ended: bool,
    /// The last write left something for want of room.
    pub blocked: bool,
    /// It stands on the ready list.
    pub listed: bool,
}

impl Server {
    /// The `life`th life of a place begins.
    pub fn new(world: &World, place: usize, life: u32) -> Server {
        let here: &Place = &world.places[place];
        let run = (place as u64 + 1) << 16 | u64::from(life);
        let neighbours: Vec<Neighbour> = here
            .neighbours
            .iter()
            .map(|&place| Neighbour {
                name: world.places[place].name.clone(),
                plain: false,
                addresses: vec![address(place % 250)],
            })
            .collect();
        let secret = world
            .weather
            .secret
            .then(|| Secret::new(b"a secret of ours"));
        let dials = vec![0; neighbours.len()];
        let mut node = Node::new(Config {
            name: here.name.clone(),
            run,
            seed: run.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            neighbours,
            ack: world.weather.ack,
            journal: world.weather.journal,
            secret: secret.flatten(),
            level: world.trace.is_some().then_some(Level::Info),
            limits: world.weather.limits.clone(),
        });
        if world.weather.journal.is_some() {
            here.disk.replay(&mut node);
        }
        Server {
            node,
            life,
            born: world.now,
            sockets: Vec::new(),
            generation: 0,
            ready: VecDeque::new(),
            knocks: VecDeque::new(),
            outcomes: VecDeque::new(),
            dials,
            answers: VecDeque::new(),
            jobs: Vec::new(),
            stale: VecDeque::new(),
            frozen: false,
            asked_to_end: false,
            ending: false,
            stopped: false,
            failed: None,
            wake: u64::MAX,
        }
    }

    /// What both clocks say.
    pub fn now(&self, world: &World, place: usize) -> Now {
        Now {
            mono: Mono(world.now - self.born),
            wall: Wall(world.places[place].clock.wall(world.now)),
        }
    }

    /// A connection, if its name is not stale.
    pub fn socket(&mut self, conn: ConnId) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(conn.key())?.as_mut();
        socket.filter(|socket| socket.conn == conn)
    }

    /// A new connection, in the lowest slot that is free.
    pub fn open(&mut self, wire: usize, side: usize, link: bool) -> ConnId {
        let free = self.sockets.iter().position(Option::is_none);
        let key = free.unwrap_or(self.sockets.len());
        if key == self.sockets.len() {
            self.sockets.push(None);
        }
        self.generation += 1;
        let conn = ConnId::new(self.generation, key);
        self.sockets[key] = Some(Socket {
            conn,
            wire,
            side,
            link,
            paused: false,
            ended: false,
            blocked: false,
            listed: false,
        });
        conn
    }

    /// Takes a connection out.
    pub fn remove(&mut self, conn: ConnId) -> Option<Socket> {
        self.socket(conn)?;
        self.sockets[conn.key()].take()
    }

    /// Something may be read from a connection, or written to it.
    pub fn list(&mut self, conn: ConnId) {
        if let Some(socket) = self.socket(conn).filter(|socket| !socket.listed) {
            socket.listed = true;
            self.ready.push_back(conn);
        }
    }

    /// Takes in what has come, and lets the deadlines go off.
    pub fn observe(&mut self, world: &mut World, place: usize) {
        let now = self.now(world, place);
        while let Some((peer, attempt, wire)) = self.outcomes.pop_front() {
            self.dialled(world, place, now, (peer, attempt, wire));
        }
        while let Some(wire) = self.knocks.pop_front() {
            let door = world.wires[wire].door;
            let conn = self.open(wire, 1, door == herd::node::Door::Servers);
            let from = world.hold(wire, 1, place, conn);
            self.node.handle(now, Event::Accepted { conn, door, from });
            self.list(conn);
        }
        while let Some(conn) = self.stale.pop_front() {
            let why = "an event after the close".into();
            self.node.handle(
                now,
                match world.random.below(3) {
                    0 => Event::Ended { conn },
                    1 => Event::Broken { conn, why },
                    _ => Event::Received {
                        conn,
                        bytes: b"IAMAT stale +0+0 0\nMARK 9 9 0000000000000000\n",
                    },
                },
            );
        }
        // Links before clients, as in the loop.
        let due: Vec<ConnId> = self.ready.drain(..).collect();
        for links in [true, false] {
            for &conn in &due {
                let mine = |socket: &&mut Socket| socket.link == links;
                if let Some(socket) = self.socket(conn).filter(mine) {
                    socket.listed = false;
                    self.write(world, place, now, conn);
                    self.read(world, place, now, conn);
                }
            }
        }
        while let Some((id, numbers, answer)) = self.answers.pop_front() {
            self.jobs.retain(|job| job.0 != id);
            world.answered(numbers, &answer);
            self.node.handle(now, Event::LookedUp { id, answer });
        }
        if world.places[place].disk_ready
            && let Some(done) = world.places[place].disk.finish()
        {
            self.node.handle(now, Event::Journal(done));
        }
        if std::mem::take(&mut self.asked_to_end) {
            self.ending = true;
            self.node.handle(now, Event::Shutdown);
        }
        self.node.handle(now, Event::Tick);
    }

    fn dialled(
        &mut self,
        world: &mut World,
        place: usize,
        now: Now,
        (peer, attempt, wire): (PeerId, u32, Option<usize>),
    ) {
        let newest = self.dials[peer.index()] == attempt;
        match wire {
            Some(wire) if newest => {
                let conn = self.open(wire, 0, true);
                world.hold(wire, 0, place, conn);
                self.node.handle(now, Event::Dialled { peer, conn });
                self.list(conn);
            }
            Some(wire) => world.close(wire, 0),
            None if newest => {
                let why = "connection refused".into();
                self.node.handle(now, Event::DialFailed { peer, why });
            }
            None => {}
        }
    }

    /// One read, of all that is there or of a part.
    fn read(&mut self, world: &mut World, place: usize, now: Now, conn: ConnId) {
        let Some(socket) = self.socket(conn).filter(|socket| !socket.paused) else {
            return;
        };
        let (wire, index) = (socket.wire, socket.side);
        let side = &mut world.wires[wire].sides[index];
        if side.broken {
            let why = "connection reset by peer".into();
            self.remove(conn);
            world.close(wire, index);
            return self.node.handle(now, Event::Broken { conn, why });
        }
        let there = side.unread().len().min(READ_MAX);
        if there == 0 {
            if side.ended && !std::mem::replace(&mut socket.ended, true) {
                world.heard(self, place, wire, index, &[]);
                self.node.handle(now, Event::Ended { conn });
            }
            return;
        }
        let count = if world.random.percent(world.weather.split) {
            1 + world.random.below(there.min(40))
        } else {
            there
        };
        let more = count < side.unread().len() || side.ended;
        let bytes = side.unread()[..count].to_vec();
        let mark = world.heard(self, place, wire, index, &bytes);
        world.took(wire, index, count);
        let bytes = &bytes[..];
        self.node.handle(now, Event::Received { conn, bytes });
        if let Some(seq) = mark {
            world.check_mark(self, conn, (wire, index), seq);
        }
        if more {
            self.list(conn);
        }
    }

    /// One write of what the node has, of as much as there is room for.
    pub fn write(&mut self, world: &mut World, place: usize, now: Now, conn: ConnId) {
        let Some(socket) = self.socket(conn) else {
            return;
        };
        let (wire, side) = (socket.wire, socket.side);
        let unsent = self.node.unsent(conn);
        if unsent.is_empty() {
            return;
        }
        world.offered(self, place, wire, unsent);
        let room = world.room(wire, side);
        let mut count = unsent.len().min(room);
        if count > 0 && world.random.percent(world.weather.partial) {
            count = 1 + world.random.below(count.min(100));
        }
        world.send(wire, side, &unsent[..count]);
        self.node.advance(now, conn, count);
        let left = !self.node.unsent(conn).is_empty();
        if let Some(socket) = self.socket(conn) {
            socket.blocked = left && count == room;
        }
        if left && count < room {
            self.list(conn);
        }
    }
}
