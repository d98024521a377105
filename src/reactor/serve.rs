//! What the loop does for one connection: take it in, read, write, dial, close.

use std::io;
use std::net::{Shutdown, SocketAddr};

use mio::Interest;
use mio::net::TcpStream;

use super::account::Phase;
use super::dial::{self, Name, Target};
use super::door::Visit;
use super::{EventLoop, Kind, LIMITS, ReadOutcome, token};
use crate::limits::Limit;
use crate::node::{Door as Side, Event};
use crate::units::{ConnId, PeerId};

impl EventLoop {
    /// Takes in those who wait at the doors, neighbours first.
    pub(super) fn take_in_visitors(&mut self) {
        if self.doors_retry.is_some_and(|at| at <= self.now.mono) {
            self.doors_retry = None;
            self.ready.servers_door = true;
            self.ready.clients_door = true;
        }
        if std::mem::take(&mut self.ready.servers_door) {
            self.ready.servers_door = self.open(Side::Servers);
        }
        if std::mem::take(&mut self.ready.clients_door) {
            self.ready.clients_door = self.open(Side::Clients);
        }
    }

    /// Takes in a turn's worth of visitors. True: there may be more.
    fn open(&mut self, side: Side) -> bool {
        for _ in 0..LIMITS.visitors {
            let Some([servers, clients]) = &mut self.doors else {
                return false;
            };
            let door = match side {
                Side::Servers => servers,
                Side::Clients => clients,
            };
            match door.accept() {
                Visit::Gone => {}
                Visit::Nobody => {
                    // The kernel takes a descriptor before it looks who waits: there is one.
                    self.no_room = false;
                    return false;
                }
                Visit::Came(stream, from) => self.welcome(stream, from, side),
                Visit::NoRoom(error) => {
                    if !std::mem::replace(&mut self.no_room, true) {
                        log::warn!("nobody can come in for now: {error}");
                    }
                    self.node.hit(Limit::no_room);
                    self.doors_retry = Some(self.now.mono + LIMITS.no_room);
                    return false;
                }
            }
        }
        true
    }

    fn welcome(&mut self, stream: TcpStream, from: SocketAddr, side: Side) {
        let (kind, limit, which) = match side {
            Side::Clients => (Kind::Client, self.clients_max, Limit::clients),
            // Two of each neighbour, for a new link may come before the old one is seen to be
            // gone; and strangers, who are silent for some seconds at most.
            Side::Servers => {
                let limit = 2 * self.links.len() + LIMITS.strangers;
                (Kind::Link, limit, Limit::strangers)
            }
        };
        if self.conns.count(side) >= limit {
            self.node.hit(which);
            // Dropping the stream closes it at once: better than to leave it waiting.
            let quiet_until = &mut self.crowded[side as usize];
            if self.now.mono >= *quiet_until {
                *quiet_until = self.now.mono + LIMITS.warning;
                log::warn!("{from} turned away, and who comes next: {limit} have come in already");
            }
            return;
        }
        match self.register(stream, kind, Some(side)) {
            Ok(conn) => self.node.handle(
                self.now,
                Event::Accepted {
                    conn,
                    door: side,
                    from,
                },
            ),
            Err(error) => log::warn!("{from} turned away: {error}"),
        }
    }

    /// Registers a stream, for life, and gives it a name.
    fn register(
        &mut self,
        mut stream: TcpStream,
        kind: Kind,
        side: Option<Side>,
    ) -> io::Result<ConnId> {
        // A reply is written whole: waiting for more to send with it would only delay it.
        stream.set_nodelay(true)?;
        let token = token::token(self.conns.next_id());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        Ok(self.conns.insert(stream, kind, side))
    }

    /// Closes a connection. There is room for one more, then.
    pub(super) fn remove(&mut self, id: ConnId) {
        self.conns.remove(id);
        if self.doors_retry.is_some() {
            self.doors_retry = Some(self.now.mono);
        }
    }

    /// Serves those who stand on the ready list now, links before clients.
    pub(super) fn serve_ready(&mut self) {
        let (links, clients) = self.ready.len();
        for _ in 0..links {
            if let Some(id) = self.ready.next_link() {
                self.serve(id, LIMITS.link_read);
            }
        }
        for _ in 0..clients {
            if let Some(id) = self.ready.next_client() {
                self.serve(id, LIMITS.client_read);
            }
        }
    }

    /// One write and one read at most. Whoever has more goes back on the list.
    fn serve(&mut self, id: ConnId, read_max: usize) {
        let Some(entry) = self.conns.get(id) else {
            return;
        };
        entry.listed = false;
        if let Kind::Dialling(peer) = entry.kind {
            return self.dialled(id, peer);
        }
        self.write(id);
        self.read(id, read_max);
    }

    fn read(&mut self, id: ConnId, read_max: usize) {
        let Some(entry) = self.conns.get(id) else {
            return;
        };
        if entry.paused {
            return;
        }
        self.ledger.enter(Phase::Read, || self.clock.mono());
        let got = entry.conn.read(&mut self.buffer[..read_max]);
        self.ledger.enter(Phase::Node, || self.clock.mono());
        if entry.conn.is_readable() {
            self.ready.list(entry);
        }
        match got {
            ReadOutcome::Nothing => {}
            ReadOutcome::Bytes(count) => {
                // Now, not at the turn's start: a difference is measured to when it came.
                self.now = self.clock.now();
                let bytes = &self.buffer[..count];
                self.node
                    .handle(self.now, Event::Received { conn: id, bytes });
                if self.node.log_text().len() > LIMITS.notes {
                    self.node.hit(Limit::notes);
                    self.write_log();
                }
            }
            ReadOutcome::Ended => {
                // A reset that comes behind the end is not read(2), but stands in SO_ERROR: what
                // was sent to a neighbour after it had closed is lost, and it is to know that.
                let reset = match entry.kind {
                    Kind::Client => None,
                    _ => entry.conn.stream.take_error().ok().flatten(),
                };
                match reset {
                    Some(error) => self.broken(id, error.to_string()),
                    None => self.node.handle(self.now, Event::Ended { conn: id }),
                }
            }
            ReadOutcome::Broken(why) => self.broken(id, why),
        }
    }

