//! The interface of all sources of places.

use crate::node::{LookupError, Query};

/// The text for a client, or why there is none.
pub type Answer = Result<Vec<u8>, LookupError>;

/// A source of places.
pub trait Provider: Send + Sync {
    /// The places near a point as JSON text; nearest first, if the provider can sort. The text has
    /// no blank line and no newline at its end, so that the only blank line that a client sees is
    /// the one that the node appends.
    ///
    /// Blocks for at most `lookup_wait` and the time to resolve a name.
    fn nearby(&self, query: &Query) -> Answer;

    /// The most lookups that a worker may take from the queue at a time. A provider that waits for
    /// anything says one: otherwise a slow lookup would hold up those behind it.
    fn batch(&self) -> usize {
        1
    }

    /// A phrase for people: what this is, and where it asks; never the key.
    fn describe(&self) -> String;
}
