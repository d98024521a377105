//! Asking all servers at once: a small mio loop that ends when each has answered, or after a fixed
//! time. So a server that hangs delays the others by nothing.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use std::vec::IntoIter;

use mio::{Events, Poll, Token, Waker};

use super::answer::Answer;
use super::call::Call;
use super::dialogue::Dialogue;
use crate::limits::Limits;
use crate::node::Secret;
use crate::reactor::{Clock, no_thread, wait};
use crate::topology::{Host, Topology};
use crate::units::SECOND;

const LIMITS: Limits = Limits::PRODUCT;
/// A host name has been resolved.
const RESOLVED: Token = Token(usize::MAX);

/// Addresses of the server at a place, or why there are none.
type Resolved = (usize, io::Result<IntoIter<SocketAddr>>);

/// Asks all servers, in the order of the topology. `nonce` is a random number that was not used
/// before.
///
/// # Errors
/// When there is no poll, or no thread for a host name.
pub fn ask_all(
    topology: &Topology,
    secret: Option<&Secret>,
    nonce: u128,
) -> io::Result<Vec<Answer>> {
    let mut poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), RESOLVED)?);
    let (sender, resolved) = mpsc::channel();
    let mut calls = Vec::with_capacity(topology.servers.len());
    for (place, server) in topology.servers.iter().enumerate() {
        // Each question has a nonce of its own.
        let dialogue = Dialogue::new(&server.name, nonce.wrapping_add(place as u128), secret);
        let mut call = Call::new(Token(place), dialogue);
        match (&server.host, server.servers) {
            (_, None) => call.answer = Some(Answer::Plain),
            (Host::Ip(address), Some(port)) => {
                let address = SocketAddr::new(*address, port);
                call.dial(poll.registry(), Ok(vec![address].into_iter()));
            }
            (Host::Name(name), Some(port)) => {
                let (name, sender, waker) = (name.clone(), sender.clone(), Arc::clone(&waker));
                // getaddrinfo(3) only blocks, and a name server that is slow to answer for one
                // name must not delay the other servers. Nobody joins the thread.
                thread::Builder::new()
                    .spawn(move || {
                        let addresses = (name.as_str(), port).to_socket_addrs();
                        // Publish, then wake. After the deadline nobody listens.
                        let _ = sender.send((place, addresses));
                        let _ = waker.wake();
                    })
                    .map_err(no_thread)?;
            }
        }
        calls.push(call);
    }
    run(&mut poll, &mut calls, &resolved)?;
    let late = format!("no answer within {} s", LIMITS.status_wait / SECOND);
    let answer = |call: Call<'_>| call.answer.unwrap_or(Answer::Down(late.clone()));
    Ok(calls.into_iter().map(answer).collect())
}

/// Turns until every server has answered or the time is over.
fn run(
    poll: &mut Poll,
    calls: &mut [Call<'_>],
    resolved: &mpsc::Receiver<Resolved>,
) -> io::Result<()> {
    let clock = Clock::start();
    let deadline = clock.mono() + LIMITS.status_wait;
    let mut events = Events::with_capacity(LIMITS.poll_events);
    while calls.iter().any(|call| call.answer.is_none()) {
        let left = deadline.since(clock.mono());
        if left == 0 {
            return Ok(());
        }
        wait(poll, &mut events, Some(Duration::from_nanos(left)))?;
        for event in &events {
            // None: it is RESOLVED.
            if let Some(call) = calls.get_mut(event.token().0) {
                call.event(poll.registry(), event);
            }
        }
        for (place, addresses) in resolved.try_iter() {
            calls[place].dial(poll.registry(), addresses);
        }
    }
    Ok(())
}
