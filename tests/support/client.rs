//! A client: it says bytes and reads lines. A reply that does not come fails the test after a
//! generous while, and so does a reset.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use socket2::SockRef;

use super::wait::PATIENCE;

/// One connection to a door.
pub struct Client {
    reader: BufReader<TcpStream>,
}

/// The answer to a valid WHATSAT: the AT line and the JSON, both without their newlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub line: String,
    pub json: String,
}

impl Near {
    /// The JSON, parsed.
    pub fn parsed(&self) -> serde_json::Value {
        serde_json::from_str(&self.json).unwrap_or_else(|error| panic!("{error}: {}", self.json))
    }

    /// Its `status`.
    pub fn status(&self) -> String {
        self.parsed()["status"].as_str().unwrap().to_string()
    }
}

impl Client {
    /// Connects to a port of 127.0.0.1.
    pub fn of(port: u16) -> Client {
        Client::at(([127, 0, 0, 1], port).into())
    }

    /// Connects to a port of 127.0.0.1, if anybody listens there.
    pub fn try_of(port: u16) -> Option<Client> {
        TcpStream::connect(("127.0.0.1", port)).ok().map(Client::on)
    }

    /// Connects to an address.
    pub fn at(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address);
        Client::on(stream.unwrap_or_else(|error| panic!("nobody at {address}: {error}")))
    }

    fn on(stream: TcpStream) -> Client {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client {
            reader: BufReader::new(stream),
        }
    }

    /// Sends these bytes as they are.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_ref().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends these bytes. False: the connection is gone.
    pub fn try_say(&mut self, bytes: &str) -> bool {
        self.reader.get_ref().write_all(bytes.as_bytes()).is_ok()
    }

    /// Ends both directions, also of its twins.
    pub fn shut_down(self) {
        let _ = self.reader.get_ref().shutdown(Shutdown::Both);
    }

    /// Sends as many of these bytes as are taken now, and returns how many.
    pub fn say_some(&mut self, bytes: &[u8]) -> usize {
        let mut stream = self.reader.get_ref();
        stream.set_nonblocking(true).unwrap();
        let count = stream.write(bytes);
        stream.set_nonblocking(false).unwrap();
        match count {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same connection, for a thread that writes while another reads.
    pub fn twin(&self) -> Client {
        let stream = self.reader.get_ref().try_clone().unwrap();
        Client {
            reader: BufReader::new(stream),
        }
    }

    /// Sends these bytes, and returns the first line that comes back.
    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.say(bytes);
        self.line()
    }

    /// Sends these bytes, and reads a line. False: the connection is gone.
    pub fn try_ask(&mut self, bytes: &str) -> bool {
        let mut line = String::new();
        self.try_say(bytes) && matches!(self.reader.read_line(&mut line), Ok(1..))
    }

    /// The next line, without its LF.
    pub fn line(&mut self) -> String {
        String::from_utf8(self.raw_line()).unwrap()
    }

    /// The next line, without its LF, whatever its bytes.
    pub fn raw_line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).unwrap();
        assert_eq!(
            line.pop(),
            Some(b'\n'),
            "the end came instead of a line, after {:?}",
            String::from_utf8_lossy(&line)
        );
        line
    }

    /// Asks what is near, and returns the answer.
    pub fn near(&mut self, whatsat: impl AsRef<[u8]>) -> Near {
        self.say(whatsat);
        self.rest_of_near()
    }

    /// The answer to a WHATSAT that was said before.
    pub fn rest_of_near(&mut self) -> Near {
        let line = self.line();
        assert!(line.starts_with("AT "), "no AT line: {line}");
        let mut json = self.line();
        loop {
            match self.line() {
                end if end.is_empty() => return Near { line, json },
                more => json = format!("{json}\n{more}"),
            }
        }
    }

    /// Shuts down the sending side.
    pub fn end_sending(&mut self) {
        self.reader.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// All that still comes, until the server closes.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).unwrap();
        rest
    }

    /// Whether anything has come that was not read.
    pub fn has_heard(&mut self) -> bool {
        let stream = self.reader.get_ref();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        match peeked {
            Err(error) if error.kind() == ErrorKind::WouldBlock => !self.reader.buffer().is_empty(),
            Ok(count) => count > 0 || !self.reader.buffer().is_empty(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Ends with a reset: whatever is under way is lost.
    pub fn reset(self) {
        let stream = SockRef::from(self.reader.get_ref());
        stream.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Says all this to a port, shuts down sending, and returns all that comes: `nc -N`.
pub fn ask(port: u16, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut client = Client::of(port);
    client.say(bytes);
    client.end_sending();
    client.rest()
}

/// Likewise, for replies that are text.
pub fn ask_text(port: u16, bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8(ask(port, bytes)).unwrap()
}

/// Now, in nanoseconds of POSIX time.
pub fn now() -> i128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as i128
}

/// Nanoseconds as seconds with nine decimals.
pub fn seconds(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}
