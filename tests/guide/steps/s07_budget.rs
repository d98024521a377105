//! Step 7: nobody keeps the others waiting for longer than a budget.
//!
//! One read of step 6 may hold eight thousand short lines, and all of them are answered before
//! anybody else has a turn. Here a client has at most `LINES` lines answered in a turn. The rest
//! waits in its line buffer, and nothing is read before that is done. Rude clients can also be
//! shown the door: `name` tells a client its name, and `bye NAME` closes the client of that name.
//!
//! The cheats left: a name is a place in the slab, which the next client gets (step 8), and a
//! client that is silent stays for ever (step 9).

use std::net::Shutdown;

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::reactor::{Conn, ReadOutcome};
use mio::net::TcpStream;

use super::s03_edges::Client;
use super::s04_lines::LINE_MAX;
use super::s05_outbox::answer;
use super::s06_marks::{HIGH, LOW};

/// At most this many lines of a client are answered in a turn.
pub const LINES: usize = 64;

pub struct Fair {
    pub conn: Conn<TcpStream>,
    pub lines: LineBuffer,
    pub outbox: Outbox,
    /// The budget was used up: more lines may be complete.
    has_lines: bool,
    pub has_heard_all: bool,
    pub has_said_all: bool,
    pub is_paused: bool,
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
            is_paused: false,
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.conn
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        if !self.is_paused {
            let outcome = match self.has_lines {
                true => ReadOutcome::Bytes(0), // there is enough to do without reading
                false => self.conn.read(buffer),
            };
            match outcome {
                ReadOutcome::Bytes(_) if self.has_said_all => {}
                ReadOutcome::Bytes(count) => self.hear(me, &buffer[..count], leaving),
                ReadOutcome::Nothing => {}
                ReadOutcome::Ended => {
                    if let Some(text) = self.lines.rest() {
                        answer(&text, &mut self.outbox);
                    }
                    (self.has_heard_all, self.has_said_all) = (true, true);
                }
                ReadOutcome::Broken(_) => return leaving.push(me),
            }
        }
        let count = self.conn.write(self.outbox.unsent());
        self.outbox.advance(count);
        let mark = if self.is_paused { LOW + 1 } else { HIGH };
        self.is_paused = self.outbox.len() >= mark;
        if self.outbox.is_empty() && self.has_heard_all {
            leaving.push(me);
        } else if self.outbox.is_empty() && self.has_said_all {
            let _ = self.conn.stream.shutdown(Shutdown::Write);
        }
    }

    fn has_work(&self) -> bool {
        let may_read = !self.is_paused && (self.has_lines || self.conn.is_readable());
        may_read || !self.outbox.is_empty() && self.conn.is_writable()
    }
}

impl Fair {
    fn hear(&mut self, me: usize, mut fresh: &[u8], leaving: &mut Vec<usize>) {
        self.has_lines = false;
        for left in (0..LINES).rev() {
            match self.lines.next(&mut fresh, LINE_MAX) {
                Some(Line::Whole(text)) => obey(text, me, &mut self.outbox, leaving),
                Some(Line::Overlong(text)) => {
                    answer(text, &mut self.outbox);
                    self.has_said_all = true;
                    return;
                }
                None => break,
            }
            self.has_lines = left == 0;
        }
        self.lines.keep(fresh, &mut BufferPool::new(0));
    }
}

/// Does what a line asks for. Nobody is closed in the middle of a turn, but at its end.
fn obey(text: &[u8], me: usize, outbox: &mut Outbox, leaving: &mut Vec<usize>) {
    let words = str::from_utf8(text).unwrap_or_default();
    match words.strip_prefix("bye ").map(str::parse) {
        None if words == "name" => drop(outbox.push_line(format_args!("you are {me}"))),
        Some(Ok(name)) => {
            leaving.push(name);
            outbox.push_line(format_args!("bye {name}"));
        }
        _ => answer(text, outbox),
    }
}
