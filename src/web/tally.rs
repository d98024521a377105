//! Sums over all connections. Each turn asks for them, and going through all of the connections
//! would cost more than the turn.

/// The sums, or the part of one connection.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// How many wait for a look, or listen.
    pub watchers: usize,
    /// How many listen, or are about to.
    pub listeners: usize,
    /// Bytes that wait for readers.
    pub unsent: usize,
}

impl Tally {
    /// The part of a connection was `before`, and is `after`.
    pub fn change(&mut self, before: Tally, after: Tally) {
        self.watchers = self.watchers + after.watchers - before.watchers;
        self.listeners = self.listeners + after.listeners - before.listeners;
        self.unsent = self.unsent + after.unsent - before.unsent;
    }
}
