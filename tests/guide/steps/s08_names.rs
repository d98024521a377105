//! Step 8: a name is used once, so a stale one finds nobody instead of somebody else.
//!
//! A slab gives the place of a client that has left to the next one. In step 7 the place was the
//! name, so `bye 0`, said of a client that has left, hit the next one; and so does an old event, a
//! deadline, or the late answer of a worker. Here a name is the place *and* a count of all clients
//! so far, `herd::units::ConnId`: the token of the poll, too. Every access compares all of it.
//! The cheat left: half a line stays for ever (step 9).

use std::{collections::BTreeSet, io, net::TcpListener};

use herd::{reactor::wait, units::ConnId};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use slab::Slab;

use super::s02_door::{DOOR, Door};
use super::{s03_edges::Client, s07_budget::Fair};

/// Clients by their names. All later steps have them.
pub struct Named<C> {
    places: Slab<(ConnId, C)>,
    count: u32, // all clients so far
}

impl<C> Named<C> {
    pub fn new() -> Named<C> {
        let places = Slab::new();
        Named { places, count: 0 }
    }

    pub fn next_name(&self) -> ConnId {
        ConnId::new(self.count + 1, self.places.vacant_key())
    }

    pub fn insert(&mut self, client: C) -> ConnId {
        let name = self.next_name();
        self.count += 1;
        self.places.insert((name, client));
        name
    }

    pub fn get(&mut self, name: ConnId) -> Option<&mut C> {
        let place = self.places.get_mut(name.key());
        place.filter(|it| it.0 == name).map(|it| &mut it.1)
    }

    pub fn remove(&mut self, name: ConnId) {
        if self.get(name).is_some() {
            self.places.remove(name.key());
        }
    }
}

/// The half of the loop that looks at the kernel. Later steps have it, too.
pub struct Shell<C> {
    pub poll: Poll,
    events: Events,
    door: Door,
    pub clients: Named<C>,
    pub ready: BTreeSet<ConnId>,
}

impl<C: Client> Shell<C> {
    pub fn new(listener: TcpListener) -> io::Result<Shell<C>> {
        let poll = Poll::new()?;
        Ok(Shell {
            door: Door::new(listener, poll.registry())?,
            poll,
            events: Events::with_capacity(256),
            clients: Named::new(),
            ready: BTreeSet::new(),
        })
    }

    /// Sleeps until there is news or work, or for `most` nanoseconds, and takes the news in.
    pub fn wait(&mut self, most: Option<u64>) -> io::Result<()> {
        let work = (!self.ready.is_empty()).then_some(0);
        let timeout = [work, self.door.again, most].into_iter().flatten().min();
        wait(&mut self.poll, &mut self.events, timeout)?;
        for event in &self.events {
            let name = ConnId(event.token().0 as u64);
            if event.token() == DOOR {
                self.door.event();
            } else if let Some(client) = self.clients.get(name) {
                client.conn().event(event.into());
                self.ready.insert(name);
            }
        }
        for stream in self.door.accept() {
            self.add(stream);
        }
        Ok(())
    }

    /// Watches a connection, under a new name.
    pub fn add(&mut self, mut stream: TcpStream) -> Option<ConnId> {
        let token = Token(self.clients.next_name().0 as usize);
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        (self.poll.registry())
            .register(&mut stream, token, all)
            .ok()?;
        Some(self.clients.insert(C::new(stream)))
    }
}

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let mut shell = Shell::<Fair>::new(listener)?;
    let (mut buffer, mut leaving) = (vec![0; 16 << 10], Vec::new());
    loop {
        shell.wait(None)?;
        for name in std::mem::take(&mut shell.ready) {
            if let Some(client) = shell.clients.get(name) {
                client.serve(name.0 as usize, &mut buffer, &mut leaving);
                if client.has_work() {
                    shell.ready.insert(name);
                }
            }
        }
        (leaving.drain(..)).for_each(|name| shell.clients.remove(ConnId(name as u64)));
    }
}
