//! Connecting for a caller who waits: `herd ask`, and `herd load` before it begins.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::clock::Clock;
use super::connect::{connect, outcome};
use super::race::Race;
use super::wait::wait;
use crate::units::Mono;

/// Connects to the first of these addresses that answers, within `timeout` nanoseconds. Returns the
/// address, too.
///
/// # Errors
/// When none does: they are named.
pub fn reach(addresses: &[SocketAddr], timeout: u64) -> io::Result<(TcpStream, SocketAddr)> {
    race(addresses, timeout).map_err(|why| {
        let all: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        let text = format!("cannot connect to {}: {why}", all.join(", "));
        io::Error::new(why.kind(), text)
    })
}

fn race(addresses: &[SocketAddr], timeout: u64) -> io::Result<(TcpStream, SocketAddr)> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(addresses.len().max(1)));
    let (clock, mut race) = (Clock::start(), Race::to(addresses));
    let deadline = clock.mono() + timeout;
    let mut streams: Vec<(TcpStream, SocketAddr)> = Vec::new();
    loop {
        let now = clock.mono();
        race.go_on(now, |address| {
            let (mut stream, place) = (connect(address, &[])?, streams.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(place), both)?;
            streams.push((stream, address));
            Ok(place)
        })?;
        if now >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let until = race.next_at().map_or(deadline, |at: Mono| at.min(deadline));
        wait(&mut poll, &mut events, Some(until.since(now)))?;
        for event in &events {
            let Token(place) = event.token();
            match outcome(&streams[place].0) {
                None => {}
                Some(Err(why)) => race.failed(&place, why),
                Some(Ok(())) => {
                    let (mut stream, address) = streams.swap_remove(place);
                    poll.registry().deregister(&mut stream)?;
                    return Ok((stream, address));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SECOND;

    #[test]
    fn an_address_that_refuses_delays_the_next_by_nothing() {
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a door");
        let open = door.local_addr().expect("its address");
        let gone = std::net::TcpListener::bind("127.0.0.2:0").expect("a door");
        let shut = gone.local_addr().expect("its address");
        drop(gone);
        let (stream, address) = reach(&[shut, open], 60 * SECOND).expect("a connection");
        assert_eq!((stream.peer_addr().expect("an end"), address), (open, open));
        let why = reach(&[shut], 60 * SECOND).expect_err("nobody listens");
        assert_eq!(why.kind(), io::ErrorKind::ConnectionRefused);
    }
}