    fn broken(&mut self, id: ConnId, why: String) {
        self.remove(id);
        self.node.handle(self.now, Event::Broken { conn: id, why });
    }

    /// Writes what the node has for a connection, once.
    pub(super) fn write(&mut self, id: ConnId) {
        let Some(entry) = self.conns.get(id) else {
            return;
        };
        let unsent = self.node.unsent(id);
        if unsent.is_empty() {
            return;
        }
        self.ledger.enter(Phase::Flush, || self.clock.mono());
        let count = entry.conn.write(unsent);
        self.ledger.enter(Phase::Node, || self.clock.mono());
        self.node.advance(self.now, id, count);
        let more = entry.conn.is_writable() && !self.node.unsent(id).is_empty();
        if more || entry.conn.is_readable() && !entry.paused {
            self.ready.list(entry);
        }
    }

    /// Stops or begins to read from a connection.
    pub(super) fn pause(&mut self, id: ConnId, paused: bool) {
        let Some(entry) = self.conns.get(id) else {
            return;
        };
        entry.paused = paused;
        if entry.conn.is_readable() && !paused {
            self.ready.list(entry);
        }
    }

    /// All is sent: shuts down sending. Whoever is gone already is seen at the next read.
    pub(super) fn finish(&mut self, id: ConnId) {
        if let Some(entry) = self.conns.get(id) {
            let _ = entry.conn.stream.shutdown(Shutdown::Write);
        }
    }

    /// Begins to connect to a neighbour, and drops what was tried before.
    pub(super) fn dial(&mut self, peer: PeerId) {
        let attempt = &mut self.attempts[peer.index()];
        attempt.number += 1;
        attempt.addresses.clear();
        if let Some(old) = attempt.conn.take() {
            self.remove(old);
        }
        let target = self.links[peer.index()].as_ref().map(|link| link.1.clone());
        match target {
            None => {}
            Some(Target::Address(address)) => self.dial_all(peer, vec![address]),
            Some(Target::Name(host, port)) => {
                let attempt = self.attempts[peer.index()].number;
                let job = Name {
                    peer,
                    attempt,
                    host,
                    port,
                };
                let queued = self
                    .resolver
                    .as_ref()
                    .is_some_and(|pool| pool.submit(job).is_ok());
                if !queued {
                    self.node.hit(Limit::names_queued);
                    self.dial_failed(peer, "too many names to resolve".to_string());
                }
            }
        }
    }

    fn dial_all(&mut self, peer: PeerId, addresses: Vec<SocketAddr>) {
        self.attempts[peer.index()].addresses = addresses.into();
        self.dial_next(peer, "its name has no address".to_string());
    }

    /// Tries the next address, having failed with `why` so far.
    fn dial_next(&mut self, peer: PeerId, mut why: String) {
        while let Some(address) = self.attempts[peer.index()].addresses.pop_front() {
            let stream = dial::connect(address, self.source);
            match stream.and_then(|stream| self.register(stream, Kind::Dialling(peer), None)) {
                Ok(conn) => {
                    self.attempts[peer.index()].conn = Some(conn);
                    return;
                }
                Err(error) => why = error.to_string(),
            }
        }
        self.dial_failed(peer, why);
    }

    /// An event on a connection that is being made.
    fn dialled(&mut self, conn: ConnId, peer: PeerId) {
        let Some(entry) = self.conns.get(conn) else {
            return;
        };
        match dial::outcome(&entry.conn.stream) {
            None => {}
            Some(Ok(())) => {
                entry.kind = Kind::Link;
                self.attempts[peer.index()].conn = None;
                if entry.conn.is_readable() {
                    self.ready.list(entry);
                }
                self.node.handle(self.now, Event::Dialled { peer, conn });
            }
            Some(Err(error)) => {
                self.remove(conn);
                self.attempts[peer.index()].conn = None;
                self.dial_next(peer, error.to_string());
            }
        }
    }

    fn dial_failed(&mut self, peer: PeerId, why: String) {
        self.node.handle(self.now, Event::DialFailed { peer, why });
    }

    /// Takes in what the workers have published.
    pub(super) fn take_results(&mut self) {
        for (id, answer) in self.lookups.results() {
            self.node.handle(self.now, Event::LookedUp { id, answer });
        }
        self.take_journal_results();
        let names = self
            .resolver
            .as_ref()
            .map(|pool| pool.results())
            .unwrap_or_default();
        for resolved in names {
            let peer = resolved.peer;
            if resolved.attempt != self.attempts[peer.index()].number {
                continue;
            }
            match resolved.addresses {
                Ok(found) => {
                    let addresses = found.iter().map(|address| address.ip()).collect();
                    self.node
                        .handle(self.now, Event::Resolved { peer, addresses });
                    self.dial_all(peer, found);
                }
                Err(why) => self.dial_failed(peer, why),
            }
        }
    }
}
