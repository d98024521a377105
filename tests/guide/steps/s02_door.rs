//! Step 2: all who knock come in, and a visitor who cannot be let in does not end the server.
//!
//! Step 1 let one visitor in for each event. When twenty knock at once the kernel says so once,
//! and nineteen wait for ever. And when it had no descriptor left, it was gone. Here the door is
//! asked until nobody waits; a crowd is let in by portions, so that clients who are in are not
//! kept waiting; and for lack of descriptors the door waits a while, then tries again.
//!
//! The cheats left: one read for each event (step 3), messages without an end (step 4), writes
//! that take everything (step 5).

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use herd::reactor::{Accept, Listener, wait};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;
use socket2::{Domain, Socket, Type};

pub const DOOR: Token = Token(usize::MAX);

/// At most this many visitors come in before the clients have their turn.
const BATCH: usize = 64;
/// After an error that only time can mend, the door is tried again: 100 ms.
const RETRY: u64 = 100_000_000;

/// Opens the door. A server that was killed leaves connections in TIME_WAIT, and without
/// SO_REUSEADDR they keep the next server from this address for a minute (socket(7)).
pub fn open(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Where visitors come in. All later steps have this door.
pub struct Door {
    listener: Listener,
    /// The door must be looked at again, at the latest in this many nanoseconds, although no event
    /// will come to say so.
    pub again: Option<u64>,
}

impl Door {
    pub fn new(listener: std::net::TcpListener, registry: &Registry) -> io::Result<Door> {
        let mut listener = Listener::given(listener)?;
        listener.watch(registry, DOOR)?;
        let again = None;
        Ok(Door { listener, again })
    }

    /// Somebody knocks: at least one.
    pub fn event(&mut self) {
        self.listener.event();
    }

    /// Lets in all who wait, but at most a batch.
    pub fn accept(&mut self) -> Vec<TcpStream> {
        let mut visitors = Vec::new();
        self.again = Some(0);
        while visitors.len() < BATCH {
            match self.listener.accept() {
                Accept::Connection(stream, _) => visitors.push(stream),
                // This one is gone already. Others may stand behind it.
                Accept::Aborted(_) => {}
                Accept::WouldBlock => {
                    self.again = None;
                    break;
                }
                // Somebody waits, and there is nothing to let them in with (EMFILE). It was said
                // once that they are there: it will not be said again.
                Accept::OutOfDescriptors(_) | Accept::Failed(_) => {
                    self.listener.event();
                    self.again = Some(RETRY);
                    break;
                }
            }
        }
        visitors
    }
}

pub fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut door = Door::new(listener, poll.registry())?;
    let mut clients: Slab<TcpStream> = Slab::new();
    let mut buffer = [0; 16 << 10];
    loop {
        wait(&mut poll, &mut events, door.again)?;
        for event in &events {
            match event.token() {
                DOOR => door.event(),
                Token(key) => match clients[key].read(&mut buffer) {
                    Ok(0) | Err(_) => drop(clients.remove(key)),
                    Ok(count) => clients[key].write_all(&buffer[..count]).unwrap_or(()),
                },
            }
        }
        // After the events: those who leave make room for those who come.
        for mut client in door.accept() {
            let slot = clients.vacant_entry();
            let token = Token(slot.key());
            // A client that cannot be watched is dropped, and that closes its connection.
            let registry = poll.registry();
            if let Ok(()) = registry.register(&mut client, token, Interest::READABLE) {
                slot.insert(client);
            }
        }
    }
}
