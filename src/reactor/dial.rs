//! Dialling a neighbour: its host may be a name, which a worker resolves, and may have several
//! addresses, which are tried in turn.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::pool::Work;
use crate::units::{ConnId, PeerId};

/// Where a neighbour's servers' door is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    let source = source.filter(|source| source.is_ipv4() == target.is_ipv4());
    // A port that is bound is nobody else's until a minute after the connection (TIME_WAIT), one
    // that connect(2) chooses is this target's only. There are 28,000, and a plain neighbour is
    // dialled for each update: bound, they would run out.
    if let Some(source) = source.filter(|source| route(target).ok() != Some(*source)) {
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

/// The address from which the kernel reaches a target by itself. Connecting a datagram socket asks
/// for the way and sends nothing (udp(7)).
fn route(target: SocketAddr) -> io::Result<IpAddr> {
    let any = match target {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_source_than_the_kernels_own_is_bound() {
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a door");
        let target = door.local_addr().expect("its address");
        assert_eq!(route(target).expect("a way"), target.ip());
        // Another is: the neighbour knows us by it.
        let other: IpAddr = "127.0.0.9".parse().expect("an address");
        for source in [target.ip(), other] {
            let stream = connect(target, Some(source)).expect("a connection");
            assert_eq!(door.accept().expect("it").1.ip(), source);
            assert_eq!(stream.local_addr().expect("an address").ip(), source);
        }
    }
}
