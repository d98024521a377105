//! The file `topology.txt`: the servers of the herd, their doors, and the links between them.
//!
//! Only [`Topology::load`] does I/O: it reads one file. This room knows no sockets and resolves no
//! names. Every value of [`Topology`] is valid: whatever can be wrong in a file is an [`Error`]
//! with the line, what is wrong there, and what to do.

mod graph;
mod parse;
mod server;
mod words;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use graph::Graph;

use crate::limits::LIMITS;

pub use server::{Host, Server};
pub use words::listed;

/// A herd: its servers in the order of the file, and its links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// At least one, at most [`Limits::servers`](crate::limits::Limits::servers). No two share a
    /// name or a door.
    pub servers: Vec<Server>,
    /// Pairs of places in `servers`. A link works both ways and is listed once. None connects a
    /// server with itself, or two plain servers.
    pub links: Vec<(usize, usize)>,
}

/// An error in a file. Its text is one line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1, if the error is in one.
    pub line: Option<usize>,
    /// The problem, and the advice what to do.
    pub what: String,
}

impl Topology {
    /// Reads `bytes`. Errors call the file they came from `file`.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Topology, Error> {
        let file = file.to_string();
        match parse::parse(bytes) {
            Ok((servers, links)) => Ok(Topology { servers, links }),
            Err((line, what)) => Err(Error { file, line, what }),
        }
    }

    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Topology, Error> {
        let file = path.display().to_string();
        let mut bytes = Vec::new();
        // One byte more than the limit, to notice a file that is too long.
        let limit = LIMITS.topology_file as u64 + 1;
        match File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
            Ok(_) => Topology::parse(&file, &bytes),
            Err(error) => Err(Error {
                file,
                line: None,
                what: format!(
                    "cannot be read: {error}; name a topology with -t FILE, or go to the \
                     directory that has it"
                ),
            }),
        }
    }

    /// The place in `servers` of the server with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.servers.iter().position(|server| server.name == name)
    }

    /// The places in `servers` of the neighbours of the server at `index`, in the order of the
    /// file.
    pub fn neighbours(&self, index: usize) -> impl Iterator<Item = usize> {
        self.links.iter().filter_map(move |&(a, b)| match index {
            _ if a == index => Some(b),
            _ if b == index => Some(a),
            _ => None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const LIMITS: Limits = Limits::PRODUCT;

    fn parse(text: &str) -> Result<Topology, String> {
        Topology::parse("t", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_read_in_any_order_and_with_any_line_ends() {
        let text = "\u{feff}# us\r\n\r\nlink B A#both ways\r\n\
            server\tA ::1  servers=2 clients=1\r\n\
            server B Host.example. clients=1 servers=2 # there\n  \u{b}\u{c}\n\
            link B C\nserver C 192.0.2.7 plain clients=65535";
        let topology = parse(text).unwrap();
        assert_eq!(topology.links, [(1, 0), (1, 2)]);
        let [a, b, c] = &topology.servers[..] else {
            panic!("three servers: {topology:?}");
        };
        assert_eq!((a.clients, a.servers, a.is_plain()), (1, Some(2), false));
        assert_eq!(a.host, Host::Ip("::1".parse().unwrap()));
        assert_eq!(a.host.to_string(), "::1");
        assert_eq!(a.clients_door(), "[::1]:1");
        assert_eq!(b.host, Host::Name("Host.example.".to_string()));
        assert_eq!(b.servers_door().as_deref(), Some("Host.example.:2"));
        assert_eq!((c.clients, c.servers, c.is_plain()), (65535, None, true));
        assert_eq!(c.servers_door(), None);
        assert_eq!((topology.find("C"), topology.find("c")), (Some(2), None));
        assert!(topology.neighbours(0).eq([1]));
        assert!(topology.neighbours(1).eq([0, 2]));
    }

    #[test]
    fn listening_and_dialling_may_be_elsewhere_than_the_host() {
        let server = |words: &str| {
            let topology = parse(&format!("server A h clients=1 servers=2 {words}")).unwrap();
            topology.servers[0].clone()
        };
        for (words, listens_on) in [
            ("", "h"),
            ("listen=0.0.0.0", "0.0.0.0"),
            ("listen=::", "::"),
            ("listen=[::]", "::"),
            ("listen=::ffff:0.0.0.0", "0.0.0.0"),
            ("listen=[2001:db8::1]", "2001:db8::1"),
            ("listen=fe80::1%eth0", "fe80::1%eth0"),
            ("listen=localhost", "localhost"),
        ] {
            assert_eq!(server(words).listens_on().to_string(), listens_on);
        }
        let source = server("source=::ffff:192.0.2.7 listen=::").source;
        assert_eq!(source, Some("192.0.2.7".parse().unwrap()));
        for (host, is_loopback) in [
            ("localhost", true),
            ("LocalHost.", true),
            ("127.9.9.9", true),
            ("::ffff:127.0.0.1", true),
            ("host", false),
            ("192.0.2.7", false),
        ] {
            let text = format!("server A {host} clients=1 servers=2");
            let host = &parse(&text).unwrap().servers[0].host;
            assert_eq!(host.is_loopback(), is_loopback, "{host}");
        }
    }

    #[test]
    fn limits_are_where_they_are_said_to_be() {
        let server = |name: &str, port: usize| {
            format!("server {name} ::1 clients={port} servers={}\n", port + 1)
        };
        let name = "n".repeat(LIMITS.server_name);
        assert!(parse(&server(&name, 1)).is_ok());
        assert!(parse(&server(&format!("{name}n"), 1)).is_err());

        let star = |rays: usize| {
            let mut text = server("hub", 1);
            for ray in 0..rays {
                text += &server(&ray.to_string(), 2 * ray + 3);
                text += &format!("link {ray} hub\n");
            }
            parse(&text)
        };
        assert_eq!(
            star(LIMITS.neighbours).unwrap().links.len(),
            LIMITS.neighbours
        );
        assert!(star(LIMITS.neighbours + 1).is_err());

        let herd = |size: usize| {
            parse(
                &(0..size)
                    .map(|n| server(&n.to_string(), 2 * n + 1))
                    .collect::<String>(),
            )
        };
        assert_eq!(herd(LIMITS.servers).unwrap().servers.len(), LIMITS.servers);
        let error = herd(LIMITS.servers + 1).unwrap_err();
        assert!(error.starts_with("t:1025: over 1024 servers"), "{error}");

        let mut text = server("A", 1);
        text += &"#".repeat(LIMITS.topology_file - text.len());
        assert!(parse(&text).is_ok());
        text.push('#');
        assert!(
            parse(&text)
                .unwrap_err()
                .starts_with("t: over 1048576 bytes")
        );
    }

    /// Words that mean something, in any order, and bytes that mean nothing: whatever comes is a
    /// topology that keeps its promises, or one line about one of the lines.
    #[test]
    fn any_text_is_a_topology_or_an_error() {
        const WORDS: &[&[u8]] = &[
            b"server A ::1 clients=1 servers=2\n",
            b"server B ::1 clients=3 plain\n",
            b"server C ::1 clients=5 plain\n",
            b"link A B\n",
            b"link B C",
            b"link A A",
            b"server",
            b"link",
            b" ",
            b"\n",
            b"#",
            b"\r\n",
            b"A",
            b"B",
            b"::1",
            b"127.0.0.1",
            b"clients=",
            b"servers=2",
            b"listen=",
            b"listen=[::]",
            b"source=",
            b"fe80::1%",
            b"plain",
            b"0",
            b"99999",
            b"\xff",
            b"\0",
            b"\x1b[2J",
            b"=",
        ];
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..20_000 {
            let words = (0..random(8)).map(|_| WORDS[random(WORDS.len())]);
            let text = words.collect::<Vec<_>>().concat();
            match Topology::parse("t", &text) {
                Ok(topology) => {
                    assert_promises(&topology);
                    right += 1;
                }
                Err(error) => {
                    let lines = text.iter().filter(|&&byte| byte == b'\n').count() + 1;
                    assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)));
                    assert!(!error.to_string().contains(char::is_control), "{error}");
                    wrong += 1;
                }
            }
        }
        assert!(right > 100 && wrong > 100, "{right} right, {wrong} wrong");
    }

    fn assert_promises(topology: &Topology) {
        let servers = &topology.servers;
        assert!(!servers.is_empty());
        for (index, server) in servers.iter().enumerate() {
            assert_eq!(topology.find(&server.name), Some(index), "no name twice");
            assert!(server.clients > 0 && server.servers != Some(0));
        }
        for (index, &(a, b)) in topology.links.iter().enumerate() {
            assert!(a != b && !(servers[a].is_plain() && servers[b].is_plain()));
            let later = &topology.links[index + 1..];
            assert!(!later.contains(&(a, b)) && !later.contains(&(b, a)));
        }
    }
}
