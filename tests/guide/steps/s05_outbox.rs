//! Step 5: an answer is sent when the socket has taken it, and a connection has two ends.
//!
//! A write takes what fits into the kernel's buffer. Step 4 lost the rest; here it waits in an
//! `herd::buffers::Outbox` until the kernel has room. The end is no longer the end of everything:
//!
//! - *Half-close.* A client that says no more may still read: its answers are sent before we close.
//! - *Linger.* When we end the connection, we shut down sending and read on until the client ends
//!   it, too. A close(2) with unread bytes resets the connection and may destroy the last answer.
//!
//! The cheats left: a client that never reads fills our memory (step 6), and one that never ends
//! lingers for ever (step 9).

use std::mem::replace;
use std::net::Shutdown;

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::reactor::{Conn, ReadOutcome};
use mio::net::TcpStream;

use super::s03_edges::Client;
use super::s04_lines::LINE_MAX;

pub struct Speaker {
    conn: Conn<TcpStream>,
    lines: LineBuffer,
    outbox: Outbox,
    /// The client has said everything.
    has_heard_all: bool,
    /// We have said everything: what is in the outbox is the last.
    has_said_all: bool,
    /// Once is enough, and needed: each shutdown(2) is an event, and the next would follow it.
    is_shut_down: bool,
}

impl Client for Speaker {
    fn new(stream: TcpStream) -> Speaker {
        Speaker {
            conn: Conn::new(stream),
            lines: LineBuffer::default(),
            outbox: Outbox::default(),
            has_heard_all: false,
            has_said_all: false,
            is_shut_down: false,
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.conn
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        match self.conn.read(buffer) {
            ReadOutcome::Bytes(count) if !self.has_said_all => self.hear(&buffer[..count]),
            ReadOutcome::Bytes(_) | ReadOutcome::Nothing => {}
            ReadOutcome::Ended => self.end(),
            ReadOutcome::Broken(_) => return leaving.push(me),
        }
        let count = self.conn.write(self.outbox.unsent());
        self.outbox.advance(count);
        if self.outbox.is_empty() {
            if self.has_heard_all {
                leaving.push(me);
            } else if self.has_said_all && !replace(&mut self.is_shut_down, true) {
                // If the client is gone already, the next read says so.
                let _ = self.conn.stream.shutdown(Shutdown::Write);
            }
        }
    }

    fn has_work(&self) -> bool {
        let may_write = !self.outbox.is_empty() && self.conn.is_writable();
        self.conn.is_readable() || may_write
    }
}

impl Speaker {
    fn hear(&mut self, mut fresh: &[u8]) {
        while let Some(line) = self.lines.next(&mut fresh, LINE_MAX) {
            match line {
                Line::Whole(text) => answer(text, &mut self.outbox),
                Line::Overlong(text) => {
                    answer(text, &mut self.outbox);
                    self.has_said_all = true;
                    return;
                }
            }
        }
        self.lines.keep(fresh, &mut BufferPool::new(0));
    }

    /// The client has shut down sending. Its last line may have no LF, and has an answer, too.
    fn end(&mut self) {
        if let Some(text) = self.lines.rest() {
            answer(&text, &mut self.outbox);
        }
        (self.has_heard_all, self.has_said_all) = (true, true);
    }
}

pub fn answer(text: &[u8], outbox: &mut Outbox) {
    outbox.push(b"? ");
    outbox.push(text);
    outbox.push(b"\n");
}
