//! Connecting without waiting (connect(2)): the sockets' part of dialling.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use mio::net::TcpStream;
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockRef, Socket, Type};

/// Begins to connect. The first event of the stream tells that there is an [`outcome`].
///
/// `sources` are our own addresses by which the other side knows us. If the kernel chooses none of
/// them by itself, we connect from the first that can reach the target.
///
/// # Errors
/// When connecting fails at once.
pub fn connect(target: SocketAddr, sources: &[SocketAddr]) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Some(source) = source_for(target, sources) {
        // bind(2) would take a port that is nobody else's until a minute after the end: 28,000 of
        // them, and a plain neighbour is dialled for each update. With this option connect(2)
        // chooses the port, which then is ours for this destination only. A kernel before 4.2 has
        // no such option.
        let _ = setsockopt(&socket, sockopt::IpBindAddressNoPort, &true);
        socket.bind(&source.into())?;
    }
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The source to bind for this target; none: the kernel's own choice will do.
fn source_for(target: SocketAddr, sources: &[SocketAddr]) -> Option<SocketAddr> {
    let first = sources.iter().find(|source| can_reach(**source, target))?;
    let chosen = route(target).ok();
    let is_known = sources.iter().any(|source| Some(source.ip()) == chosen);
    (!is_known).then_some(*first)
}

/// Whether packets from `source` can get to `target`: they are of one family, and a loopback
/// address does not leave its machine.
fn can_reach(source: SocketAddr, target: SocketAddr) -> bool {
    let is_near = || target.ip().is_loopback() || is_here(target);
    source.is_ipv4() == target.is_ipv4() && (!source.ip().is_loopback() || is_near())
}

/// The source that the kernel chooses for a target. Connecting a datagram socket looks up the route
/// and sends nothing (udp(7)).
fn route(target: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

/// Whether it is an address of this machine, whatever its port. Binding a datagram socket asks the
/// kernel, and sends nothing.
pub fn is_here(mut address: SocketAddr) -> bool {
    address.set_port(0);
    UdpSocket::bind(address).is_ok()
}

/// The result of connecting; none: it is still under way.
///
/// A connection to ourselves is an error: when nobody listens at a port of this machine that
/// connect(2) may choose itself, it may choose just that one, and both ends are one socket
/// (simultaneous open, RFC 9293). Its end must not keep the port from its owner for a minute.
pub fn outcome(stream: &TcpStream) -> Option<io::Result<()>> {
    if let Some(error) = stream.take_error().unwrap_or_else(Some) {
        return Some(Err(error));
    }
    match (stream.peer_addr(), stream.local_addr()) {
        (Err(error), _) if error.kind() == ErrorKind::NotConnected => None,
        (Ok(there), Ok(here)) if there == here => {
            let reset = SockRef::from(stream).set_linger(Some(Duration::ZERO));
            let why = "nobody listens there; it was connected to itself";
            Some(reset.and(Err(io::Error::new(ErrorKind::ConnectionRefused, why))))
        }
        (there, _) => Some(there.map(drop)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_ours_where_it_can_reach_the_target() {
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a door");
        let target = door.local_addr().expect("its address");
        let texts = ["127.0.0.1:0", "127.0.0.9:0", "[::1]:0", "192.0.2.7:0"];
        let [near, other, foreign, beyond]: [SocketAddr; 4] =
            texts.map(|it| it.parse().expect("an address"));
        for (sources, want) in [
            (&[][..], near),
            (&[near], near),
            (&[other], other),
            // The kernel's choice is one of them.
            (&[other, near], near),
            (&[foreign, other], other),
            (&[foreign], near),
        ] {
            let stream = connect(target, sources).expect("a connection");
            assert_eq!(door.accept().expect("it").1.ip(), want.ip());
            assert_eq!(stream.local_addr().expect("an address").ip(), want.ip());
        }
        assert!(!can_reach(other, beyond) && can_reach(beyond, target));
    }

    /// Two sockets that are bound with a port of their own could not have one port; two that leave
    /// it to connect(2) can, towards different targets.
    #[test]
    fn a_bound_source_keeps_no_port_from_others() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let set = setsockopt(&socket, sockopt::IpBindAddressNoPort, &true);
        set.expect("an option of Linux");
        let source: SocketAddr = "127.0.0.9:0".parse().expect("an address");
        socket.bind(&source.into()).expect("an address of ours");
        let bound = socket.local_addr().expect("an address").as_socket();
        assert_eq!(bound, Some(source), "no port yet");
    }

    #[test]
    fn a_connection_to_itself_is_none_and_frees_its_port() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        socket.bind(&any.into()).expect("a port");
        let own = socket.local_addr().expect("an address");
        socket.connect(&own).expect("a connection to itself");
        let stream = TcpStream::from_std(socket.into());
        let why = outcome(&stream)
            .expect("it is made")
            .expect_err("to itself");
        assert_eq!(why.kind(), ErrorKind::ConnectionRefused);
        drop(stream);
        let own = own.as_socket().expect("an address");
        std::net::TcpListener::bind(own).expect("the port is free at once");
    }
}
