//! The connection to one server, and when an answer is whole.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::line::with_time;
use crate::limits::LIMITS;
use crate::reactor::{Clock, Resolver, reach};
use crate::units::{Mono, SECOND};
use crate::wire::fields;

/// A clients' door.
pub struct Door {
    /// The name by which a person asked for it.
    pub name: String,
    /// An address, perhaps with a zone, or a host name.
    pub host: String,
    pub port: u16,
}

/// A client that asks one thing at a time. An error ends its connection, and the next question
/// makes a new one.
pub struct Client {
    door: Door,
    /// How long it waits for a connection, and for each answer, in nanoseconds.
    wait: u64,
    clock: Clock,
    stream: Option<TcpStream>,
}

impl Client {
    pub fn new(door: Door, wait: u64) -> Client {
        Client {
            door,
            wait,
            clock: Clock::start(),
            stream: None,
        }
    }

    /// The name by which a person asked for the server.
    pub fn name(&self) -> &str {
        &self.door.name
    }

    /// Whether the server has ended the connection since it last answered.
    pub fn has_lost(&mut self) -> bool {
        let Some(stream) = &self.stream else {
            return false;
        };
        let peeked = stream.set_nonblocking(true);
        let peeked = peeked.and_then(|()| stream.peek(&mut [0]));
        let is_quiet = matches!(&peeked, Err(why) if why.kind() == ErrorKind::WouldBlock);
        // Bytes that nobody asked for would be taken for the next answer.
        let is_lost = !is_quiet || stream.set_nonblocking(false).is_err();
        if is_lost {
            self.stream = None;
        }
        is_lost
    }

    /// Connects, unless it is connected.
    ///
    /// # Errors
    /// Why it cannot, for a person.
    pub fn connect(&mut self) -> Result<(), String> {
        self.stream = Some(self.connected()?);
        Ok(())
    }

    /// The connection, or a new one.
    fn connected(&mut self) -> Result<TcpStream, String> {
        match self.stream.take() {
            Some(stream) => Ok(stream),
            None => self.dial().map_err(|why| self.blame(&why)),
        }
    }

    fn blame(&self, why: &str) -> String {
        format!("{}: {why}", self.door.name)
    }

    fn dial(&self) -> Result<TcpStream, String> {
        let (sender, woken) = mpsc::channel();
        let resolver = Resolver::new(&(Arc::new(move || sender.send(()).unwrap_or_default()) as _));
        let asked = resolver.ask((), self.door.host.clone(), self.door.port);
        asked.map_err(|why| why.to_string())?;
        let answer = woken.recv_timeout(Duration::from_nanos(LIMITS.resolve));
        let answer = answer.ok().and_then(|()| resolver.answers().pop());
        let Some(((), addresses)) = answer else {
            let seconds = LIMITS.resolve / SECOND;
            return Err(format!("its name has no answer within {seconds} s"));
        };
        let addresses = addresses.map_err(|why| why.to_string())?;
        let stream = reach(&addresses, self.wait).map_err(|why| match why.kind() {
            ErrorKind::ConnectionRefused => format!("{why}; is the server running?"),
            ErrorKind::TimedOut => format!("{why} after {} s", self.wait / SECOND),
            _ => why.to_string(),
        });
        let stream = TcpStream::from(stream?.0);
        let is_ready = stream.set_nonblocking(false);
        let is_ready = is_ready.and_then(|()| stream.set_nodelay(true));
        is_ready.map_err(|why| why.to_string())?;
        Ok(stream)
    }

    /// Sends `line` with the present time in place of `now`. Returns it as it was sent, and the
    /// answer.
    ///
    /// # Errors
    /// Why there is no answer, for a person.
    pub fn ask(&mut self, line: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let mut stream = self.connected()?;
        let now = self.clock.set();
        let line = with_time(line, now.wall);
        let answer = self.exchange(&mut stream, &line, now.mono + self.wait);
        let answer = answer.map_err(|why| self.blame(&why))?;
        self.stream = Some(stream);
        Ok((line, answer))
    }

    fn exchange(
        &self,
        stream: &mut TcpStream,
        line: &[u8],
        deadline: Mono,
    ) -> Result<Vec<u8>, String> {
        let late = || format!("no answer within {} s", self.wait / SECOND);
        // Zero would be no time-out at all.
        let left = || Duration::from_nanos(deadline.since(self.clock.mono()).max(1));
        let (mut answer, mut piece) = (Vec::new(), vec![0; LIMITS.link_read]);
        let sent = stream.set_write_timeout(Some(left()));
        let sent = sent.and_then(|()| stream.write_all(&[line, b"\n"].concat()));
        sent.map_err(|why| broken(&why, &late()))?;
        while !is_whole(&answer, line) {
            if answer.len() > LIMITS.ask_answer {
                let most = LIMITS.ask_answer >> 20;
                return Err(format!("its answer is longer than {most} MiB"));
            }
            if deadline <= self.clock.mono() {
                return Err(late());
            }
            let read = stream.set_read_timeout(Some(left()));
            match read.and_then(|()| stream.read(&mut piece)) {
                Ok(0) if answer.is_empty() => {
                    return Err("it ended the connection without an answer".to_string());
                }
                Ok(0) => {
                    let count = answer.len();
                    let what = "it ended the connection in the middle of its answer, after";
                    return Err(format!("{what} {count} bytes"));
                }
                Ok(count) => answer.extend_from_slice(&piece[..count]),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(broken(&why, &late())),
            }
        }
        Ok(answer)
    }
}

fn broken(why: &std::io::Error, late: &str) -> String {
    match why.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => late.to_string(),
        _ => format!("the connection broke: {why}"),
    }
}

/// Whether these bytes are all of the answer to `line`: an empty line ends that to a WHATSAT, and
/// there is none before; any other is a line.
fn is_whole(answer: &[u8], line: &[u8]) -> bool {
    let is_long = fields(line).next() == Some(b"WHATSAT") && answer.starts_with(b"AT ");
    answer.ends_with(if is_long { b"\n\n" } else { b"\n" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_end() {
        for (line, answer) in [
            ("IAMAT k +1+2 3", "AT A +1 k +1+2 3\n"),
            ("WHATSAT k 1 2", "AT A +1 k +1+2 3\n{\n}\n\n"),
            ("WHATSAT k 1 2", "? WHATSAT k 1 2\n"),
            ("", "? \n"),
        ] {
            let (line, answer) = (line.as_bytes(), answer.as_bytes());
            let whole = (0..=answer.len()).filter(|end| is_whole(&answer[..*end], line));
            assert_eq!(whole.collect::<Vec<_>>(), [answer.len()]);
        }
    }
}
