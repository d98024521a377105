//! Step 8: a name is used once, so a stale one finds nobody instead of somebody else.
//!
//! A slab gives the place of a client that has left to the next one, and the kernel does the same
//! with descriptors. In step 7 the place was the name: `bye 0`, said of a client that has left,
//! hit the next one in its place. The same happens to everything that outlives a turn: an event
//! of the batch, a deadline, an answer that a worker finds too late. Here a name is the place
//! *and* a number that counts all clients so far: `herd::units::ConnId`. Every access compares
//! the whole name. It is also the token of the poll, so events are safe without another thought.
//!
//! The cheat left: a client that is silent in the middle of a line stays for ever (step 9).

use std::collections::BTreeSet;
use std::io;
use std::net::TcpListener;

use herd::reactor::wait;
use herd::units::ConnId;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::s02_door::{DOOR, Door};
use super::s03_edges::Client;
use super::s07_budget::Fair;

/// Clients by their names. All later steps have them.
pub struct Named<C> {
    places: Slab<(ConnId, C)>,
    /// All clients so far.
    count: u32,
}

impl<C> Named<C> {
    pub fn new() -> Named<C> {
        let (places, count) = (Slab::new(), 0);
        Named { places, count }
    }

    /// The name that the next client will have.
    pub fn next_name(&self) -> ConnId {
        ConnId::new(self.count + 1, self.places.vacant_key())
    }

    pub fn insert(&mut self, client: C) -> ConnId {
        let name = self.next_name();
        self.count += 1;
        self.places.insert((name, client));
        name
    }

    /// The client of that name, if it is still there.
    pub fn get(&mut self, name: ConnId) -> Option<&mut C> {
        let place = self.places.get_mut(name.key());
        place.filter(|it| it.0 == name).map(|it| &mut it.1)
    }

    /// Closes the client of that name, if it is still there.
    pub fn remove(&mut self, name: ConnId) {
        if self.get(name).is_some() {
            self.places.remove(name.key());
        }
    }
}

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut door = Door::new(listener, poll.registry())?;
    let mut clients = Named::<Fair>::new();
    let mut ready = BTreeSet::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let is_busy = !ready.is_empty();
        let timeout = is_busy.then_some(0).or(door.again);
        wait(&mut poll, &mut events, timeout)?;
        for event in &events {
            let name = ConnId(event.token().0 as u64);
            if event.token() == DOOR {
                door.event();
            } else if let Some(client) = clients.get(name) {
                client.conn.event(event.into());
                ready.insert(name);
            }
        }
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        for mut stream in door.accept() {
            let token = Token(clients.next_name().0 as usize);
            if let Ok(()) = poll.registry().register(&mut stream, token, all) {
                clients.insert(Fair::new(stream));
            }
        }
        let mut leaving = Vec::new();
        for name in std::mem::take(&mut ready) {
            if let Some(client) = clients.get(name) {
                client.serve(name.0 as usize, &mut buffer, &mut leaving);
                if client.has_work() {
                    ready.insert(name);
                }
            }
        }
        for name in leaving {
            clients.remove(ConnId(name as u64));
        }
    }
}
