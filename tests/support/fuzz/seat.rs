//! Where strangers sit, and limits so small that they are reached within a few bytes.

use std::collections::VecDeque;

use herd::limits::Limits;
use herd::units::ConnId;

/// One connection after another.
#[derive(Default)]
pub struct Seat {
    pub conn: Option<ConnId>,
    pub is_paused: bool,
    pub has_ended: bool,
    pub is_finished: bool,
    /// Pieces that wait while it is paused; none: the end of its sending.
    pub inbox: VecDeque<Option<Vec<u8>>>,
    /// All that the node was given.
    pub heard: Vec<u8>,
    /// All that it has sent.
    pub sent: Vec<u8>,
}

/// Small enough for a few bytes to reach each.
pub fn tiny() -> Limits {
    Limits {
        client_line: 64,
        server_line: 200,
        lines_per_turn: 2,
        outbox_high: 96,
        outbox_low: 24,
        replies: 3,
        lookups: 1,
        link_outbox: 64,
        watchers: 1,
        watch_outbox: 64,
        watch_steps: 2,
        records: 3,
        ..Limits::default()
    }
}
