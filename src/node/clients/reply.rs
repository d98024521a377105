//! The reply to a client's line.

use crate::node::api::Query;

/// The reply to a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// The AT line that this slot holds now, once its barrier is released.
    Updated(u32),
    /// This AT line, which changed nothing; once the same barrier is released.
    Repeated(Vec<u8>),
    /// This AT line, and JSON once the lookup comes back.
    Places(Vec<u8>, Query),
    /// Nothing: a server of another make told us a change.
    Silence,
    /// The line itself, after `? `.
    Invalid,
}
