//! The mio shell: it owns the sockets, moves bytes and reports facts. It never looks inside a
//! line; every decision is the [`Node`](crate::node::Node)'s.
//!
//! Begin with [`EventLoop::turn`] in `event_loop.rs`. Its parts:
//!
//! - `setup.rs`: the parts that it is given.
//! - `shell.rs`: the node among its sockets, which all parts work on.
//! - `io.rs`: the connections. `socket.rs` is one of them, [`Conn`] the readiness of its stream,
//!   `ready.rs` the list of those with work, `token.rs` what an event is about.
//! - `listener.rs` and `accept.rs` take connections in; `dial.rs` and `reload.rs` reach the
//!   neighbours, with `resolve.rs` and `names.rs` for their names, `race.rs` and `connect.rs` for
//!   their addresses. `reach.rs` does the same for a caller who has nothing else to do.
//! - `pool.rs` runs on other threads what blocks: lookups of places (`lookups.rs`), and the part of
//!   `journal.rs` that waits for a disk. `threads.rs` starts them.
//! - `signals.rs` receives requests from outside the sockets, `interrupt.rs` Ctrl-C for a loop of
//!   another room; `notify.rs` tells the service manager how we are.
//! - `clock.rs` and `metrics.rs` measure the phases of a turn (`phase.rs`), and `slow.rs` looks for
//!   slow turns. `slices.rs` keeps where the time of each turn went; `trace.rs` has that written,
//!   in the words of `trace_events.rs`.

mod accept;
mod clock;
mod conn;
mod connect;
mod dial;
mod event_loop;
mod interrupt;
mod io;
mod journal;
mod listener;
mod lookups;
mod metrics;
mod names;
mod notify;
mod phase;
mod pool;
mod race;
mod reach;
mod ready;
mod reload;
mod resolve;
mod setup;
mod shell;
mod signals;
mod slices;
mod slow;
mod socket;
mod threads;
mod token;
mod trace;
mod trace_events;
mod wait;

pub use clock::{Clock, wall};
pub use conn::{Conn, ReadOutcome, Readiness};
pub use connect::{connect, is_here, outcome};
pub use event_loop::EventLoop;
pub use interrupt::Interrupt;
pub use listener::{Accept, Listener};
pub use notify::{Notifier, SOCKET as NOTIFY_SOCKET};
pub use pool::{Pool, Size, Wake};
pub use race::Race;
pub use reach::reach;
pub use reload::{Link, Reload, Reread, Target};
pub use resolve::{Resolved, Resolver, resolve};
pub use setup::{Setup, Turns};
pub use signals::{
    REOPEN, REREAD, Requests, Signals, end_as_process_1, end_well_at_interrupt, undo_inherited,
};
pub use threads::no_thread;
pub use trace::TraceFile;
pub use wait::wait;
