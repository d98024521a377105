//! Dialling a neighbour: its host may be a name, which a worker resolves, and may have several
//! addresses, which are tried in turn.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::pool::Work;
use crate::units::{ConnId, PeerId};

/// Where a neighbour's servers' door is.
#[derive(Clone, Debug)]
pub enum Target {
    /// At an address.
    Address(SocketAddr),
    /// At a host name and a port.
    Name(String, u16),
}

/// The newest attempt to reach a neighbour; older ones are dropped.
#[derive(Debug, Default)]
pub struct Attempt {
    /// Its number: what a worker says about an earlier one is ignored.
    pub number: u64,
    /// Addresses that are still to be tried.
    pub addresses: VecDeque<SocketAddr>,
    /// The connection that is being made.
    pub conn: Option<ConnId>,
}

/// Begins to connect. It is under way when this returns; the first event that says writable tells
/// how it went ([`outcome`]).
///
/// `source` is our own address in the topology, by which the neighbour knows us; where it is not
/// of the target's family, the kernel chooses.
///
/// # Errors
/// When it fails at once.
pub fn connect(target: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(
        Domain::for_address(target),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    if let Some(source) = source.filter(|source| source.is_ipv4() == target.is_ipv4()) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    match socket.connect(&target.into()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}

/// Connecting goes on (connect(2)), by its number on Linux.
const EINPROGRESS: i32 = 115;

/// How connecting went; none: it goes on.
pub fn outcome(stream: &TcpStream) -> Option<io::Result<()>> {
    match stream.take_error() {
        Ok(None) => {}
        Ok(Some(error)) | Err(error) => return Some(Err(error)),
    }
    match stream.peer_addr() {
        Ok(_) => Some(Ok(())),
        Err(error) if error.kind() == ErrorKind::NotConnected => None,
        Err(error) => Some(Err(error)),
    }
}

/// The resolver's work.
pub struct Resolver;

/// A host name to be resolved.
pub struct Name {
    /// Whose.
    pub peer: PeerId,
    /// For which attempt.
    pub attempt: u64,
    /// The name.
    pub host: String,
    /// The port to go with it.
    pub port: u16,
}

/// What a name stands for.
pub struct Resolved {
    /// Whose.
    pub peer: PeerId,
    /// For which attempt.
    pub attempt: u64,
    /// Its addresses, or why there are none.
    pub addresses: Result<Vec<SocketAddr>, String>,
}

impl Work for Resolver {
    type Job = Name;
    type Done = Resolved;

    fn run(&self, job: &Name) -> Resolved {
        let addresses = (job.host.as_str(), job.port).to_socket_addrs();
        let addresses = addresses
            .map(Iterator::collect)
            .map_err(|error| error.to_string());
        Resolved {
            peer: job.peer,
            attempt: job.attempt,
            addresses,
        }
    }

    fn panicked(&self, job: &Name) -> Resolved {
        let addresses = Err("the resolver failed".to_string());
        Resolved {
            peer: job.peer,
            attempt: job.attempt,
            addresses,
        }
    }
}
