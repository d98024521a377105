//! One connection of the loop: when it is read, written, and put on the ready list.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use nix::sys::socket::getsockopt;
// The macro names these.
use nix::{getsockopt_impl, libc, sockopt_impl};

use super::conn::{Conn, ReadOutcome};
use super::connect;
use super::ready::Ready;
use crate::limits::LIMITS;
use crate::node::Door;
use crate::units::{ConnId, PeerId};

/// A connection.
pub struct Entry<S> {
    pub id: ConnId,
    pub conn: Conn<S>,
    pub origin: Origin,
    /// The node does not want to read from it now.
    pub paused: bool,
    pub in_ready_list: bool,
    /// We have shut down sending.
    pub is_shut_down: bool,
}

sockopt_impl!(
    /// The kernel's view of a connection (tcp(7)). Each kernel since 2.6 fills this much of it.
    TcpInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    libc::tcp_info
);

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Door(Door),
    /// It is still being made.
    Dialling(PeerId),
    Dialled,
}

/// A connection, looked up, with the list and the buffer that it shares with all others.
pub struct Socket<'a, S = TcpStream> {
    pub entry: &'a mut Entry<S>,
    pub ready: &'a mut Ready,
    pub buffer: &'a mut [u8],
}

impl<S: Read + Write> Socket<'_, S> {
    /// It has left the ready list to be served. Returns the neighbour if it is still being dialled.
    pub fn begin(&mut self) -> Option<PeerId> {
        self.entry.in_ready_list = false;
        match self.entry.origin {
            Origin::Dialling(peer) => Some(peer),
            _ => None,
        }
    }

    fn is_client(&self) -> bool {
        self.entry.origin == Origin::Door(Door::Clients)
    }

    /// Reads once, at most a turn's budget of bytes (rule 4), unless reading is paused: the
    /// kernel's window then slows the sender (rule 5).
    pub fn read(&mut self) -> ReadOutcome {
        if self.entry.paused {
            return ReadOutcome::Nothing;
        }
        let budget = match self.is_client() {
            true => LIMITS.client_read,
            false => LIMITS.link_read,
        };
        let outcome = self.entry.conn.read(&mut self.buffer[..budget]);
        self.relist(false);
        outcome
    }

    /// Rule 4: a connection that can go on at once is put on the ready list again. No new edge will
    /// come to say so.
    pub fn relist(&mut self, has_unsent: bool) {
        let conn = &self.entry.conn;
        let may_read = conn.is_readable() && !self.entry.paused;
        if may_read || has_unsent && conn.is_writable() {
            self.list();
        }
    }

    /// Puts it on the ready list, if it is not there (rule 3).
    pub fn list(&mut self) {
        if !std::mem::replace(&mut self.entry.in_ready_list, true) {
            self.ready.push(self.entry.id, self.is_client());
        }
    }
}

impl Socket<'_, TcpStream> {
    /// The result of dialling it; none: it is still under way.
    pub fn dial_outcome(&mut self) -> Option<io::Result<()>> {
        let outcome = connect::outcome(&self.entry.conn.stream)?;
        if outcome.is_ok() {
            self.entry.origin = Origin::Dialled;
            self.relist(false);
        }
        Some(outcome)
    }

    /// Shuts down sending. If the peer is gone already, the next read says so.
    pub fn write_eof(&mut self) {
        self.entry.is_shut_down = true;
        let _ = self.entry.conn.stream.shutdown(Shutdown::Write);
    }

    /// Whether the peer's host has acknowledged all our bytes and our end. Unless the peer has
    /// ended the connection, too, TCP is in the state FIN_WAIT2 then (RFC 9293, section 3.3.2).
    pub fn is_acknowledged(&self) -> bool {
        const FIN_WAIT2: u8 = 5;
        let info = getsockopt(&self.entry.conn.stream, TcpInfo);
        info.is_ok_and(|info| info.tcpi_state == FIN_WAIT2)
    }

    /// The fate of the bytes that the peer was sent, now that its end is read.
    ///
    /// A peer that closed before our bytes came answers them with a reset, which may arrive well
    /// after its end. So when both sides have shut down sending, the end counts only once the
    /// kernel has forgotten the peer (getpeername(2): ENOTCONN): then all our bytes are
    /// acknowledged, or SO_ERROR has the reset, which read(2) no longer returns. Either comes as an
    /// event of its own.
    pub fn end(&self) -> End {
        let stream = &self.entry.conn.stream;
        if self.is_client() {
            return End::Clean;
        }
        let is_pending = self.entry.is_shut_down && stream.peer_addr().is_ok();
        match stream.take_error() {
            Ok(Some(error)) | Err(error) => End::Reset(error),
            Ok(None) if is_pending => End::Pending,
            Ok(None) => End::Clean,
        }
    }
}

