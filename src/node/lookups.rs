//! Lookups in flight.

use std::fmt;

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
