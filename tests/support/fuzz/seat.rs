//! Where a fuzzed connection sits.

use std::collections::VecDeque;

use herd::units::ConnId;

/// One connection after another.
#[derive(Default)]
pub struct Seat {
    pub conn: Option<ConnId>,
    pub is_paused: bool,
    pub has_ended: bool,
    /// Pieces that wait while it is paused; none: the end of its sending.
    pub inbox: VecDeque<Option<Vec<u8>>>,
    /// All that the node was given, and all that it has sent.
    pub heard: Vec<u8>,
    pub sent: Vec<u8>,
}