/// The meaning of the end of a link.
#[derive(Debug)]
pub enum End {
    /// The peer may still reset the connection. There will be another event.
    Pending,
    /// The peer was sent bytes after it had closed, and they are lost.
    Reset(io::Error),
    /// Nothing is lost.
    Clean,
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use mio::{Events, Poll, Token};

    use super::*;
    use crate::limits::Limits;
    use crate::reactor::conn::Readiness;

    /// A connection over which we have sent more than the peer has acknowledged, and the peer's
    /// side of it, which has shut down sending or not.
    fn unacknowledged(poll: &Poll, ends: bool) -> (Entry<TcpStream>, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let (peer, _) = listener.accept().expect("the other end");
        let all = mio::Interest::READABLE | mio::Interest::WRITABLE;
        let registered = poll.registry().register(&mut stream, Token(0), all);
        registered.expect("to register");
        let mut conn = Conn::new(stream);
        conn.event(Readiness {
            writable: true,
            ..Readiness::default()
        });
        // The peer does not read, so its window closes.
        while conn.write(&[b'x'; 1 << 16]) > 0 {}
        if ends {
            peer.shutdown(Shutdown::Write).expect("to shut down");
        }
        let entry = Entry {
            id: ConnId::new(1, 0),
            conn,
            origin: Origin::Dialled,
            paused: false,
            in_ready_list: false,
            is_shut_down: false,
        };
        (entry, peer)
    }

    /// Shuts down sending, then waits until the peer's end means something. True: all was
    /// acknowledged; false: it was reset.
    fn outcome(poll: &mut Poll, entry: &mut Entry<TcpStream>, act: impl FnOnce()) -> bool {
        let (mut ready, mut act) = (Ready::default(), Some(act));
        let mut buffer = vec![0; Limits::PRODUCT.link_read];
        let mut socket = Socket {
            entry,
            ready: &mut ready,
            buffer: &mut buffer,
        };
        socket.write_eof();
        let mut events = Events::with_capacity(8);
        loop {
            poll.poll(&mut events, None).expect("an event");
            for event in &events {
                socket.entry.conn.event(event.into());
            }
            match socket.read() {
                ReadOutcome::Nothing => {}
                ReadOutcome::Ended => match socket.end() {
                    End::Pending => act.take().into_iter().for_each(|act| act()),
                    End::Reset(_) => return false,
                    End::Clean => return true,
                },
                other => panic!("{other:?}"),
            }
        }
    }

    /// The peer does not end the connection.
    #[test]
    fn what_is_acknowledged_is_known() {
        let poll = Poll::new().expect("a poll");
        let (mut entry, mut peer) = unacknowledged(&poll, false);
        let (mut ready, mut buffer) = (Ready::default(), Vec::new());
        let mut socket = Socket {
            entry: &mut entry,
            ready: &mut ready,
            buffer: &mut buffer,
        };
        assert!(!socket.is_acknowledged(), "we have not ended it");
        socket.write_eof();
        assert!(!socket.is_acknowledged(), "the peer's window is closed");
        io::copy(&mut peer, &mut io::sink()).expect("to read to the end");
        // The last acknowledgement may take the kernel some milliseconds.
        let mut looks = 0..10_000;
        assert!(looks.any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            socket.is_acknowledged()
        }));
    }

    #[test]
    fn an_end_counts_only_once_everything_is_acknowledged() {
        let mut poll = Poll::new().expect("a poll");
        let (mut entry, mut peer) = unacknowledged(&poll, true);
        let reader = std::cell::RefCell::new(None);
        let read = || {
            let rest = std::thread::spawn(move || io::copy(&mut peer, &mut io::sink()));
            *reader.borrow_mut() = Some(rest);
        };
        assert!(outcome(&mut poll, &mut entry, read));
        assert!(reader.borrow().is_some(), "it was pending first");
    }

    #[test]
    fn an_end_with_a_reset_after_it_is_a_reset() {
        let mut poll = Poll::new().expect("a poll");
        let (mut entry, peer) = unacknowledged(&poll, true);
        // Closing with unread bytes resets the connection.
        assert!(!outcome(&mut poll, &mut entry, || drop(peer)));
    }
}
