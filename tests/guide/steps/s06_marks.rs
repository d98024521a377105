//! Step 6: a client that does not read its answers is not read, either.
//!
//! Step 5 keeps every answer that the socket does not take. A client that asks and never reads has
//! it keep them all, until the memory is full. Here the outbox has two *water marks*. Above the
//! high one we stop reading; then the kernel's buffer fills, its window closes, and the client
//! cannot send: TCP carries the pressure back to where it comes from. Below the low one we go on.
//! Between the two lies the gap that keeps us from changing our mind at every byte.
//!
//! The cheats left: a client that sends many short lines keeps all others waiting (step 7), and
//! one that never reads again stays for ever (step 9).

use std::mem::replace;
use std::net::Shutdown;

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::reactor::{Conn, ReadOutcome};
use mio::net::TcpStream;

use super::s03_edges::Client;
use super::s04_lines::LINE_MAX;
use super::s05_outbox::answer;

/// The water marks, in unsent bytes.
pub const HIGH: usize = 64 << 10;
pub const LOW: usize = 16 << 10;

pub struct Patient {
    conn: Conn<TcpStream>,
    lines: LineBuffer,
    outbox: Outbox,
    has_heard_all: bool,
    has_said_all: bool,
    is_shut_down: bool,
    /// The outbox is above the high mark, or has not come down to the low one since.
    is_paused: bool,
}

impl Client for Patient {
    fn new(stream: TcpStream) -> Patient {
        Patient {
            conn: Conn::new(stream),
            lines: LineBuffer::default(),
            outbox: Outbox::default(),
            has_heard_all: false,
            has_said_all: false,
            is_shut_down: false,
            is_paused: false,
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.conn
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        if !self.is_paused {
            match self.conn.read(buffer) {
                ReadOutcome::Bytes(count) if !self.has_said_all => self.hear(&buffer[..count]),
                ReadOutcome::Bytes(_) | ReadOutcome::Nothing => {}
                ReadOutcome::Ended => self.end(),
                ReadOutcome::Broken(_) => return leaving.push(me),
            }
        }
        let count = self.conn.write(self.outbox.unsent());
        self.outbox.advance(count);
        let mark = if self.is_paused { LOW + 1 } else { HIGH };
        self.is_paused = self.outbox.len() >= mark;
        if self.outbox.is_empty() {
            if self.has_heard_all {
                leaving.push(me);
            } else if self.has_said_all && !replace(&mut self.is_shut_down, true) {
                let _ = self.conn.stream.shutdown(Shutdown::Write);
            }
        }
    }

    /// Pausing costs no system call: the flag of the edge stays set until we come back to it.
    fn has_work(&self) -> bool {
        let may_read = !self.is_paused && self.conn.is_readable();
        let may_write = !self.outbox.is_empty() && self.conn.is_writable();
        may_read || may_write
    }
}

impl Patient {
    fn hear(&mut self, mut fresh: &[u8]) {
        while let Some(line) = self.lines.next(&mut fresh, LINE_MAX) {
            let (Line::Whole(text) | Line::Overlong(text)) = line;
            answer(text, &mut self.outbox);
            if let Line::Overlong(_) = line {
                self.has_said_all = true;
                return;
            }
        }
        self.lines.keep(fresh, &mut BufferPool::new(0));
    }

    fn end(&mut self) {
        if let Some(text) = self.lines.rest() {
            answer(&text, &mut self.outbox);
        }
        (self.has_heard_all, self.has_said_all) = (true, true);
    }
}
