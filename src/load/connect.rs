//! Connecting, a few at a time: all at once would overflow the server's listen queue, and a
//! connection that is dropped there is tried again a second later (tcp(7)).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::reactor::{Clock, Conn, connect, outcome};
use crate::units::SECOND;

/// Connections that are being made at once.
const DIALLED_MAX: usize = 64;
/// No connection may take longer, in nanoseconds.
const CONNECT_MAX: u64 = 10 * SECOND;

/// A connection that cannot be made.
#[derive(Debug)]
pub struct ConnectError {
    /// To where.
    pub address: SocketAddr,
    /// Why.
    pub error: io::Error,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: {}", self.address, self.error)
    }
}

/// Makes `count` connections to `addresses` in turn; the token of each is its index.
///
/// # Errors
/// When one of them cannot be made, or takes too long.
pub fn connect_all(
    poll: &mut Poll,
    addresses: &[SocketAddr],
    count: usize,
    clock: &Clock,
) -> Result<Vec<Conn<TcpStream>>, ConnectError> {
    let mut conns: Vec<Conn<TcpStream>> = Vec::with_capacity(count);
    let mut events = Events::with_capacity(DIALLED_MAX);
    let mut dialled = Vec::new();
    let mut last = clock.now().mono;
    let at = |index: usize| addresses[index % addresses.len()];
    let failed = |index, error| ConnectError {
        address: at(index),
        error,
    };
    while conns.len() < count || !dialled.is_empty() {
        while conns.len() < count && dialled.len() < DIALLED_MAX {
            let index = conns.len();
            let conn = dial(poll, at(index), index).map_err(|error| failed(index, error))?;
            conns.push(conn);
            dialled.push(index);
        }
        poll.poll(&mut events, Some(Duration::from_secs(1)))
            .or_else(|error| match error.kind() {
                io::ErrorKind::Interrupted => Ok(()),
                _ => Err(failed(0, error)),
            })?;
        for event in &events {
            conns[event.token().0].event(event.into());
        }
        let before = dialled.len();
        let mut error = None;
        dialled.retain(|&index| match outcome(conns[index].stream()) {
            None => true,
            Some(Ok(())) => false,
            Some(Err(why)) => {
                error = Some(failed(index, why));
                false
            }
        });
        if let Some(error) = error {
            return Err(error);
        }
        let now = clock.now().mono;
        if dialled.len() < before {
            last = now;
        } else if now.since(last) > CONNECT_MAX {
            return Err(failed(dialled[0], io::ErrorKind::TimedOut.into()));
        }
    }
    Ok(conns)
}

fn dial(poll: &Poll, address: SocketAddr, index: usize) -> io::Result<Conn<TcpStream>> {
    let mut stream = connect(address, None)?;
    stream.set_nodelay(true)?;
    let both = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut stream, Token(index), both)?;
    Ok(Conn::new(stream))
}
