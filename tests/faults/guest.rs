//! A neighbour that the test itself plays: it stands in the topology of the others, and says what
//! it likes. Asking a server over such a link what its table holds costs it a line.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::support::herd::Herd;
use super::support::ports::free_port;
use super::support::process::Server;
use super::support::wait::{PATIENCE, wait_for};

/// Its run is the same all its life, and its nonces are no secret.
const HELLO_TAIL: &str = "00000000000000aa 000000000000000000000000000000bb";

/// A neighbour by name.
pub struct Guest {
    pub name: String,
    port: u16,
    links: Vec<(String, BufReader<TcpStream>)>,
}

/// The contents of a server's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub count: u64,
    pub digest: u64,
}

impl Guest {
    /// Makes it a neighbour of these servers. Before the start.
    pub fn of(herd: &mut Herd, name: &str, neighbours: &[&str]) -> Guest {
        let port = free_port();
        herd.invite(name, [free_port(), port], neighbours);
        Guest {
            name: name.to_string(),
            port,
            links: Vec::new(),
        }
    }

    /// Makes it a neighbour of all.
    pub fn of_all(herd: &mut Herd) -> Guest {
        let names: Vec<String> = herd.servers.iter().map(|s| s.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Guest::of(herd, "Guest", &names)
    }

    /// The contents of a server's table; none while it cannot be asked.
    pub fn extent(&mut self, server: &Server) -> Option<Position> {
        // A link that was silent for too long, or a server that was killed, is seen now.
        self.ask(server).or_else(|_| self.ask(server)).ok()
    }

    fn ask(&mut self, server: &Server) -> io::Result<Position> {
        let place = self.links.iter().position(|(name, _)| *name == server.name);
        let mut link = match place {
            Some(place) => self.links.swap_remove(place).1,
            None => {
                let mut link = self.dial(server)?;
                extent(&mut link)?;
                link
            }
        };
        link.get_ref().write_all(b"MARK 0 0 0000000000000000\n")?;
        let extent = extent(&mut link)?;
        self.links.push((server.name.clone(), link));
        Ok(extent)
    }

    /// Dials a server as a neighbour does, and is greeted.
    pub fn dial(&self, server: &Server) -> io::Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", server.servers))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let hello = format!("HELLO {} {} {HELLO_TAIL}\n", self.name, server.name);
        (&stream).write_all(hello.as_bytes())?;
        let mut link = BufReader::new(stream);
        let answer = line(&mut link)?;
        assert!(answer.starts_with("HELLO "), "{answer}");
        Ok(link)
    }

    /// Opens its own servers' door.
    pub fn open(&self) -> TcpListener {
        TcpListener::bind(("127.0.0.1", self.port)).unwrap()
    }

    /// Takes in a server that dials, as a neighbour that knows nothing.
    pub fn welcome(&self, door: &TcpListener, server: &Server) -> BufReader<TcpStream> {
        door.set_nonblocking(true).unwrap();
        // A connection that gives up in between says nothing: the next one is taken.
        wait_for("a server dials its guest", || {
            let (stream, _) = door.accept().ok()?;
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut link = BufReader::new(stream);
            let hello = line(&mut link).ok()?;
            let run = hello.split(' ').nth(3)?;
            let (name, other) = (&self.name, &server.name);
            let greeting =
                format!("HELLO {name} {other} {HELLO_TAIL} -\nSINCE {run} 0 0 0000000000000000\n");
            link.get_ref().write_all(greeting.as_bytes()).ok()?;
            Some(link)
        })
    }
}

/// The next line, without its LF.
pub fn line(link: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    link.read_line(&mut line)?;
    match line.pop() {
        Some('\n') => Ok(line),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The extent in the next SINCE.
fn extent(link: &mut BufReader<TcpStream>) -> io::Result<Position> {
    loop {
        let line = line(link)?;
        if let ["SINCE", _, _, count, digest] = line.split(' ').collect::<Vec<_>>()[..] {
            return Ok(Position {
                count: count.parse().unwrap(),
                digest: u64::from_str_radix(digest, 16).unwrap(),
            });
        }
    }
}

/// The contents of all tables, if they are equal.
pub fn agreed(guest: &mut Guest, herd: &Herd) -> Option<Position> {
    let mut all = herd.servers.iter().map(|server| guest.extent(server));
    let first = all.next()??;
    all.all(|extent| extent == Some(first)).then_some(first)
}
