//! The loop's connections: a slab of sockets, and those with work.
//!
//! Nothing here knows the node. Any error of a connection ends that connection only (rule 6), and
//! its next read reports it.

use std::io::{self, Read, Write};

use mio::net::TcpStream;
use mio::{Interest, Poll};
use slab::Slab;
use socket2::SockRef;

use super::conn::{Conn, Readiness};
use super::ready::Ready;
use super::socket::{Entry, Origin, Socket};
use super::token;
use crate::limits::LIMITS;
use crate::node::Door;
use crate::units::ConnId;

/// All connections. Every access checks the whole name, so a stale one finds nothing.
pub struct Sockets<S = TcpStream> {
    /// By the low half of their names.
    slots: Slab<Entry<S>>,
    /// Connections so far.
    generation: u32,
    /// Open connections by the door that they came in by.
    pub accepted: [usize; 2],
    /// The connections with work.
    pub ready: Ready,
    /// All connections are read into it, one after the other.
    buffer: Box<[u8]>,
    /// Whether a connection was closed since this was last looked at.
    pub has_closed: bool,
}

impl<S: Read + Write> Sockets<S> {
    /// The name that the next connection will have.
    fn next_id(&self) -> ConnId {
        // The highest values are the tokens of other things.
        ConnId::new((self.generation + 1) % u32::MAX, self.slots.vacant_key())
    }

    fn insert(&mut self, stream: S, origin: Origin) -> ConnId {
        let id = self.next_id();
        self.generation = (self.generation + 1) % u32::MAX;
        if let Origin::Door(door) = origin {
            self.accepted[door as usize] += 1;
        }
        self.slots.insert(Entry {
            id,
            conn: Conn::new(stream),
            origin,
            paused: false,
            in_ready_list: false,
            is_shut_down: false,
        });
        id
    }

    /// The connection of that name, if it is still there.
    pub fn get(&mut self, id: ConnId) -> Option<Socket<'_, S>> {
        let entry = self.slots.get_mut(id.key());
        Some(Socket {
            entry: entry.filter(|entry| entry.id == id)?,
            ready: &mut self.ready,
            buffer: &mut self.buffer,
        })
    }

    /// Rule 2: an event sets flags and puts the connection on the ready list. An event of the same
    /// batch may come after a close (mio #219): then no connection has that name any more.
    pub fn event(&mut self, id: ConnId, event: Readiness) {
        if let Some(mut socket) = self.get(id) {
            socket.entry.conn.event(event);
            socket.list();
        }
    }

    /// Does not read from a connection until it is resumed (rule 5).
    pub fn pause_reading(&mut self, id: ConnId) {
        if let Some(socket) = self.get(id) {
            socket.entry.paused = true;
        }
    }

    /// Reads from a connection again.
    pub fn resume_reading(&mut self, id: ConnId) {
        if let Some(mut socket) = self.get(id) {
            socket.entry.paused = false;
            socket.relist(false);
        }
    }

    /// Closes a connection.
    pub fn close(&mut self, id: ConnId) {
        if self.get(id).is_some() {
            if let Origin::Door(door) = self.slots.remove(id.key()).origin {
                self.accepted[door as usize] -= 1;
            }
            self.has_closed = true;
        }
    }
}

impl Sockets<TcpStream> {
    /// Adds a stream. Rule 1: it is registered once, for reading, writing and urgent bytes, and
    /// never again: one `epoll_ctl` for its whole life. Closing its descriptor takes it out of the
    /// poll (epoll(7)).
    ///
    /// # Errors
    /// The kernel's; the stream is closed.
    pub fn add(
        &mut self,
        mut stream: TcpStream,
        origin: Origin,
        poll: &Poll,
    ) -> io::Result<ConnId> {
        // A reply is written whole: waiting for more to send with it would only delay it.
        stream.set_nodelay(true)?;
        if origin != Origin::Door(Door::Clients) {
            // A link carries few packets, and each that is lost stalls those after it. TCP waits
            // twice as long before each repetition; while a stream is as thin as this one, six of
            // them may follow at even intervals instead. Not every kernel can.
            let _ = SockRef::from(&stream).set_tcp_thin_linear_timeouts(true);
        }
        let token = token::token(self.next_id());
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        poll.registry().register(&mut stream, token, all)?;
        Ok(self.insert(stream, origin))
    }
}

