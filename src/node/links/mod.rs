//! Talk between servers. An edge of the herd is two one-way links: each server dials its
//! neighbour's servers' door and tells it its changes there; the link that the neighbour dialled
//! carries the neighbour's.

mod check;
mod compare;
mod comparison;
mod discrepancy;
pub mod foreign;
mod handshake;
mod incoming;
pub mod lines;
mod link;
pub mod outgoing;
mod patience;
mod peer;
mod peers;
mod question;
mod redial;
mod refusal;
pub mod reload;
mod rivals;
mod secret;
mod telling;

pub use link::Link;
pub use peer::Peer;
pub use peers::Links;
pub use question::Question;
pub use secret::{SECRET_BYTES_MIN, Secret, Secrets, question};
