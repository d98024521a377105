//! Step 7: nobody keeps the others waiting for longer than a budget.
//!
//! One read of step 6 may hold eight thousand short lines, all answered before anybody else has a
//! turn. Here `LINES` of them are; the others wait in the buffer, and nothing is read meanwhile.
//! `name` tells a client its name, and `bye NAME` closes a client. The cheats left: a name is a
//! place in the slab, which the next client gets (step 8), and silence has no end (step 9).

use std::{mem::replace, net::Shutdown};

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::reactor::{Conn, ReadOutcome};
use mio::net::TcpStream;

use super::s06_marks::{HIGH, LOW};
use super::{s03_edges::Client, s04_lines::LINE_MAX, s05_outbox::answer};

pub const LINES: usize = 64; // at most, of a client in a turn

pub struct Fair {
    pub conn: Conn<TcpStream>,
    pub lines: LineBuffer,
    pub outbox: Outbox,
    has_lines: bool, // the budget was used up: more lines may be complete
    pub has_heard_all: bool,
    pub has_said_all: bool,
    is_shut_down: bool,
    pub is_paused: bool,
    pub sent: usize, // bytes, ever (step 9)
}

impl Client for Fair {
    fn new(stream: TcpStream) -> Fair {
        Fair {
            conn: Conn::new(stream),
            lines: LineBuffer::default(),
            outbox: Outbox::default(),
            has_lines: false,
            has_heard_all: false,
            has_said_all: false,
            is_shut_down: false,
            is_paused: false,
            sent: 0,
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.conn
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        let goes_on = self.turn(buffer, &mut |line, outbox| obey(line, me, outbox, leaving));
        if !goes_on || self.finish() {
            leaving.push(me);
        }
    }

    fn has_work(&self) -> bool {
        let may_read = !self.is_paused && (self.has_lines || self.conn.is_readable());
        may_read || !self.outbox.is_empty() && self.conn.is_writable()
    }
}

impl Fair {
    /// Reads, obeys and writes, each at most once and within its budget. False: it is gone.
    pub fn turn(&mut self, buffer: &mut [u8], obey: &mut impl FnMut(&[u8], &mut Outbox)) -> bool {
        if self.has_lines && !self.is_paused {
            self.hear(&[], obey); // there is enough to do without reading
        } else if !self.is_paused {
            match self.conn.read(buffer) {
                ReadOutcome::Bytes(_) if self.has_said_all => {}
                ReadOutcome::Bytes(count) => self.hear(&buffer[..count], obey),
                ReadOutcome::Nothing => {}
                ReadOutcome::Ended => {
                    (self.lines.rest().iter()).for_each(|line| obey(line, &mut self.outbox));
                    self.has_heard_all = true;
                }
                ReadOutcome::Broken(_) => return false,
            }
        }
        let count = self.conn.write(self.outbox.unsent());
        self.outbox.advance(count);
        self.sent += count;
        self.is_paused = self.outbox.len() >= if self.is_paused { LOW + 1 } else { HIGH };
        true
    }

    fn hear(&mut self, mut fresh: &[u8], obey: &mut impl FnMut(&[u8], &mut Outbox)) {
        self.has_lines = false;
        for left in (0..LINES).rev() {
            match self.lines.next(&mut fresh, LINE_MAX) {
                Some(Line::Whole(line)) => obey(line, &mut self.outbox),
                Some(Line::Overlong(line)) => {
                    obey(line, &mut self.outbox);
                    return self.has_said_all = true;
                }
                None => break,
            }
            self.has_lines = left == 0;
        }
        self.lines.keep(fresh, &mut BufferPool::new(0));
    }

    /// Ends our side once all is sent. True: both sides have ended.
    pub fn finish(&mut self) -> bool {
        if self.outbox.is_empty() && self.has_said_all && !replace(&mut self.is_shut_down, true) {
            let _ = self.conn.stream.shutdown(Shutdown::Write);
        }
        self.outbox.is_empty() && self.has_heard_all
    }
}

/// Does what a line asks for. Nobody is closed in the middle of a turn, but at its end.
fn obey(line: &[u8], me: usize, outbox: &mut Outbox, leaving: &mut Vec<usize>) {
    let words = str::from_utf8(line).unwrap_or_default();
    match words.strip_prefix("bye ").map(str::parse) {
        None if words == "name" => drop(outbox.push_line(format_args!("you are {me}"))),
        Some(Ok(name)) => leaving.push(name),
        _ => answer(line, outbox),
    }
}