impl<S> Default for Sockets<S> {
    fn default() -> Sockets<S> {
        Sockets {
            slots: Slab::new(),
            generation: 0,
            accepted: [0; 2],
            ready: Ready::default(),
            buffer: vec![0; LIMITS.link_read].into_boxed_slice(),
            has_closed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::ErrorKind;

    use super::*;
    use crate::limits::Limits;
    use crate::reactor::conn::ReadOutcome;

    const READABLE: Readiness = Readiness {
        readable: true,
        writable: false,
        read_closed: false,
        urgent: false,
    };
    const WRITABLE: Readiness = Readiness {
        readable: false,
        writable: true,
        read_closed: false,
        urgent: false,
    };
    const CLIENT: Origin = Origin::Door(Door::Clients);
    const LINK: Origin = Origin::Door(Door::Servers);

    /// A socket's two buffers in the kernel.
    #[derive(Default)]
    struct Fake {
        received: VecDeque<u8>,
        room: usize,
    }

    impl Fake {
        fn with(received: usize) -> Fake {
            Fake {
                received: VecDeque::from(vec![b'x'; received]),
                room: 0,
            }
        }
    }

    impl Read for Fake {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.received.is_empty() {
                true => Err(ErrorKind::WouldBlock.into()),
                false => self.received.read(buffer),
            }
        }
    }

    impl Write for Fake {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            self.room -= count;
            match count {
                0 => Err(ErrorKind::WouldBlock.into()),
                _ => Ok(count),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Serves every connection of the ready list once, and says what each read brought.
    fn turn<S: Read + Write>(sockets: &mut Sockets<S>) -> Vec<(ConnId, ReadOutcome)> {
        sockets.ready.begin_turn();
        let mut outcomes = Vec::new();
        while let Some(id) = sockets.ready.next() {
            if let Some(mut socket) = sockets.get(id) {
                socket.begin();
                outcomes.push((id, socket.read()));
            }
        }
        outcomes
    }

    #[test]
    fn a_stale_name_finds_nothing() {
        let mut sockets = Sockets::default();
        let old = sockets.insert(Fake::with(1), CLIENT);
        sockets.event(old, READABLE);
        sockets.close(old);
        let new = sockets.insert(Fake::with(1), CLIENT);
        assert_eq!(old.key(), new.key());
        // Its place on the ready list, an event of the same batch, an action of the node's.
        assert_eq!(turn(&mut sockets), []);
        sockets.event(old, READABLE);
        assert_eq!(turn(&mut sockets), []);
        sockets.close(old);
        assert_eq!(sockets.accepted[Door::Clients as usize], 1);
        sockets.event(new, READABLE);
        assert_eq!(turn(&mut sockets), [(new, ReadOutcome::Bytes(1))]);
    }

    #[test]
    fn bytes_beyond_the_budget_are_read_in_the_next_turns_without_another_event() {
        let mut sockets = Sockets::default();
        for (origin, budget) in [
            (CLIENT, Limits::PRODUCT.client_read),
            (LINK, Limits::PRODUCT.link_read),
        ] {
            let id = sockets.insert(Fake::with(2 * budget + 1), origin);
            sockets.event(id, READABLE);
            for count in [budget, budget, 1] {
                assert_eq!(turn(&mut sockets), [(id, ReadOutcome::Bytes(count))]);
            }
            assert_eq!(turn(&mut sockets), []);
        }
    }

    #[test]
    fn an_event_takes_no_readiness_away() {
        let mut sockets = Sockets::default();
        let id = sockets.insert(Fake::with(1), CLIENT);
        sockets.event(id, READABLE);
        sockets.event(id, WRITABLE);
        assert_eq!(turn(&mut sockets), [(id, ReadOutcome::Bytes(1))], "once");
    }

    /// read(2) stops at the urgent byte, though there are bytes after it (tcp(7)).
    #[test]
    fn bytes_after_an_urgent_one_are_read_without_another_event() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut client = std::net::TcpStream::connect(address).expect("a connection");
        let (stream, _) = listener.accept().expect("the other end");
        stream.set_nonblocking(true).expect("a nonblocking stream");
        let mut poll = Poll::new().expect("a poll");
        let mut sockets = Sockets::default();
        let stream = TcpStream::from_std(stream);
        let id = sockets.add(stream, CLIENT, &poll).expect("a socket");
        client.write_all(b"one").expect("to write");
        let urgent = socket2::SockRef::from(&client).send_out_of_band(b"!");
        assert_eq!(urgent.expect("to write"), 1);
        client.write_all(b"three").expect("to write");
        let mut events = mio::Events::with_capacity(8);
        poll.poll(&mut events, None).expect("an event");
        for event in &events {
            sockets.event(token::conn(event.token()), event.into());
        }
        for outcome in [
            ReadOutcome::Bytes(3),
            ReadOutcome::Bytes(5),
            ReadOutcome::Nothing,
        ] {
            assert_eq!(turn(&mut sockets), [(id, outcome)]);
        }
        assert_eq!(turn(&mut sockets), []);
    }

    #[test]
    fn a_paused_connection_is_not_read_until_it_is_resumed() {
        let mut sockets = Sockets::default();
        let id = sockets.insert(Fake::with(1), CLIENT);
        sockets.pause_reading(id);
        sockets.event(id, READABLE);
        assert_eq!(turn(&mut sockets), [(id, ReadOutcome::Nothing)]);
        assert_eq!(turn(&mut sockets), []);
        // The event came while it was paused, and will not come again.
        sockets.resume_reading(id);
        assert_eq!(turn(&mut sockets), [(id, ReadOutcome::Bytes(1))]);
    }

    #[test]
    fn unsent_bytes_wait_for_room_and_not_on_the_ready_list() {
        let mut sockets = Sockets::default();
        let fake = Fake {
            received: VecDeque::new(),
            room: 3,
        };
        let id = sockets.insert(fake, CLIENT);
        let write = |sockets: &mut Sockets<Fake>, bytes: &[u8]| {
            let mut socket = sockets.get(id).expect("a socket");
            let count = socket.entry.conn.write(bytes);
            socket.relist(count < bytes.len());
            count
        };
        assert_eq!(write(&mut sockets, b"reply"), 0, "before the first event");
        sockets.event(id, WRITABLE);
        assert_eq!(turn(&mut sockets), [(id, ReadOutcome::Nothing)]);
        assert_eq!(write(&mut sockets, b"reply"), 3);
        assert_eq!(turn(&mut sockets), []);
    }

    #[test]
    fn closing_is_told() {
        let mut sockets = Sockets::default();
        let id = sockets.insert(Fake::default(), LINK);
        assert_eq!(sockets.accepted[Door::Servers as usize], 1);
        assert!(!sockets.has_closed);
        sockets.close(id);
        assert_eq!(sockets.accepted[Door::Servers as usize], 0);
        assert!(sockets.has_closed);
    }
}
