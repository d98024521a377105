//! The connection to one server that is asked for its status.

use std::io;
use std::net::SocketAddr;
use std::vec::IntoIter;

use memchr::memchr;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::Answer;
use super::dialogue::{Dialogue, Step};
use crate::limits::Limits;
use crate::reactor::{Conn, ReadOutcome, connect, outcome};

/// How many bytes one line of a server may have.
const LINE_MAX: usize = Limits::PRODUCT.status_line;

/// One question under way.
pub struct Call<'a> {
    /// None: still under way.
    pub answer: Option<Answer>,
    token: Token,
    dialogue: Dialogue<'a>,
    /// Addresses that are still to be tried.
    addresses: IntoIter<SocketAddr>,
    conn: Option<Conn<TcpStream>>,
    /// The conversation has begun, so no other address is tried.
    has_connected: bool,
    unsent: Vec<u8>,
    /// The start of the server's next line.
    line: Vec<u8>,
}

impl<'a> Call<'a> {
    pub fn new(token: Token, dialogue: Dialogue<'a>) -> Call<'a> {
        Call {
            answer: None,
            token,
            unsent: dialogue.start().into_bytes(),
            dialogue,
            addresses: IntoIter::default(),
            conn: None,
            has_connected: false,
            line: Vec::new(),
        }
    }

    /// Connects to the first of `addresses` that accepts.
    pub fn dial(&mut self, registry: &Registry, addresses: io::Result<IntoIter<SocketAddr>>) {
        let none = io::Error::other("its name has no address");
        let error = addresses.map(|all| self.addresses = all).err();
        self.dial_next(registry, error.unwrap_or(none));
    }

    /// The address before failed with `error`.
    fn dial_next(&mut self, registry: &Registry, mut error: io::Error) {
        self.conn = None;
        for address in self.addresses.by_ref() {
            let dialled = connect(address, None).and_then(|mut stream| {
                let both = Interest::READABLE | Interest::WRITABLE;
                registry.register(&mut stream, self.token, both)?;
                Ok(Conn::new(stream))
            });
            match dialled {
                Ok(conn) => return self.conn = Some(conn),
                Err(why) => error = why,
            }
        }
        self.answer = Some(Answer::Down(match error.kind() {
            io::ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
            _ => error.to_string(),
        }));
    }

    /// Takes in an event of the poll, and goes on as far as the socket allows.
    pub fn event(&mut self, registry: &Registry, event: &Event) {
        let (Some(conn), None) = (&mut self.conn, &self.answer) else {
            return;
        };
        conn.event(event.into());
        self.answer = match outcome(&conn.stream) {
            None => return,
            Some(Err(error)) if !self.has_connected => return self.dial_next(registry, error),
            Some(_) => {
                self.has_connected = true;
                self.talk().unwrap_or_else(|why| Some(Answer::Down(why)))
            }
        }
    }

    /// Writes what is to be said and reads all that has come. The loop needs no ready list, since a
    /// server can say no more than two lines.
    fn talk(&mut self) -> Result<Option<Answer>, String> {
        let Some(conn) = &mut self.conn else {
            return Ok(None);
        };
        let mut bytes = [0; 4096];
        loop {
            let count = conn.write(&self.unsent);
            self.unsent.drain(..count);
            match conn.read(&mut bytes) {
                ReadOutcome::Nothing => return Ok(None),
                ReadOutcome::Ended => {
                    return Err("it ended the connection without an answer".into());
                }
                ReadOutcome::Broken(why) => return Err(why),
                ReadOutcome::Bytes(count) => self.line.extend_from_slice(&bytes[..count]),
            }
            if let Some(end) = memchr(b'\n', &self.line) {
                match self.dialogue.hear(&self.line[..end])? {
                    Step::Done(status) => return Ok(Some(Answer::Up(status))),
                    Step::Say(text) => self.unsent.extend_from_slice(text.as_bytes()),
                }
                self.line.drain(..=end);
            } else if self.line.len() > LINE_MAX {
                return Err("its answer is too long".to_string());
            }
        }
    }
}
