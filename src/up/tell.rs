//! Lines for a person on standard error.

use std::io;

use crate::stdio::{Stream, say};
use crate::terminal::one_line;

/// Writes a line to standard error.
pub(super) fn tell(line: &str) {
    say(Stream::Error, format!("herd: {}\n", one_line(line)));
}

/// Why the run fails if the kernel refuses a poll, a pipe or the signals.
pub fn cannot_watch(error: io::Error) -> String {
    format!("cannot watch the servers: {error}")
}
