//! A rule for a flood: which updates a server takes, and which neighbours it tells.

use super::rules::{Message, Server, Update};

/// Whether a server that knows `known` takes the update, keeps it in place of `known`, and
/// perhaps passes it on.
pub fn takes(update: Update, known: Option<Update>) -> bool {
    known.is_none_or(|known| known < update)
}

/// Whether a server that took a message passes it on to this neighbour. `message.passed` has the
/// servers that passed it on before; the last of them sent it here.
pub fn tells(neighbour: Server, message: &Message) -> bool {
    message.passed.last() != Some(&neighbour)
}
