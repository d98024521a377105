//! One client at a server's clients' door, for a person or a script: a line goes out, and the
//! answer is shown before the next one.
//!
//! It waits for one server and has nothing else to do, so it has no loop: its reads block, but
//! never beyond the time that it has. A server's answer is a stranger's: its length is bounded, and
//! on a terminal it is shown escaped.

mod client;
mod json;
mod line;
mod prompt;
mod session;

pub use client::{Client, Door};
pub use line::reason;
pub use prompt::{prompt, script};
pub use session::{Form, Session};
