//! Plain values that every room uses: instants, and the names of connections, lookups and peers.
//!
//! Nothing here reads a clock, allocates or fails.

mod ids;
mod time;

pub use ids::{ConnId, LookupId, PeerId};
pub use time::{MILLISECOND, Mono, Now, SECOND, Wall};
