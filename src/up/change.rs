//! The events that the loop of `herd up` reports.

/// News about a child, by its place among them, or about the whole herd.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// Its doors are open; this is its process id.
    Opened(usize, u32),
    /// It goes on, but a person should know this.
    Warned(usize, String),
    /// It has ended, for this reason.
    Ended(usize, String),
    /// The time to open all doors is over.
    Late,
    /// A signal asks us to end.
    EndAsked,
    /// A second signal asks us to end, or the time to end is over.
    EndNow,
}
