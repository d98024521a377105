//! Step 1: one thread waits for everybody at once, and sends each client its own bytes back.
//!
//! The whole of an event loop is here: *wait* until the kernel has news, then act on each piece of
//! it. Everything else in this book mends what this program gets wrong. Its cheats:
//!
//! - An event is taken for one visitor, or for one message. The kernel says only that something
//!   has changed since it last said so: there may be more (steps 2 and 3).
//! - Any error of a visitor ends the server (step 2), and any error of a read ends the client
//!   (step 3), even one that means "nothing for now".
//! - A message is whatever one read(2) finds (step 4), and a write takes all of it (step 5).

use std::io::{self, Read, Write};

use herd::reactor::wait;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

/// All that we watch has a number of our choice, which comes with its events. A client's is small.
const DOOR: Token = Token(usize::MAX);

/// Serves for ever, or until an error.
pub fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    // One thread serves all, so it may wait in one place only: no accept, read or write may block.
    listener.set_nonblocking(true)?;
    let mut door = TcpListener::from_std(listener);
    let mut poll = Poll::new()?; // epoll_create1(2)
    let mut events = Events::with_capacity(256);
    let registry = poll.registry().try_clone()?;
    registry.register(&mut door, DOOR, Interest::READABLE)?; // epoll_ctl(2)
    let mut clients = Slab::new();
    let mut buffer = [0; 16 << 10];
    loop {
        // The only line that sleeps. It costs nothing while nothing happens.
        wait(&mut poll, &mut events, None)?; // epoll_wait(2)
        for event in &events {
            match event.token() {
                DOOR => {
                    let (mut client, _) = door.accept()?;
                    let slot = clients.vacant_entry();
                    let token = Token(slot.key());
                    registry.register(&mut client, token, Interest::READABLE)?;
                    slot.insert(client);
                }
                Token(key) => {
                    let client = &mut clients[key];
                    match client.read(&mut buffer) {
                        Ok(0) | Err(_) => drop(clients.remove(key)),
                        Ok(count) => client.write_all(&buffer[..count]).unwrap_or(()),
                    }
                }
            }
        }
    }
}
