//! A nonblocking stream under an edge-triggered poll (epoll(7)): what may still be read or
//! written without waiting.
//!
//! Rule 2 of the loop: an edge comes once, so an event only sets a flag, and only proof that the
//! kernel has no more clears it: `WouldBlock`, or a short read or write. It knows no node and no
//! poll, and runs over any `Read + Write`.

use std::io::{Error, ErrorKind, Read, Write};

/// A stream and its readiness.
#[derive(Debug)]
pub struct Conn<S> {
    pub stream: S,
    readable: bool,
    writable: bool,
    /// More may follow the bytes of a short read: the end, an error, or bytes after an urgent one,
    /// at which read(2) stops (tcp(7)). No further edge will say so; only `WouldBlock` or the end
    /// proves that the socket is empty.
    until_blocked: bool,
    /// Why nothing can be written any more.
    failure: Option<Error>,
}

/// The part of a poll's event that concerns a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There is something to read.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// The peer has shut down sending, or there is an error to be read.
    pub read_closed: bool,
    /// The peer has sent an urgent byte.
    pub urgent: bool,
}

/// The result of a read.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The number of bytes at the start of the buffer.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The end: no more bytes will come.
    Ended,
    /// The connection is gone, and why.
    Broken(String),
}

impl<S> Conn<S> {
    /// A stream that was just registered. Nothing is known of it until its first event.
    pub fn new(stream: S) -> Conn<S> {
        Conn {
            stream,
            readable: false,
            writable: false,
            until_blocked: false,
            failure: None,
        }
    }

    /// Takes in an event.
    pub fn event(&mut self, event: Readiness) {
        self.until_blocked |= event.read_closed || event.urgent;
        self.readable |= event.readable || self.until_blocked;
        self.writable |= event.writable;
    }

    /// Whether a read may bring something.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether a write may take something, or drop it.
    pub fn is_writable(&self) -> bool {
        self.writable || self.failure.is_some()
    }
}

impl<S: Read + Write> Conn<S> {
    /// Reads once into `buffer`, if there may be something.
    pub fn read(&mut self, buffer: &mut [u8]) -> ReadOutcome {
        while self.readable {
            let error = match self.stream.read(buffer) {
                Ok(0) => None,
                Ok(count) => {
                    self.readable = count == buffer.len() || self.until_blocked;
                    return ReadOutcome::Bytes(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.failure.is_none() => {
                    (self.readable, self.until_blocked) = (false, false);
                    break;
                }
                Err(error) => Some(error),
            };
            self.readable = false;
            return match self.failure.take().or(error) {
                Some(why) => ReadOutcome::Broken(why.to_string()),
                None => ReadOutcome::Ended,
            };
        }
        ReadOutcome::Nothing
    }

    /// Writes once, if the socket may take something, and returns how many of `bytes` it took.
    ///
    /// After an error all bytes are dropped as if they were sent: words that the peer said before
    /// it went are still to be read, and reading tells that it is gone.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        if self.failure.is_some() {
            return bytes.len();
        }
        while self.writable && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => {
                    self.writable = count == bytes.len();
                    return count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) => {
                    self.failure = Some(error);
                    (self.readable, self.until_blocked) = (true, true);
                    return bytes.len();
                }
            }
        }
        0
    }
}
