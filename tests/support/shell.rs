//! The shell around a `Node` wherever there is no real loop: it acts, observes and ticks as the
//! loop does, on whatever [`Kernel`] it is given. Stories and the simulator share it; they differ
//! in how long things take, and in who looks on.

use std::collections::VecDeque;

use herd::node::{Action, Config, Door, Event, LookupError, Node, Query};
use herd::units::{ConnId, LookupId, Now, PeerId};

use super::kernel::{Answer, Kernel, Numbers, numbers};
use super::order::Order;
use super::wire::{End, Holder};

/// Actions of one turn at most. More is a storm.
const ACTIONS_MAX: usize = 100_000;

/// A server that runs.
#[derive(Debug)]
pub struct Shell {
    /// Its place in the world.
    pub place: usize,
    /// The number of its life in its place.
    pub life: u32,
    pub node: Node,
    /// Its connections, by the low half of their names.
    pub sockets: Vec<Option<Socket>>,
    generation: u32,
    /// Connections with something to read, or room to write.
    ready: VecDeque<ConnId>,
    /// The newest attempt to dial each neighbour.
    dials: Vec<u32>,
    /// Dials that are decided: the neighbour, the attempt, and our end of the wire.
    pub outcomes: VecDeque<(PeerId, u32, Option<End>)>,
    /// Lookups that the workers have.
    pub jobs: Vec<(LookupId, Numbers)>,
    /// Lookups that came back and are not reported yet.
    pub answers: VecDeque<(LookupId, Answer)>,
    /// It takes no turns; its kernel does.
    pub frozen: bool,
    /// It was asked to end, and does not know yet.
    pub asked_to_end: bool,
    /// It knows that it is to end.
    pub ending: bool,
    pub stopped: bool,
    pub killed: bool,
}

/// One connection of a server.
#[derive(Debug)]
pub struct Socket {
    pub conn: ConnId,
    pub end: End,
    /// A link, or a client.
    pub link: bool,
    pub paused: bool,
    /// The end was read.
    pub ended: bool,
    /// The last write left something. Nobody else is written to unasked, so a flush that the node
    /// forgets is missed.
    pub unfinished: bool,
    /// It did so for want of room.
    pub blocked: bool,
    /// It is in the ready list.
    listed: bool,
}

impl Shell {
    /// A process begins a life in a place.
    pub fn new(place: usize, life: u32, config: Config) -> Shell {
        Shell {
            place,
            life,
            dials: vec![0; config.neighbours.len()],
            node: Node::new(config),
            sockets: Vec::new(),
            generation: 0,
            ready: VecDeque::new(),
            outcomes: VecDeque::new(),
            jobs: Vec::new(),
            answers: VecDeque::new(),
            frozen: false,
            asked_to_end: false,
            ending: false,
            stopped: false,
            killed: false,
        }
    }

    /// Does all that the node asks for, with one write per flush. Whether that was anything.
    pub fn act(&mut self, now: Now, kernel: &mut dyn Kernel) -> bool {
        let mut order = Order::default();
        for count in 0..ACTIONS_MAX {
            self.killed = kernel.dies(self.place);
            if self.killed {
                return true;
            }
            let Some(action) = self.node.poll_action() else {
                return count > 0;
            };
            match action {
                Action::Flush(conn) => {
                    let is_client = self.socket(conn).is_none_or(|socket| !socket.link);
                    if let Some(what) = order.next(conn, is_client, &self.node) {
                        kernel.wrong("order of writes", what);
                    }
                    self.write(now, conn, kernel);
                }
                Action::Stop => {
                    self.stopped = true;
                    kernel.stopped(self);
                    return true;
                }
                action => self.obey(action, now, kernel),
            }
        }
        kernel.wrong("storm", format!("{ACTIONS_MAX} actions in one turn"));
        true
    }

