//! Events of the poll: their tokens, and what they say of a stream. A connection's token is its
//! [`ConnId`]; the few things that live as long as the loop have the highest values, which no
//! connection ever reaches.

use mio::Token;
use mio::event::Event;

use super::conn::Readiness;
use crate::units::ConnId;

/// The listening socket for clients.
pub const CLIENTS_DOOR: Token = Token(usize::MAX);
/// The listening socket for neighbours.
pub const SERVERS_DOOR: Token = Token(usize::MAX - 1);
/// A worker has published a result.
pub const WAKER: Token = Token(usize::MAX - 2);
/// A signal came.
pub const SIGNALS: Token = Token(usize::MAX - 3);
/// Standard input.
pub const STDIN: Token = Token(usize::MAX - 4);

/// A ConnId must fit a token.
const _: () = assert!(usize::BITS == 64, "herd needs a 64-bit machine");

/// The token of a connection.
pub fn token(conn: ConnId) -> Token {
    Token(conn.0 as usize)
}

/// The connection of a token that is none of the above.
pub fn conn(token: Token) -> ConnId {
    ConnId(token.0 as u64)
}

impl From<&Event> for Readiness {
    fn from(event: &Event) -> Readiness {
        Readiness {
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_closed: event.is_read_closed() || event.is_error(),
            urgent: event.is_priority(),
        }
    }
}
