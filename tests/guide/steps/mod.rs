//! Twelve servers, from one `epoll_wait` to two servers that tell each other what is new. Each
//! mends what a client can show to be wrong with the one before, and stands on the parts of the
//! product: the code that is read here is the code that runs there.
//!
//! `cargo run -q --example step 3` runs the third; `tests/guide/checks` tells each from the one
//! before it.

#![allow(dead_code)] // Examples and tests share the steps, and each uses a part of them.

pub mod s01_wait;
pub mod s02_door;
pub mod s03_edges;
pub mod s04_lines;
pub mod s05_outbox;
pub mod s06_marks;
pub mod s07_budget;
pub mod s08_names;
pub mod s09_deadlines;
pub mod s10_workers;
pub mod s11_core;
pub mod s11_shell;
pub mod s12_peers;
pub mod s12_table;

use std::io;
use std::net::TcpListener;

use s03_edges::Server;

/// A server that serves whoever comes to this door, until an error ends it.
pub type Serve = fn(TcpListener) -> io::Result<()>;

/// The steps up to 11, each with its name. The twelfth is `s12_peers`: two servers.
pub const STEPS: [(&str, Serve); 11] = [
    ("wait", s01_wait::serve),
    ("door", s02_door::serve),
    ("edges", Server::<s03_edges::Echo>::run),
    ("lines", Server::<s04_lines::Lines>::run),
    ("outbox", Server::<s05_outbox::Speaker>::run),
    ("marks", Server::<s06_marks::Patient>::run),
    ("budget", Server::<s07_budget::Fair>::run),
    ("names", s08_names::serve),
    ("deadlines", s09_deadlines::serve),
    ("workers", s10_workers::serve),
    ("core", s11_core::serve),
];
