//! One file of a journal.

use std::fs::File;
use std::sync::Arc;

/// A file of a journal that we have open, and locked.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: Arc<File>,
    /// Up to here it is whole: nothing is written behind a line that was written only in part.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Lines that are known to be damaged. As many as there are: the node knows all that it holds.
    pub(super) bad: u64,
}
