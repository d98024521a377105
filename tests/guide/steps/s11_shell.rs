//! The sockets of step 11. They know bytes, ends and readiness; they know no line and no core.

use std::net::{Shutdown, SocketAddr, TcpListener};
use std::{collections::BTreeSet, io};

use herd::reactor::{Conn, ReadOutcome, wait};
use herd::units::ConnId;
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use super::s02_door::{DOOR, Door};
use super::s08_names::Named;

/// A connection came, or may be read or written.
pub enum News {
    Came(SocketAddr),
    Ready,
}

struct Socket {
    conn: Conn<TcpStream>,
    is_heard: bool, // it may be read
}

pub struct Sockets {
    poll: Poll,
    events: Events,
    door: Door,
    sockets: Named<Socket>,
    ready: BTreeSet<ConnId>,
    buffer: Vec<u8>,
}

impl Sockets {
    pub fn new(listener: TcpListener) -> io::Result<Sockets> {
        let poll = Poll::new()?;
        Ok(Sockets {
            door: Door::new(listener, poll.registry())?,
            poll,
            events: Events::with_capacity(256),
            sockets: Named::new(),
            ready: BTreeSet::new(),
            buffer: vec![0; 16 << 10],
        })
    }

    /// Sleeps for at most this long, and returns the news.
    pub fn wait(&mut self, most: Option<u64>) -> io::Result<Vec<(ConnId, News)>> {
        let work = (!self.ready.is_empty()).then_some(0);
        let timeout = [work, self.door.again, most].into_iter().flatten().min();
        wait(&mut self.poll, &mut self.events, timeout)?;
        for event in &self.events {
            let name = ConnId(event.token().0 as u64);
            if event.token() == DOOR {
                self.door.event();
            } else if let Some(socket) = self.sockets.get(name) {
                socket.conn.event(event.into());
                self.ready.insert(name);
            }
        }
        let ready = std::mem::take(&mut self.ready).into_iter();
        let mut news: Vec<_> = ready.map(|name| (name, News::Ready)).collect();
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        for mut stream in self.door.accept() {
            let token = Token(self.sockets.next_name().0 as usize);
            let is_watched = self.poll.registry().register(&mut stream, token, all);
            if let (Ok(()), Ok(from)) = (is_watched, stream.peer_addr()) {
                let (conn, is_heard) = (Conn::new(stream), true);
                let name = self.sockets.insert(Socket { conn, is_heard });
                news.push((name, News::Came(from)));
            }
        }
        Ok(news)
    }

    /// Reads once, unless nobody listens.
    pub fn read(&mut self, name: ConnId) -> (ReadOutcome, &[u8]) {
        let socket = self.sockets.get(name).filter(|it| it.is_heard);
        let outcome = socket.map(|it| it.conn.read(&mut self.buffer));
        let outcome = outcome.unwrap_or(ReadOutcome::Nothing);
        self.list(name, false);
        match outcome {
            ReadOutcome::Bytes(count) => (outcome, &self.buffer[..count]),
            _ => (outcome, &[]),
        }
    }

    /// Writes once, and returns how many bytes the socket took.
    pub fn write(&mut self, name: ConnId, bytes: &[u8]) -> usize {
        let socket = self.sockets.get(name);
        let count = socket.map_or(0, |it| it.conn.write(bytes));
        self.list(name, count < bytes.len());
        count
    }

    pub fn listen(&mut self, name: ConnId, is_heard: bool) {
        if let Some(socket) = self.sockets.get(name) {
            socket.is_heard = is_heard;
        }
        self.list(name, false);
    }

    /// Puts it on the ready list, if it could go on at once.
    fn list(&mut self, name: ConnId, has_unsent: bool) {
        if let Some(Socket { conn, is_heard }) = self.sockets.get(name)
            && (*is_heard && conn.is_readable() || has_unsent && conn.is_writable())
        {
            self.ready.insert(name);
        }
    }

    pub fn finish(&mut self, name: ConnId) {
        if let Some(socket) = self.sockets.get(name) {
            let _ = socket.conn.stream.shutdown(Shutdown::Write);
        }
    }

    pub fn close(&mut self, name: ConnId) {
        self.sockets.remove(name);
    }
}
