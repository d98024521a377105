//! A watcher with a poll of its own, for a caller that has nothing else to wait for.

use std::io;
use std::sync::Arc;

use mio::{Events, Poll, Token, Waker};

use super::watcher::{Event, Watch};
use crate::limits::LIMITS;
use crate::reactor::wait;
use crate::secret::Secrets;
use crate::topology::Topology;

/// A host name has been resolved.
const RESOLVED: Token = Token(usize::MAX);

/// A [`Watch`], and the poll that it waits in.
pub struct Watching<'a> {
    watch: Watch<'a>,
    poll: Poll,
    events: Events,
}

impl<'a> Watching<'a> {
    /// Watches the servers of `topology`, as [`Watch::new`] does.
    ///
    /// # Errors
    /// When there is no poll.
    pub fn new(
        topology: &'a Topology,
        secrets: Option<&'a Secrets>,
        random: fn() -> io::Result<u128>,
    ) -> io::Result<Watching<'a>> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), RESOLVED)?;
        // Writing to an eventfd fails only when it is full, and then the poll returns anyway.
        let wake = Arc::new(move || drop(waker.wake()));
        let registry = poll.registry().try_clone()?;
        Ok(Watching {
            watch: Watch::new(topology, secrets, registry, wake, random),
            poll,
            events: Events::with_capacity(LIMITS.poll_events),
        })
    }

    /// The next event; none: wait.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        self.watch.poll_event()
    }

    /// Waits until there may be an event, at most for this number of nanoseconds.
    ///
    /// # Errors
    /// When polling itself fails.
    pub fn wait(&mut self, most: Option<u64>) -> io::Result<()> {
        let timeout = self.watch.timeout();
        let timeout = timeout.into_iter().chain(most).min();
        wait(&mut self.poll, &mut self.events, timeout)?;
        for event in &self.events {
            self.watch.event(event);
        }
        Ok(())
    }
}
