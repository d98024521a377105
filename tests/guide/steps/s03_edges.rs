//! Step 3: an event is a hint that lasts until the kernel says "no more".
//!
//! The kernel reports a change once (epoll(7), EPOLLET). Step 2 read once for each report, so of
//! 40 KiB that came together it read 16 and never heard of the rest. Here an event only sets a
//! flag, in `herd::reactor::Conn`, and puts the client on the *ready list*. A turn serves each on
//! the list once. A client that could go on is listed again, for no event will remind us of it.
//!
//! Steps 4 to 7 are other clients on this loop. The cheats left: messages have no end (step 4), and
//! bytes that the socket does not take are lost (step 5).

use std::{collections::BTreeSet, io, net::TcpListener};

use herd::reactor::{Conn, ReadOutcome, wait};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use slab::Slab;

use super::s02_door::{DOOR, Door};

pub trait Client {
    fn new(stream: TcpStream) -> Self;
    fn conn(&mut self) -> &mut Conn<TcpStream>;
    /// Does one turn's work. The clients whose names it puts into `leaving` are closed after it.
    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>);
    /// Whether it could go on at once.
    fn has_work(&self) -> bool;
}

pub struct Server<C> {
    poll: Poll,
    events: Events,
    door: Door,
    clients: Slab<C>,
    /// The ready list: a client with work stands on it once.
    ready: BTreeSet<usize>,
    buffer: Vec<u8>,
}

impl<C: Client> Server<C> {
    pub fn new(listener: TcpListener) -> io::Result<Server<C>> {
        let poll = Poll::new()?;
        Ok(Server {
            door: Door::new(listener, poll.registry())?,
            poll,
            events: Events::with_capacity(256),
            clients: Slab::new(),
            ready: BTreeSet::new(),
            buffer: vec![0; 16 << 10],
        })
    }

    pub fn run(listener: TcpListener) -> io::Result<()> {
        let mut server = Server::<C>::new(listener)?;
        loop {
            server.turn()?;
        }
    }

    pub fn turn(&mut self) -> io::Result<()> {
        // While a client has work, the loop looks for news and does not sleep.
        let is_busy = !self.ready.is_empty();
        let timeout = is_busy.then_some(0).or(self.door.again);
        wait(&mut self.poll, &mut self.events, timeout)?;
        for event in &self.events {
            match event.token() {
                DOOR => self.door.event(),
                Token(key) => {
                    self.clients[key].conn().event(event.into());
                    self.ready.insert(key);
                }
            }
        }
        // Registered once, for everything, and never again. Without PRIORITY an urgent byte would
        // go unseen, and a read that stops at it would be taken for the last.
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        for mut stream in self.door.accept() {
            let token = Token(self.clients.vacant_key());
            if let Ok(()) = self.poll.registry().register(&mut stream, token, all) {
                self.clients.insert(C::new(stream));
            }
        }
        let mut leaving = Vec::new();
        // Each on the list is served once. Clients that are listed meanwhile wait for a turn.
        for key in std::mem::take(&mut self.ready) {
            if let Some(client) = self.clients.get_mut(key) {
                client.serve(key, &mut self.buffer, &mut leaving);
                if client.has_work() {
                    self.ready.insert(key);
                }
            }
        }
        leaving
            .iter()
            .for_each(|key| drop(self.clients.try_remove(*key)));
        Ok(())
    }
}

pub struct Echo(Conn<TcpStream>);

impl Client for Echo {
    fn new(stream: TcpStream) -> Echo {
        Echo(Conn::new(stream))
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.0
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        match self.0.read(buffer) {
            ReadOutcome::Bytes(count) => drop(self.0.write(&buffer[..count])),
            ReadOutcome::Nothing => {}
            ReadOutcome::Ended | ReadOutcome::Broken(_) => leaving.push(me),
        }
    }

    fn has_work(&self) -> bool {
        self.0.is_readable()
    }
}
