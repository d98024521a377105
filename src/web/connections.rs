//! The sockets of the loop, edge-triggered: each with the state of its connection, those with work
//! on a list, and their deadlines.

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use slab::Slab;
use socket2::SockRef;

use super::http::{HttpConn, Request, Response};
use super::routes::View;
use super::tally::Tally;
use crate::buffers::Timers;
use crate::limits::LIMITS;
use crate::reactor::{Conn, ReadOutcome};
use crate::units::{ConnId, Mono, Now};

/// All connections, by their tokens.
pub struct Connections {
    slots: Slab<Entry>,
    /// The token of the first slot.
    first: usize,
    tally: Tally,
    generation: u32,
    ready: VecDeque<usize>,
    timers: Timers<usize>,
    buffer: Vec<u8>,
}

struct Entry {
    id: ConnId,
    conn: Conn<TcpStream>,
    http: HttpConn,
    /// The look that it waits for.
    waits_for: Option<View>,
    is_listed: bool,
    /// Its part of the tally.
    counted: Tally,
}

impl Connections {
    /// Their tokens begin with `first`.
    pub fn new(first: Token) -> Connections {
        Connections {
            slots: Slab::new(),
            first: first.0,
            tally: Tally::default(),
            generation: 0,
            ready: VecDeque::new(),
            timers: Timers::default(),
            buffer: vec![0; LIMITS.web_head],
        }
    }

    /// Lets a connection in. If there are too many, the one that has been idle longest makes room,
    /// and if none is, the new one is closed.
    ///
    /// # Errors
    /// The kernel's; the stream is closed.
    pub fn add(&mut self, mut stream: TcpStream, now: Now, registry: &Registry) -> io::Result<()> {
        if self.slots.len() >= LIMITS.web_connections && !self.make_room() {
            return Ok(());
        }
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_send_buffer_size(LIMITS.web_kernel)?;
        let key = self.slots.vacant_key();
        // Urgent bytes cut reads short, and no further edge would come (tcp(7)).
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        registry.register(&mut stream, Token(self.first + key), all)?;
        self.generation = self.generation.wrapping_add(1);
        let http = HttpConn::new(now);
        self.timers.set(key, http.deadline());
        self.slots.insert(Entry {
            id: ConnId::new(self.generation, key),
            conn: Conn::new(stream),
            http,
            waits_for: None,
            is_listed: false,
            counted: Tally::default(),
        });
        Ok(())
    }

    fn make_room(&mut self) -> bool {
        let idle = self.slots.iter().filter(|(_, entry)| entry.http.is_idle());
        let oldest = idle.min_by_key(|(_, entry)| entry.http.deadline());
        let oldest = oldest.map(|(key, _)| key);
        oldest.inspect(|key| self.close(*key)).is_some()
    }

    /// Takes in an event. No connection is closed while events are taken in, so each is that of the
    /// connection which has its token now.
    pub fn event(&mut self, event: &Event) {
        let key = event.token().0 - self.first;
        if let Some(entry) = self.slots.get_mut(key) {
            entry.conn.event(event.into());
            self.list(key);
        }
    }

    /// The next connection with work.
    pub fn next(&mut self) -> Option<usize> {
        let key = self.ready.pop_front()?;
        if let Some(entry) = self.slots.get_mut(key) {
            entry.is_listed = false;
        }
        Some(key)
    }

    /// How many have work now.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Reads once, and takes a request if one is whole. It must be answered.
    pub fn read(&mut self, key: usize, now: Now) -> Option<(ConnId, Request)> {
        let entry = self.slots.get_mut(key)?;
        let room = entry.http.room().min(self.buffer.len());
        if room > 0 {
            match entry.conn.read(&mut self.buffer[..room]) {
                ReadOutcome::Bytes(count) => entry.http.received(&self.buffer[..count], now),
                ReadOutcome::Ended => entry.http.ended(),
                ReadOutcome::Nothing => {}
                ReadOutcome::Broken(_) => {
                    self.close(key);
                    return None;
                }
            }
        }
        let request = entry.http.next_request(now)?;
        Some((entry.id, request))
    }

    /// Answers the request of a connection, if it is still there.
    pub fn respond(&mut self, id: ConnId, response: &Response, now: Now) {
        if let Some(entry) = self.get(id) {
            entry.http.respond(response, now);
            self.list(id.key());
        }
    }

