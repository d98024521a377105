//! Lookups in flight: who waits for which.
//!
//! A lookup is known by a number that is never used again, so an answer that comes after its
//! time, or after its client has gone, finds nobody.

use std::collections::BTreeMap;
use std::fmt;

use crate::buffers::Ticket;
use crate::units::{ConnId, LookupId, Mono};

/// What a client wants to know about a place, in the terms of the providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Degrees north as a JSON number, with every digit that the client gave: `-34.068930`.
    pub latitude: String,
    /// Degrees east, likewise.
    pub longitude: String,
    /// 0 to 50,000 metres.
    pub radius_m: u32,
    /// At most so many results, 0 to 20.
    pub bound: usize,
}

/// Why a lookup has no answer. Its text is shown to the client: never a key, never a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The queue of the workers was full.
    Busy,
    /// It took too long.
    Late,
    /// The provider could not be reached, or what it said is no answer.
    Failed(String),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::Busy => f.write_str("too many lookups at once; ask again later"),
            LookupError::Late => f.write_str("the place service did not answer in time"),
            LookupError::Failed(why) => f.write_str(why),
        }
    }
}

/// Who waits. It is bounded by the workers' queue, which answers at once when it is full.
#[derive(Debug, Default)]
pub struct Lookups {
    waiting: BTreeMap<LookupId, Waiting>,
    last: u64,
}

/// One who waits.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// The client's connection.
    pub conn: ConnId,
    /// Its place in the reply queue.
    pub ticket: Ticket,
    /// Since when.
    pub since: Mono,
}

impl Lookups {
    /// Somebody waits for a new lookup.
    pub fn begin(&mut self, waiting: Waiting) -> LookupId {
        self.last += 1;
        let id = LookupId(self.last);
        self.waiting.insert(id, waiting);
        id
    }

    /// It has an answer: who waited for it? Nobody, if it was ended before.
    pub fn end(&mut self, id: LookupId) -> Option<Waiting> {
        self.waiting.remove(&id)
    }

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// A lookup of a connection that is gone; to be ended.
    pub fn of(&self, conn: ConnId) -> Option<LookupId> {
        self.waiting
            .iter()
            .find(|(_, waiting)| waiting.conn == conn)
            .map(|(id, _)| *id)
    }
}
