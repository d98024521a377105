//! Proofs that two sides know the same secret: of servers in a handshake, and of somebody who asks
//! for a status or watches. A proof is a function of the secret and of what was said; this room
//! knows no connection, and nobody's state.

mod question;
mod secrets;

pub use question::{Heard, Question};
pub use secrets::{
    ACCEPTOR, ASKER, DIALLER, Secret, Secrets, Side, WATCHER, early, handshake, question,
};