    /// A connection has to wait for a look, or for the reply of a server.
    pub fn wait(&mut self, id: ConnId, look: Option<View>, until: Mono) {
        if let Some(entry) = self.get(id) {
            entry.waits_for = look;
            entry.http.answer_by(until);
            self.count(id.key());
        }
    }

    /// A look has come, with the answer for each view; `all` tells a new listener of the changes
    /// before.
    pub fn show<'a>(
        &mut self,
        answer: impl Fn(View) -> &'a Response,
        mut all: impl FnMut() -> Arc<[u8]>,
        now: Now,
    ) {
        let waiting = |(key, entry): (usize, &Entry)| Some((key, entry.waits_for?));
        let waiting: Vec<(usize, View)> = self.slots.iter().filter_map(waiting).collect();
        for (key, view) in waiting {
            self.slots[key].waits_for = None;
            self.show_one(self.slots[key].id, view, answer(view), &mut all, now);
        }
    }

    /// Shows a look to one connection.
    pub fn show_one(
        &mut self,
        id: ConnId,
        view: View,
        answer: &Response,
        all: impl FnOnce() -> Arc<[u8]>,
        now: Now,
    ) {
        if let Some(entry) = self.get(id) {
            // An error ends, and a stream does not.
            match view == View::Events && answer.status == 200 {
                true => entry.http.stream(answer, all(), now),
                false => entry.http.respond(answer, now),
            }
            self.list(id.key());
        }
    }

    /// Tells each listener of an event with this number of changes. `all` is for one that was slow.
    pub fn tell(
        &mut self,
        event: &Arc<[u8]>,
        changes: u64,
        mut all: impl FnMut() -> Arc<[u8]>,
        now: Now,
    ) {
        let listening = |(key, entry): (usize, &Entry)| entry.http.is_streaming().then_some(key);
        let listening: Vec<usize> = self.slots.iter().filter_map(listening).collect();
        for key in listening {
            self.slots[key].http.event(event, changes, &mut all, now);
            self.list(key);
        }
    }

    /// Writes what can be written, and sees what is left to do.
    pub fn settle(&mut self, key: usize, now: Now) {
        let Some(entry) = self.slots.get_mut(key) else {
            return;
        };
        let was_reading = entry.http.is_reading();
        while !entry.http.unsent().is_empty() {
            let count = entry.conn.write(entry.http.unsent());
            if count == 0 {
                break;
            }
            if entry.http.advance(count, now) {
                // It may be gone already.
                let _ = entry.conn.stream.shutdown(Shutdown::Write);
            }
        }
        if entry.http.is_closed() {
            return self.close(key);
        }
        self.timers.set(key, entry.http.deadline());
        let may_write = entry.conn.is_writable() && !entry.http.unsent().is_empty();
        let may_read = entry.conn.is_readable() && entry.http.room() > 0;
        // Behind an answer that has left, another request may have come already.
        let may_ask = entry.http.is_reading() && !was_reading;
        if may_ask || may_write || may_read {
            self.list(key);
        }
        self.count(key);
    }

    /// Tells the connections whose time is over.
    pub fn expire(&mut self, now: Now) {
        while let Some(key) = self.timers.expired(now.mono) {
            if let Some(entry) = self.slots.get_mut(key) {
                entry.waits_for = None;
                entry.http.on_timeout(now);
                self.list(key);
            }
        }
    }

    /// The next deadline.
    pub fn next_at(&self) -> Option<Mono> {
        self.timers.next()
    }

    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn get(&mut self, id: ConnId) -> Option<&mut Entry> {
        let entry = self.slots.get_mut(id.key());
        entry.filter(|entry| entry.id == id)
    }

    fn list(&mut self, key: usize) {
        let entry = &mut self.slots[key];
        if !std::mem::replace(&mut entry.is_listed, true) {
            self.ready.push_back(key);
        }
        self.count(key);
    }

    /// Brings the tally up to date after a connection has changed.
    fn count(&mut self, key: usize) {
        let entry = &mut self.slots[key];
        let is_listener = entry.http.is_streaming() || entry.waits_for == Some(View::Events);
        let counted = Tally {
            watchers: usize::from(is_listener || entry.waits_for.is_some()),
            listeners: usize::from(is_listener),
            unsent: entry.http.unsent_len(),
        };
        let before = std::mem::replace(&mut entry.counted, counted);
        self.tally.change(before, counted);
    }

    /// Closing the descriptor takes it out of the poll.
    fn close(&mut self, key: usize) {
        self.timers.stop(key);
        let entry = self.slots.remove(key);
        self.tally.change(entry.counted, Tally::default());
    }
}
