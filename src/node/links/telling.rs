//! The changes that a plain neighbour is being told, each on a connection of its own.

use std::collections::VecDeque;

use crate::limits::Limits;
use crate::units::{ConnId, Mono};

/// The state of a plain neighbour, beside its link. It acknowledges nothing; when it
/// resets a connection, is it going down, or does it never take this line?
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// Changes that have been sent, or are being sent, in the order of the feed. Those before them
    /// are told; those after them are not.
    pub open: VecDeque<Telling>,
    /// All bytes of the last one are sent, and its end may be waited for without the next one.
    pub is_sent: bool,
    /// Resets in a row of the first change that it has not been told.
    pub resets: u32,
    /// That change is skipped for now, and the next one tried.
    pub skipped: bool,
    /// The sequence number of a change that was reset while a later one got through: a poison
    /// message, perhaps.
    pub suspect: Option<u64>,
}

/// A change with its connection.
#[derive(Clone, Debug)]
pub struct Telling {
    pub conn: ConnId,
    pub seq: u64,
    /// When it was put into the connection.
    pub since: Mono,
    /// Bytes that the neighbour sent on it, on which it has nothing to say.
    pub unexpected: usize,
    /// It counts as told, and waits for those before it.
    pub is_told: bool,
}

impl Foreign {
    /// Whether there is one connection at a time, after a reset: else nobody could say which line
    /// is rejected.
    pub fn is_careful(&self) -> bool {
        self.resets > 0 || self.skipped || self.suspect.is_some()
    }

    /// Whether another connection may be opened.
    pub fn has_room(&self, limits: &Limits) -> bool {
        let most = if self.is_careful() {
            1
        } else {
            limits.plain_connections
        };
        self.open.len() < most
    }

    /// The change that is told on a connection.
    pub fn telling(&mut self, conn: ConnId) -> Option<&mut Telling> {
        self.open.iter_mut().find(|telling| telling.conn == conn)
    }

    /// The first change, if it is told: it is taken out.
    pub fn next_told(&mut self) -> Option<u64> {
        let first = self.open.front().filter(|first| first.is_told)?.seq;
        self.open.pop_front();
        Some(first)
    }
}
