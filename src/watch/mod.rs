//! The changes of a herd, as they happen: a client that watches every server, and gives one
//! [`Event`] after the other. It shows nothing.
//!
//! A caller may have a poll of its own; [`Watching`] is for one that has none. It gives [`Watch`]
//! the events that have its tokens, waits no longer than [`Watch::timeout`], and then takes events
//! until there are none:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use herd::topology::Topology;
//! use herd::watch::{Event, Watch};
//! use mio::{Events, Poll, Token, Waker};
//!
//! fn follow(topology: &Topology, random: fn() -> std::io::Result<u128>) -> std::io::Result<()> {
//!     let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
//!     let waker = Waker::new(poll.registry(), Token(usize::MAX))?;
//!     let wake = Arc::new(move || drop(waker.wake()));
//!     let registry = poll.registry().try_clone()?;
//!     let mut watch = Watch::new(topology, None, registry, wake, random);
//!     loop {
//!         while let Some(event) = watch.poll_event() {
//!             if let Event::Change { server, report, .. } = event {
//!                 println!("{}: {:?}", topology.servers[server].name, report.client);
//!             }
//!         }
//!         poll.poll(&mut events, watch.timeout().map(Duration::from_nanos))?;
//!         events.iter().for_each(|event| watch.event(event));
//!     }
//! }
//! ```
//!
//! It keeps no queue: bytes are read when an event is asked for. So if the caller stops asking, the
//! server's outbox fills, and then its cursor waits; the caller misses only changes that newer ones
//! of the same client have overtaken, and is told how many those were. A server's words are a
//! stranger's: their length is bounded, and they are bytes.

mod dialogue;
mod member;
mod stream;
mod watcher;
mod watching;

pub use watcher::{Event, Watch};
pub use watching::Watching;