    fn obey(&mut self, action: Action, now: Now, kernel: &mut dyn Kernel) {
        match action {
            Action::Dial(peer) => {
                self.dials[peer.index()] += 1;
                kernel.dial(self, peer, self.dials[peer.index()]);
            }
            Action::Pause(conn) => self.pause(conn, true, kernel),
            Action::Resume(conn) => self.pause(conn, false, kernel),
            Action::Finish(conn) => self.socket(conn).iter().for_each(|s| kernel.finish(s.end)),
            Action::Confirm(conn) => {
                if self.socket(conn).is_some_and(|it| kernel.has_all(it.end)) {
                    self.node.handle(now, Event::Ended { conn });
                }
            }
            Action::Close(conn) => {
                if let Some(socket) = self.remove(conn) {
                    kernel.close(socket.end);
                    kernel.closed(self, conn, socket.end);
                }
            }
            Action::LookUp(id, query) => self.look_up(now, id, query, kernel),
            Action::Forget(id) => {
                let job = self.jobs.iter().position(|job| job.0 == id);
                if let Some(job) = job
                    && kernel.forgotten(self, id, self.jobs[job].1)
                {
                    self.jobs.remove(job);
                }
            }
            Action::Journal(task) => {
                if let Some(done) = kernel.journal_task(self, task) {
                    self.node.handle(now, Event::Journal(done));
                }
            }
            Action::Flush(_) | Action::Stop => unreachable!("it is done already"),
        }
    }

    /// Takes in what has come, and lets the deadlines go off. Whether that was anything.
    pub fn observe(&mut self, now: Now, kernel: &mut dyn Kernel) -> bool {
        let mut observed = false;
        while let Some((peer, attempt, end)) = self.outcomes.pop_front() {
            self.dialled(now, (peer, attempt, end), kernel);
            observed = true;
        }
        while let Some(end) = kernel.knock(self.place) {
            let wire = &kernel.wires()[end.wire];
            let (door, from) = (wire.door, wire.from);
            let conn = self.open(end, door == Door::Servers, kernel);
            self.node.handle(now, Event::Accepted { conn, door, from });
            observed = true;
        }
        // Links before clients, as in the loop.
        let due: Vec<ConnId> = self.ready.drain(..).collect();
        for links in [true, false] {
            for &conn in &due {
                let mine = |socket: &&mut Socket| socket.link == links;
                if let Some(socket) = self.socket(conn).filter(mine) {
                    socket.listed = false;
                    let is_writable = socket.unfinished && kernel.room(socket.end) > 0;
                    observed |= is_writable && self.write(now, conn, kernel) > 0;
                    observed |= self.read(now, conn, kernel);
                }
            }
        }
        if std::mem::take(&mut self.asked_to_end) {
            self.ending = true;
            self.node.handle(now, Event::Shutdown);
            observed = true;
        }
        while let Some((id, answer)) = self.answers.pop_front() {
            if let Some(job) = self.jobs.iter().position(|job| job.0 == id) {
                let (_, numbers) = self.jobs.remove(job);
                kernel.answered(numbers, &answer);
            }
            self.node.handle(now, Event::LookedUp { id, answer });
            observed = true;
        }
        if let Some(done) = kernel.disk_done(self.place) {
            self.node.handle(now, Event::Journal(done));
            observed = true;
        }
        let due = self.node.poll_timeout().is_some_and(|at| at <= now.mono);
        if observed || due {
            self.node.handle(now, Event::Tick);
        }
        observed || due
    }

    /// The process is gone, and its kernel closes what it held.
    pub fn exit(self, kernel: &mut dyn Kernel) {
        for socket in self.sockets.into_iter().flatten() {
            kernel.deserted(socket.end.other());
            kernel.close(socket.end);
        }
        while let Some(end) = kernel.knock(self.place) {
            kernel.deserted(end.other());
            kernel.close(end);
        }
        for end in self.outcomes.into_iter().filter_map(|(_, _, end)| end) {
            kernel.close(end);
        }
    }

