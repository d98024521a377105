//! Step 4: a message ends where its LF is, however the network cuts the bytes.
//!
//! TCP carries bytes, not messages: one read may find half a line, or a hundred lines. Step 3 took
//! what a read found for the message. Here `herd::buffers::LineBuffer` keeps the start of a line
//! until its end comes, and each LINE is answered with `? LINE`. A line that is longer than a limit
//! is cut there, and its client has to go: a line without an end must not fill the memory.
//!
//! The cheats left: answers that the socket does not take are lost, and an end loses answers, too
//! (step 5); a line that stays half a line is kept for ever (step 9).

use herd::buffers::{BufferPool, Line, LineBuffer};
use herd::reactor::{Conn, ReadOutcome};
use mio::net::TcpStream;

use super::s03_edges::Client;

/// The longest line, in bytes.
pub const LINE_MAX: usize = 8 << 10;

pub struct Lines {
    conn: Conn<TcpStream>,
    lines: LineBuffer,
}

impl Client for Lines {
    fn new(stream: TcpStream) -> Lines {
        Lines {
            conn: Conn::new(stream),
            lines: LineBuffer::default(),
        }
    }

    fn conn(&mut self) -> &mut Conn<TcpStream> {
        &mut self.conn
    }

    fn serve(&mut self, me: usize, buffer: &mut [u8], leaving: &mut Vec<usize>) {
        let mut fresh = match self.conn.read(buffer) {
            ReadOutcome::Bytes(count) => &buffer[..count],
            ReadOutcome::Nothing => return,
            ReadOutcome::Ended | ReadOutcome::Broken(_) => return leaving.push(me),
        };
        let mut answers = Vec::new();
        // A line is cut straight out of the bytes that were read. Only its start is ever copied.
        while let Some(line) = self.lines.next(&mut fresh, LINE_MAX) {
            let (Line::Whole(text) | Line::Overlong(text)) = line;
            answers.extend([b"? ", text, b"\n"].concat());
            if let Line::Overlong(_) = line {
                leaving.push(me);
                break;
            }
        }
        self.lines.keep(fresh, &mut BufferPool::new(0));
        // One write for all answers: a system call costs more than all the work on a line.
        self.conn.write(&answers);
    }

    fn has_work(&self) -> bool {
        self.conn.is_readable()
    }
}
