//! Asking all servers at once: a small mio loop that ends when each has answered, or after a fixed
//! time. So a server that hangs delays the others by nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::{Events, Poll, Token, Waker};

use super::answer::Answer;
use super::dialogue::StatusDialogue;
use crate::limits::LIMITS;
use crate::reactor::{Clock, Resolver, wait};
use crate::secret::Secrets;
use crate::talk::{Call, Outcome};
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
        let nonce = nonce.wrapping_add(place as u128);
        let dialogue = StatusDialogue::new(&server.name, nonce, secrets);
        let mut call = Call::new(dialogue, place * LIMITS.addresses, Mono(0));
        match (&server.host, server.servers) {
            (_, None) => {
                calls.push((Some(Answer::Plain), call));
                continue;
            }
            (Host::Ip(address), Some(port)) => {
                let address = SocketAddr::new(address.to_canonical(), port);
                call.dial(Ok(vec![address]), Mono(0), poll.registry());
            }
            (Host::Name(name), Some(port)) => resolver.ask(place, name.clone(), port)?,
        }
        let answer = call.take().map(answer);
        calls.push((answer, call));
    }
    run(&mut poll, &mut calls, &resolver)?;
    let none = || Answer::Down("no answer".to_string());
    let answers = calls.into_iter();
    Ok(answers
        .map(|(answer, _)| answer.unwrap_or_else(none))
        .collect())
}

fn answer(outcome: Outcome<StatusDialogue<'_>>) -> Answer {
    match outcome {
        Ok((status, _)) => Answer::Up(status),
        Err(refusal) if refusal.is_locked => Answer::Locked(refusal.why),
        Err(refusal) => Answer::Down(refusal.why),
    }
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

/// A question, and its answer once there is one.
type Asked<'a> = (Option<Answer>, Call<StatusDialogue<'a>>);

/// Turns until every server has answered, or its time is over.
fn run(poll: &mut Poll, calls: &mut [Asked<'_>], resolver: &Resolver<usize>) -> io::Result<()> {
    let clock = Clock::start();
    let mut events = Events::with_capacity(LIMITS.poll_events);
    let open = |(answer, call): &Asked<'_>| call.next_at().filter(|_| answer.is_none());
    while let Some(next) = calls.iter().filter_map(open).min() {
        wait(poll, &mut events, Some(next.since(clock.mono())))?;
        for event in &events {
            // None: it is RESOLVED.
            if let Some((_, call)) = calls.get_mut(event.token().0 / LIMITS.addresses) {
                call.event(event, poll.registry());
            }
        }
        let now = clock.mono();
        for (place, addresses) in resolver.answers() {
            calls[place].1.dial(addresses, now, poll.registry());
        }
        for (found, call) in calls.iter_mut().filter(|it| it.0.is_none()) {
            call.go_on(now, poll.registry());
            *found = call.take().map(answer);
        }
    }
    Ok(())
}
