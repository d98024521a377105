//! The changes of one server: bytes of its connection become lines, one at a time. It knows no
//! poll.

use std::io::{Read, Write};
use std::ops::Range;

use memchr::memchr;

use crate::limits::LIMITS;
use crate::reactor::{Conn, ReadOutcome};
use crate::units::{Mono, SECOND};
use crate::wire::{Message, Run};

/// The stream of a server that is watched.
pub struct Stream<S> {
    pub conn: Conn<S>,
    /// The run of the server.
    run: Run,
    /// Every change up to this one was heard or skipped.
    seq: u64,
    /// Bytes that were read.
    bytes: Vec<u8>,
    /// The lines of them that were taken.
    taken: usize,
    /// When bytes last came.
    heard_at: Mono,
}

/// The next thing in a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A CHANGE, at this place.
    Change(Range<usize>),
    /// The server has left out this number of changes, for newer ones.
    Skipped(u64),
    /// Nothing for now.
    Nothing,
}

impl<S: Read + Write> Stream<S> {
    /// A stream that begins after the change `seq` of `run`; `bytes` came already.
    pub fn new(conn: Conn<S>, (run, seq): (Run, u64), bytes: Vec<u8>, now: Mono) -> Stream<S> {
        Stream {
            conn,
            run,
            seq,
            bytes,
            taken: 0,
            heard_at: now,
        }
    }

    /// How far it is, in which run.
    pub fn position(&self) -> (Run, u64) {
        (self.run, self.seq)
    }

    /// The line in that place.
    pub fn line(&self, place: Range<usize>) -> &[u8] {
        &self.bytes[place]
    }

    /// When the server is considered dead, unless it says something.
    pub fn deadline(&self) -> Mono {
        self.heard_at + LIMITS.stall
    }

    /// Takes the next line, and reads if there is none.
    ///
    /// # Errors
    /// Why there will be no more.
    pub fn next(&mut self, now: Mono) -> Result<Next, String> {
        loop {
            while let Some(end) = memchr(b'\n', &self.bytes[self.taken..]) {
                let place = self.taken..self.taken + end;
                match Message::parse(&self.bytes[place.clone()]) {
                    Some(Message::Change(changed)) if changed.seq > self.seq + 1 => {
                        let skipped = changed.seq - self.seq - 1;
                        self.seq = changed.seq - 1;
                        return Ok(Next::Skipped(skipped));
                    }
                    Some(Message::Change(changed)) => {
                        self.seq = changed.seq;
                        self.taken = place.end + 1;
                        return Ok(Next::Change(place));
                    }
                    // A later version may say more.
                    Some(Message::Mark(_) | Message::Unknown) => self.taken = place.end + 1,
                    _ => return Err("it says what a watched server never says".to_string()),
                }
            }
            if !self.read(now)? {
                return Ok(Next::Nothing);
            }
        }
    }

    /// Reads once. False: there is nothing.
    fn read(&mut self, now: Mono) -> Result<bool, String> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        // Two lines may be longer than this only together.
        if self.bytes.len() > 2 * LIMITS.server_line {
            return Err("its line is too long".to_string());
        }
        let before = self.bytes.len();
        self.bytes.resize(before + LIMITS.client_read, 0);
        let outcome = self.conn.read(&mut self.bytes[before..]);
        let count = match outcome {
            ReadOutcome::Bytes(count) => count,
            _ => 0,
        };
        self.bytes.truncate(before + count);
        match outcome {
            ReadOutcome::Bytes(_) => {
                self.heard_at = now;
                Ok(true)
            }
            ReadOutcome::Nothing if now >= self.deadline() => {
                Err(format!("silent for {} s", LIMITS.stall / SECOND))
            }
            ReadOutcome::Nothing => Ok(false),
            ReadOutcome::Ended => Err("it ended the connection".to_string()),
            ReadOutcome::Broken(why) => Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::reactor::Readiness;

    /// A socket that has these pieces to be read, then blocks.
    struct Pieces(Vec<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.pop().ok_or(io::ErrorKind::WouldBlock)?;
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The stream of a server that says `text`, in pieces of `size` bytes.
    fn stream(text: &str, size: usize) -> Stream<Pieces> {
        let pieces = text.as_bytes().chunks(size).rev().map(<[u8]>::to_vec);
        let mut conn = Conn::new(Pieces(pieces.collect()));
        // After a short read the readiness would be gone.
        conn.event(Readiness {
            readable: true,
            urgent: true,
            ..Readiness::default()
        });
        Stream::new(conn, (Run(1), 4), Vec::new(), Mono(0))
    }

    #[test]
    fn lines_come_whole_and_gaps_are_told() {
        let at = "AT A +0.000000000 kiwi +1+1 1";
        let text =
            format!("MARK 4 1 0000000000000000\nCHANGE 5 - {at}\nLATER x\nCHANGE 9 B {at}\n");
        for size in [1, 7, 1000] {
            let mut stream = stream(&text, size);
            let mut told = Vec::new();
            loop {
                match stream.next(Mono(1)).unwrap() {
                    Next::Change(place) => told.push(stream.line(place).to_vec()),
                    Next::Skipped(count) => told.push(count.to_string().into_bytes()),
                    Next::Nothing => break,
                }
            }
            let (first, last) = (format!("CHANGE 5 - {at}"), format!("CHANGE 9 B {at}"));
            assert_eq!(told, [first.as_bytes(), b"3", last.as_bytes()], "{size}");
            assert_eq!(stream.position(), (Run(1), 9));
        }
    }

    #[test]
    fn a_server_that_says_nothing_or_nonsense_is_left() {
        let mut quiet = stream("MARK 4", 6);
        assert_eq!(quiet.next(Mono(1)), Ok(Next::Nothing));
        assert_eq!(quiet.deadline(), Mono(1) + LIMITS.stall);
        let why = quiet.next(quiet.deadline()).unwrap_err();
        assert_eq!(why, "silent for 10 s");
        let why = stream("? no\n", 5).next(Mono(1)).unwrap_err();
        assert_eq!(why, "it says what a watched server never says");
        let long = "x".repeat(1 << 20);
        assert!(stream(&long, 1000).next(Mono(1)).is_err());
    }
}
