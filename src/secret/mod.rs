//! Proofs that two sides know the same secret: of servers in a handshake, and of somebody who asks
//! for a status. A proof is a function of the secret and of what was said; this room knows no
//! connection, and nobody's state.

mod question;
mod secrets;

pub use question::Question;
pub use secrets::{ACCEPTOR, DIALLER, Secret, Secrets, Side, early, handshake, question};
