//! Talk between servers. An edge of the herd is two one-way links: each server dials its
//! neighbour's servers' door and tells it its changes there; the link that the neighbour dialled
//! carries the neighbour's.

mod admit;
mod asked;
mod audit;
mod check;
mod clock;
mod compare;
mod comparison;
mod discrepancy;
mod early;
pub mod foreign;
mod handshake;
mod incoming;
mod lineage;
pub mod lines;
mod link;
pub mod outgoing;
mod patience;
mod peer;
mod peers;
mod redial;
mod refusal;
pub mod reload;
mod rivals;
mod skew;
mod telling;
mod timed;

pub use link::Link;
pub use peer::Peer;
pub use peers::Links;
