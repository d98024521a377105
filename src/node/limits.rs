//! Every limit of the node, with its reason and what happens at it.

use crate::units::{MILLISECOND, SECOND};

/// The numbers that bound a node. The defaults are the product's; the simulator draws others.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A client's line, in bytes without LF. A longer one is echoed so far and ends the
    /// connection, so that a stranger's endless line costs a buffer, not the memory.
    pub client_line: usize,
    /// A neighbour's line, likewise: a client's line as an AT line with room for the names.
    pub server_line: usize,
    /// Lines of one connection that are obeyed in one turn. The rest waits for the next turn, so
    /// that a flood of short lines delays the others by microseconds.
    pub lines_per_turn: usize,
    /// Unsent and held replies of one connection, in bytes: at `outbox_high` it is not read any
    /// more, at `outbox_low` it is again. The gap keeps it from stuttering.
    pub outbox_high: usize,
    /// See `outbox_high`.
    pub outbox_low: usize,
    /// Requests of one connection that stand in its reply queue. At the limit it is not read.
    pub replies: usize,
    /// Lookups of one connection in flight. At the limit it is not read, so that no single client
    /// fills the workers' queue.
    pub lookups: usize,
    /// AT lines to a neighbour that are copied ahead of the socket, in bytes. What does not fit
    /// stays in the table, which is the queue. Two lines of a server more, and the neighbour is
    /// not read any more.
    pub link_outbox: usize,
    /// AT lines to a neighbour without a MARK behind them, in bytes. Only a MARK moves the point
    /// where a link that breaks goes on, and its answer shows that a slow one is alive: by the
    /// clock alone a very slow link would never get beyond the start.
    pub link_unmarked: usize,
    /// Records in the table. At the limit a new client's IAMAT is invalid, known ones still move.
    pub records: usize,
    /// Their lines, in bytes. At the limit what would make them more is refused likewise: a name of
    /// 8 KiB is one record, too.
    pub record_bytes: usize,
    /// A client's time may be so far ahead of our clock, in nanoseconds. A later one is invalid:
    /// it would pin the client for ever.
    pub ahead: i128,
    /// The node's answer if the workers have none after so long, in nanoseconds: half a second
    /// before the five that a client is promised.
    pub lookup: u64,
    /// After we ended a connection whose sender may still be sending, what comes is dropped for so
    /// long, in nanoseconds: closing at once would reset it and destroy the reply.
    pub linger: u64,
    /// From a heartbeat to the next, in nanoseconds.
    pub beat: u64,
    /// A neighbour that has not said its part for so long is dead, in nanoseconds.
    pub dead: u64,
    /// The first wait before a neighbour is dialled again, in nanoseconds; it doubles.
    pub redial_first: u64,
    /// The longest such wait.
    pub redial_last: u64,
    /// A reply waits for every server to answer for so long, in nanoseconds; then it is sent.
    pub ack: u64,
    /// Servers whose waves are known. Of more, one that is at rest is forgotten; if none is, the
    /// new wave is not answered, and its replies are late.
    pub waves: usize,
    /// Bytes that a plain neighbour may answer where no answer is wanted. More ends the connection.
    pub chatter: usize,
    /// Connections to a plain neighbour that may be reset, one after the other, though the line was
    /// sent whole. Then the next line is tried: if that gets through and the first still does not,
    /// the neighbour cannot take the first, and it is left out.
    pub resets: u32,
    /// From a warning about a neighbour or a stranger at the servers' door to the next, in
    /// nanoseconds. The ones between are counted.
    pub warning: u64,
    /// Lines of the journal that one write takes, in bytes. A turn with more writes more often.
    pub journal_batch: usize,
    /// A journal that is far behind, or made anew, is told so many bytes in a turn, so that no turn
    /// is long.
    pub journal_slice: usize,
    /// A journal of so many bytes is made anew when half of it and more is out of date: a shorter
    /// one is not worth it.
    pub journal_floor: u64,
    /// What stands in the journal for so long is made safe, in nanoseconds, but with `--fsync off`;
    /// and it is seen whether the file is still there.
    pub journal_sync: u64,
    /// A journal that could not be written is tried again after so long, in nanoseconds.
    pub journal_retry: u64,
    /// From the wish to end to the end, in nanoseconds, whatever is still owed.
    pub grace: u64,
}

/// Neighbours of one server. A record has a set of 64 bits for those that are known to have it.
pub const NEIGHBOURS_MAX: usize = 64;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            client_line: 8 << 10,
            server_line: 17 << 10,
            lines_per_turn: 256,
            outbox_high: 64 << 10,
            outbox_low: 16 << 10,
            replies: 64,
            lookups: 8,
            link_outbox: 64 << 10,
            link_unmarked: 4 << 10,
            records: 10_000_000,
            record_bytes: 2 << 30,
            ahead: 24 * 60 * 60 * i128::from(SECOND),
            lookup: 4_500 * MILLISECOND,
            linger: SECOND,
            beat: SECOND,
            dead: 3 * SECOND,
            redial_first: 50 * MILLISECOND,
            redial_last: SECOND,
            ack: 200 * MILLISECOND,
            waves: 1024,
            chatter: 4 << 10,
            resets: 3,
            warning: 60 * SECOND,
            journal_batch: 1 << 20,
            journal_slice: 64 << 10,
            journal_floor: 4 << 20,
            journal_sync: SECOND,
            journal_retry: SECOND,
            grace: 5 * SECOND,
        }
    }
}
