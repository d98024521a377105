//! Asking all servers at once: a small mio loop that ends when each has answered, or after a fixed
//! time. So a server that hangs delays the others by nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::{Events, Poll, Token, Waker};

use super::answer::Answer;
use super::call::Call;
use super::dialogue::Dialogue;
use crate::limits::LIMITS;
use crate::reactor::{Clock, Resolver, wait};
use crate::secret::Secrets;
use crate::topology::{Host, Topology};
use crate::units::Mono;

/// A host name has been resolved.
const RESOLVED: Token = Token(usize::MAX);

/// Asks all servers, in the order of the topology. `nonce` is a random number that was not used
/// before.
///
/// # Errors
/// When there is no poll, or no thread for a host name.
pub fn ask_all(
    topology: &Topology,
    secrets: Option<&Secrets>,
    nonce: u128,
) -> io::Result<Vec<Answer>> {
    let mut poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), RESOLVED)?;
    // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
    let resolver = Resolver::new(&(Arc::new(move || drop(waker.wake())) as _));
    let mut calls = Vec::with_capacity(topology.servers.len());
    for (place, server) in topology.servers.iter().enumerate() {
        // Each question has a nonce of its own.
        let dialogue = Dialogue::new(&server.name, nonce.wrapping_add(place as u128), secrets);
        let mut call = Call::new(dialogue);
        match (&server.host, server.servers) {
            (_, None) => call.answer = Some(Answer::Plain),
            (Host::Ip(address), Some(port)) => {
                let address = SocketAddr::new(address.to_canonical(), port);
                call.dial(place, Ok(vec![address]), Mono(0), poll.registry());
            }
            (Host::Name(name), Some(port)) => resolver.ask(place, name.clone(), port)?,
        }
        calls.push(call);
    }
    run(&mut poll, &mut calls, &resolver)?;
    let none = || Answer::Down("no answer".to_string());
    let answer = |call: Call<'_>| call.answer.unwrap_or_else(none);
    Ok(calls.into_iter().map(answer).collect())
}

/// Does nothing for that many nanoseconds.
///
/// # Errors
/// When there is no poll.
pub fn wait_for(nanoseconds: u64) -> io::Result<()> {
    let (mut poll, clock) = (Poll::new()?, Clock::start());
    let mut events = Events::with_capacity(1);
    while let left @ 1.. = Mono(nanoseconds).since(clock.mono()) {
        wait(&mut poll, &mut events, Some(left))?;
    }
    Ok(())
}

/// Turns until every server has answered, or its time is over.
fn run(poll: &mut Poll, calls: &mut [Call<'_>], resolver: &Resolver<usize>) -> io::Result<()> {
    let clock = Clock::start();
    let mut events = Events::with_capacity(LIMITS.poll_events);
    while let Some(next) = calls.iter().filter_map(Call::next_at).min() {
        wait(poll, &mut events, Some(next.since(clock.mono())))?;
        for event in &events {
            // None: it is RESOLVED.
            if let Some(call) = calls.get_mut(Call::place(event.token())) {
                call.event(event, poll.registry());
            }
        }
        let now = clock.mono();
        for (place, addresses) in resolver.answers() {
            calls[place].dial(place, addresses, now, poll.registry());
        }
        for (place, call) in calls.iter_mut().enumerate() {
            call.go_on(place, now, poll.registry());
        }
    }
    Ok(())
}
