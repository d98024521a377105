//! The events that the loop of `herd up` reports.

/// News about a child, by its place among them, or about the whole herd.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// Its doors are open; its process id, and how many clients its journal brought back.
    Opened(usize, u32, u64),
    /// It goes on, but a person should know this.
    Warned(usize, String),
    /// It has ended, for this reason.
    Ended(usize, String),
    /// The time to open all doors is over.
    Late,
    /// The logs may have grown.
    Look,
    /// A person has typed this line.
    Typed(String),
    /// A signal asks us to end.
    EndAsked,
    /// These have not ended yet.
    StillRunning(Vec<usize>),
    /// A second signal asks us to end, or the time to end is over.
    EndNow,
}