    /// A connection, if its name is not stale.
    pub fn socket(&mut self, conn: ConnId) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(conn.key())?.as_mut();
        socket.filter(|socket| socket.conn == conn)
    }

    /// Something may be read from a connection, or written to it.
    pub fn list(&mut self, conn: ConnId) {
        if let Some(socket) = self.socket(conn).filter(|socket| !socket.listed) {
            socket.listed = true;
            self.ready.push_back(conn);
        }
    }

    /// Something may be read from any connection, or written to it, in the order of their age.
    pub fn list_all(&mut self) {
        let sockets = self.sockets.iter_mut().flatten();
        let mut all: Vec<ConnId> = sockets
            .map(|socket| {
                socket.listed = true;
                socket.conn
            })
            .collect();
        all.sort();
        self.ready = all.into();
    }

    /// Whether some connection has work.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    fn dialled(
        &mut self,
        now: Now,
        (peer, attempt, end): (PeerId, u32, Option<End>),
        kernel: &mut dyn Kernel,
    ) {
        let later = (self.dials[peer.index()] - attempt) as usize;
        match end {
            Some(end) if later <= herd::limits::Limits::PRODUCT.older_dials => {
                let conn = self.open(end, true, kernel);
                self.node.handle(now, Event::Dialled { peer, conn });
            }
            Some(end) => kernel.close(end),
            None if later == 0 => {
                let why = "connection refused".into();
                self.node.handle(now, Event::DialFailed { peer, why });
            }
            None => {}
        }
    }

    /// A new connection, in the lowest slot that is free.
    fn open(&mut self, end: End, link: bool, kernel: &mut dyn Kernel) -> ConnId {
        let free = self.sockets.iter().position(Option::is_none);
        let key = free.unwrap_or(self.sockets.len());
        if key == self.sockets.len() {
            self.sockets.push(None);
        }
        self.generation += 1;
        let conn = ConnId::new(self.generation, key);
        self.sockets[key] = Some(Socket {
            conn,
            end,
            link,
            paused: false,
            ended: false,
            unfinished: false,
            blocked: false,
            listed: false,
        });
        kernel.side(end).holder = Holder::Server(self.place, conn);
        self.list(conn);
        conn
    }

    fn remove(&mut self, conn: ConnId) -> Option<Socket> {
        self.socket(conn)?;
        self.sockets[conn.key()].take()
    }

    fn pause(&mut self, conn: ConnId, paused: bool, kernel: &mut dyn Kernel) {
        // It may have broken since the node wished this.
        let Some(socket) = self.socket(conn) else {
            return;
        };
        let end = socket.end;
        if std::mem::replace(&mut socket.paused, paused) == paused {
            kernel.wrong("pause", format!("{conn:?} is told twice: paused {paused}"));
        }
        kernel.paused(self, end, paused);
        if !paused {
            self.list(conn);
        }
    }

    fn look_up(&mut self, now: Now, id: LookupId, query: Query, kernel: &mut dyn Kernel) {
        let (numbers, busy) = (numbers(&query), self.jobs.len() >= kernel.pool());
        kernel.look_up(self, id, query, busy);
        if !busy {
            return self.jobs.push((id, numbers));
        }
        let answer = Err(LookupError::Busy);
        kernel.answered(numbers, &answer);
        self.node.handle(now, Event::LookedUp { id, answer });
    }

    /// One read. Whether there was anything.
    fn read(&mut self, now: Now, conn: ConnId, kernel: &mut dyn Kernel) -> bool {
        let Some(socket) = self.socket(conn) else {
            return false;
        };
        let (end, paused) = (socket.end, socket.paused);
        let side = kernel.side(end);
        // A reset is reported though nobody reads: poll(2) has it unasked.
        if side.broken {
            let why = "connection reset by peer".into();
            self.remove(conn);
            kernel.close(end);
            self.node.handle(now, Event::Broken { conn, why });
            return true;
        }
        if paused {
            return false;
        }
        if side.unread().is_empty() {
            if !side.ended || std::mem::replace(&mut socket.ended, true) {
                return false;
            }
            kernel.heard(self, end, &[]);
            self.node.handle(now, Event::Ended { conn });
            return true;
        }
        let count = kernel.found(end);
        let side = kernel.side(end);
        let bytes = side.unread()[..count].to_vec();
        let more = count < side.unread().len() || side.ended;
        let mark = kernel.heard(self, end, &bytes);
        kernel.took(end, count);
        let bytes = &bytes[..];
        self.node.handle(now, Event::Received { conn, bytes });
        if let Some(seq) = mark {
            kernel.marked(self, conn, end, seq);
        }
        if more {
            self.list(conn);
        }
        true
    }

    /// One write of what the node has, of as much as there is room for.
    fn write(&mut self, now: Now, conn: ConnId, kernel: &mut dyn Kernel) -> usize {
        let Some(socket) = self.socket(conn) else {
            return 0;
        };
        let end = socket.end;
        let unsent = self.node.unsent(conn);
        if unsent.is_empty() {
            return 0;
        }
        kernel.offered(self, end, unsent);
        let room = kernel.room(end);
        let count = kernel.written(unsent.len().min(room));
        kernel.send(end, &unsent[..count]);
        self.node.advance(now, conn, count);
        let left = !self.node.unsent(conn).is_empty();
        if let Some(socket) = self.socket(conn) {
            socket.unfinished = left;
            socket.blocked = left && count == room;
        }
        if left && count < room {
            self.list(conn);
        }
        count
    }
}
