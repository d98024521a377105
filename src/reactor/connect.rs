//! Connecting without waiting (connect(2)): the sockets' part of dialling.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

/// Begins to connect. The first event of the stream tells that there is an [`outcome`].
///
/// `source` is our own address in the topology, by which the neighbour knows us; where it is not
/// of the target's family, the kernel chooses.
///
/// # Errors
/// When connecting fails at once.
pub fn connect(target: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let source = source.filter(|source| source.is_ipv4() == target.is_ipv4());
    // A bound source port stays unusable for a minute (TIME_WAIT); one that connect(2) chooses is
    // reserved per destination only. There are 28,000, and a plain neighbour is dialled for each
    // update: bound, they would run out.
    if let Some(source) = source.filter(|source| route(target).ok() != Some(*source)) {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() != Some(EINPROGRESS) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The source address that the kernel chooses for a target. Connecting a datagram socket looks up
/// the route and sends nothing (udp(7)).
fn route(target: SocketAddr) -> io::Result<IpAddr> {
    let any = match target {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

/// Connecting is under way (connect(2)), by its number on Linux.
const EINPROGRESS: i32 = 115;

/// The result of connecting; none: it is still under way.
pub fn outcome(stream: &TcpStream) -> Option<io::Result<()>> {
    if let Some(error) = stream.take_error().unwrap_or_else(Some) {
        return Some(Err(error));
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == ErrorKind::NotConnected => None,
        connected => Some(connected.map(drop)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_source_than_the_kernels_own_is_bound() {
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a door");
        let target = door.local_addr().expect("its address");
        assert_eq!(route(target).expect("a route"), target.ip());
        // The neighbour knows us by another address.
        let other: IpAddr = "127.0.0.9".parse().expect("an address");
        for source in [target.ip(), other] {
            let stream = connect(target, Some(source)).expect("a connection");
            assert_eq!(door.accept().expect("it").1.ip(), source);
            assert_eq!(stream.local_addr().expect("an address").ip(), source);
        }
    }
}
