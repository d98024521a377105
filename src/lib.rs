//! A herd of servers on a hand-rolled event loop.
//!
//! A mobile client tells any server where it is (`IAMAT`), the servers flood the news to each
//! other, and anyone may ask any server what is near a client (`WHATSAT`). A server is **a pure
//! state machine inside a thin mio loop**: [`node`] owns every decision and every buffer, and
//! touches no socket, clock, thread or log. [`reactor`] owns the sockets, moves bytes and reports
//! facts.
//!
//! # A tour, from the loop inwards
//!
//! - [`reactor`], the loop:
//!   - `event_loop.rs`: one turn, which acts, waits and observes.
//!   - `io.rs`: how is a connection read and written? `conn.rs`: why is no edge ever lost?
//!   - `accept.rs`, `dial.rs`: where do connections come from?
//!   - `pool.rs`: where do calls go that block?
//! - [`node`], the server; its folders follow the [protocol](guide::protocol):
//!   - `api.rs`: everything that goes in and comes out.
//!   - `conn`: one connection, from its first byte to its end. It has a phase (`session.rs`), takes
//!     lines in (`input.rs`), gives replies out (`output.rs`), loses patience (`timeouts.rs`) and
//!     ends (`close.rs`).
//!   - `clients`: the commands, a file for each.
//!   - `links`: how do two servers meet? (`handshake.rs`) How is a neighbour told, heard, and
//!     dialled again? (`outgoing.rs`, `incoming.rs`, `redial.rs`) How do we talk to other
//!     implementations? (`foreign.rs`)
//!   - `ack`: the conditions for which a reply has to wait, the whole herd among them.
//!   - `journal`: when is a change written, and when is it safe?
//!   - `watch`: who hears of each change, beside the neighbours?
//!   - `admin`: how is the server, and how does it end?
//! - [`secret`]: how do two sides prove that they know it?
//! - [`store`], what a server knows: which of two reports wins? (`record.rs`) How does an update
//!   travel? (`feed.rs`)
//! - [`units`]: instants in integer nanoseconds, and names that are never used twice.
//! - [`wire`]: text to values and back. Clients say a [`wire::Command`], servers a
//!   [`wire::Message`].
//! - [`buffers`]: lines from pieces, replies in order, bytes on their way out, deadlines.
//! - [`limits`]: every bound, its reason, and what happens at it.
//! - [`journal`]: the files of the journal. [`holder`]: which process has a lock or a port?
//! - [`places`]: the places near a point, offline or from Google. It blocks, so only workers call
//!   it.
//! - [`topology`], [`logging`], [`cli`]: the file that describes a herd, the log, and the verbs, a
//!   file for each.
//!
//! The tools behind seven verbs are off this path. Five have a small loop of their own: [`up`] runs
//! a whole herd, [`status`] asks how it is, [`web`] shows that in a browser, [`watch`] follows its
//! changes, and [`load`] measures how fast a server is and checks every reply; [`talk`] is how two
//! of them call a servers' door. [`ask`] is one client, and [`trace`] reads logs. [`terminal`] lays
//! out what they show, and [`stdio`] writes it where a loop must not wait for a reader.
//!
//! The pages of the [`guide`] say how to run a herd, how it is tested, and how fast it is.
//!
//! # Architecture invariants
//!
//! Each has a test in `tests/tidy`. The pure rooms (`units`, `limits`, `wire`, `buffers`, `secret`,
//! `store` and `node`) never mention a socket, a clock, a thread or a log sink. A room uses only
//! the rooms below it (`units ← limits ← wire, buffers ← secret, store ← node ← journal, places ←
//! reactor ← cli`), and no two files import each other. Only `reactor::clock` reads clocks, and
//! only `places` and `web` know HTTP. Only rooms with a loop of their own know mio, and `talk`,
//! which two of them use.

pub mod ask;
pub mod buffers;
pub mod cli;
pub mod guide;
pub mod holder;
pub mod journal;
pub mod limits;
pub mod load;
pub mod logging;
pub mod node;
pub mod places;
pub mod reactor;
pub mod secret;
pub mod status;
pub mod stdio;
pub mod store;
pub mod talk;
pub mod terminal;
pub mod topology;
pub mod trace;
pub mod units;
pub mod up;
pub mod watch;
pub mod web;
pub mod wire;
