//! Talk between servers. An edge of the herd is two one-way links: each server dials its
//! neighbour's servers' door and tells it its changes there; the link that the neighbour dialled
//! carries the neighbour's.

mod compare;
mod comparison;
mod discrepancy;
pub mod foreign;
mod handshake;
mod incoming;
pub mod lines;
pub mod outgoing;
mod peer;
mod peers;
mod question;
mod redial;
pub mod reload;
mod secret;

pub use peer::{Link, Peer};
pub use peers::Links;
pub use question::Question;
pub use secret::{SECRET_BYTES_MIN, Secret, Secrets, question};
