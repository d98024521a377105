//! A server herd on a hand-rolled event loop.
//!
//! Mobile clients tell any server where they are (`IAMAT`), the servers flood that to each other,
//! and anyone may ask any server what is near a client (`WHATSAT`). A server is **a pure state
//! machine inside a thin mio loop**: [`node`] owns every decision and every buffer and touches no
//! socket, clock, thread or log; [`reactor`] owns the sockets, moves bytes and reports facts.
//!
//! # A tour, from the ground up
//!
//! - [`units`]: instants in integer nanoseconds, and names that are never used twice.
//! - [`wire`]: the words on the wire, text to values and back. What may a client say?
//!   [`wire::Command`]. What do servers say to each other? [`wire::Message`].
//! - [`buffers`]: lines out of pieces, replies in order, bytes on their way out, deadlines.
//! - [`node`]: the server. How does an update travel? Through the table into its feed, and from
//!   there along each link's cursor: `table.rs`, `feed.rs`, `telling.rs`, `hearing.rs`. How does
//!   a WHATSAT wait for its answer and keep its place? `clients.rs` and
//!   [`buffers::ReplyQueue`]. What bounds all of it? [`limits::Limits`].
//! - [`places`]: what is near, offline or from Google; blocking, and so only on workers.
//! - [`journal`]: the files that a start reads. When is a line written? [`node::JournalTask`].
//! - [`reactor`]: the loop. How does it wait? `EventLoop::turn` in
//!   `reactor/event_loop.rs`. Why is no event ever lost? [`reactor::Conn`].
//!   Where does its time go? `reactor/metrics.rs`; and who may ask? `node/status.rs`.
//! - [`load`]: how fast is a server, and is every reply right? The same loop from the other side.
//! - [`topology`], [`logging`], [`cli`]: who is in the herd, what is written down, and the verbs.
//!
//! The words on the wire are in the [`guide::protocol`] page.
//!
//! # Architecture invariants
//!
//! Each is a test in `tests/tidy.rs`. `units`, `wire`, `buffers` and `node` never mention a
//! socket, a clock, a thread or a log sink. Rooms use only rooms below them. Only
//! `reactor::clock` reads clocks; only `places` knows HTTP; only `reactor` and
//! the two shells of `load` know mio.

pub mod buffers;
pub mod cli;
pub mod guide;
pub mod journal;
pub mod limits;
pub mod load;
pub mod logging;
pub mod node;
pub mod places;
pub mod reactor;
pub mod topology;
pub mod units;
pub mod wire;
