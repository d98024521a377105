//! The server, without I/O.

mod lookups;

pub use lookups::{LookupError, Query};
