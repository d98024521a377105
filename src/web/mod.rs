//! A web server beside a herd: it asks the servers for their status and says commands to them, as a
//! client of theirs, and answers people and programs in HTTP. The servers know nothing of it.
//!
//! - `http` is HTTP/1.1 without sockets.
//! - `guard.rs` says who may ask, `routes.rs` what is at which path, `command.rs` what becomes of
//!   the fields of a request, `page.rs` what a person sees, `moves.rs` what an open page is told.
//! - `server.rs` is the loop, on one thread, and `connections.rs` its sockets, with their sums in
//!   `tally.rs`. `looks.rs` and `gateway.rs` ask the servers on threads of their own, since that
//!   waits; `follower.rs` watches them in the loop.
//!
//! A stranger's bytes give an answer that says what is wrong with them. Any error of a connection
//! ends that connection only.

mod command;
mod connections;
mod follower;
mod gateway;
mod guard;
mod http;
mod looks;
mod moves;
mod page;
mod routes;
mod server;
mod tally;

pub use guard::Guard;
pub use looks::Herd;
pub use server::Server;
