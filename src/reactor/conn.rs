//! A nonblocking stream under an edge-triggered poll (epoll(7)): what may still be read or
//! written without waiting.
//!
//! An edge comes once. So an event only sets a flag, and only what shows that the kernel has no
//! more clears it: `WouldBlock`, or a short read or write. It knows no node and no poll, and runs
//! over any `Read + Write`.

use std::io::{Error, ErrorKind, Read, Write};

/// A stream and its readiness.
#[derive(Debug)]
pub struct Conn<S> {
    /// The stream itself.
    pub stream: S,
    readable: bool,
    writable: bool,
    /// The other side has shut down sending: the end is still to be read, and no edge will say so.
    ending: bool,
    /// Why nothing can be written any more.
    failure: Option<Error>,
}

/// What came of a read.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// So many bytes.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// The end: no more bytes will come.
    Ended,
    /// The connection is gone, and why.
    Broken(String),
}

impl<S: Read + Write> Conn<S> {
    /// A stream that was just registered. Nothing is known of it until its first event.
    pub fn new(stream: S) -> Conn<S> {
        Conn {
            stream,
            readable: false,
            writable: false,
            ending: false,
            failure: None,
        }
    }

    /// An event came. One that says the other side has ended says it only once.
    pub fn event(&mut self, readable: bool, writable: bool, ending: bool) {
        self.readable |= readable || ending;
        self.writable |= writable;
        self.ending |= ending;
    }

    /// Whether a read may bring something.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether a write may take something, or drop it.
    pub fn is_writable(&self) -> bool {
        self.writable || self.failure.is_some()
    }

    /// Reads once into `buffer`, if there may be something.
    pub fn read(&mut self, buffer: &mut [u8]) -> ReadOutcome {
        while self.readable {
            match self.stream.read(buffer) {
                Ok(0) => {
                    self.readable = false;
                    return match self.failure.take() {
                        Some(why) => ReadOutcome::Broken(why.to_string()),
                        None => ReadOutcome::Ended,
                    };
                }
                Ok(count) => {
                    // A short read has emptied the socket, but not if the end stands behind it.
                    self.readable = count == buffer.len() || self.ending;
                    return ReadOutcome::Bytes(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.failure.is_none() => {
                    self.readable = false;
                }
                Err(error) => {
                    self.readable = false;
                    return ReadOutcome::Broken(self.failure.take().unwrap_or(error).to_string());
                }
            }
        }
        ReadOutcome::Nothing
    }

    /// Writes once, if the socket may take something: how many of `bytes` it took.
    ///
    /// When it cannot take any ever again, all are dropped, as if they were sent: what the other
    /// side said before it went is still to be read, and the reading tells that it is gone.
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
                    (self.readable, self.ending) = (true, true);
                    return bytes.len();
                }
            }
        }
        0
    }
}
