//! The two links with a neighbour: the one on which we tell it our changes, and the one on which it
//! tells us its own.

use super::comparison::Comparison;
use super::early::Early;
use super::patience::Patience;
use super::skew::Skew;
use crate::limits::Throttle;
use crate::node::context::Level;
use crate::store::CursorId;
use crate::units::ConnId;
use crate::wire::Position;

/// The link on which we tell a neighbour our changes: a follower of the feed.
///
/// Changes up to `acked_seq` are known to it, those in `(acked_seq, sent_seq]` are told or were
/// known to it, and those after `sent_seq` are still to be told.
#[derive(Debug)]
pub struct Outgoing {
    pub state: Link,
    pub cursor: CursorId,
    pub sent_seq: u64,
    pub acked_seq: u64,
    pub words: Words,
    /// Bytes of AT lines since the last MARK.
    pub unmarked: usize,
    /// The last two MARKs.
    pub marks: [Option<Position>; 2],
    /// It answers COMPARE.
    pub compares: bool,
    /// The last comparison of the neighbour's table with ours, if one was needed.
    pub comparison: Option<Box<Comparison>>,
    /// Its clock, compared with ours.
    pub skew: Skew,
    /// A line on this link was ignored.
    pub has_ignored: bool,
    /// How long the neighbour may be silent, here and on its own link.
    pub patience: Patience,
}

/// The words of our handshakes with a neighbour.
#[derive(Debug, Default)]
pub struct Words {
    /// Our nonce in the present one.
    pub ours: String,
    /// The neighbour's.
    pub theirs: String,
    /// The neighbour's nonce in the last one that led to a link.
    pub last: Option<String>,
    /// The neighbour refused a HELLO with words of the form `key=value`, and did not say why: the
    /// next one has none.
    pub is_terse: bool,
    /// The neighbour's version, if it says one.
    pub version: Option<String>,
}

/// The state of the link on which we tell a neighbour our changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Waiting for the next dial.
    Down,
    /// The shell connects.
    Dialling,
    /// We said HELLO.
    HelloSent(ConnId),
    /// It said HELLO; we wait for its SINCE.
    AwaitingSince(ConnId),
    /// It is told every change.
    Up(ConnId),
    /// We are shutting down, and everything was told.
    Closing(ConnId),
    /// A plain neighbour is sent one change.
    TellingOne(ConnId),
}

/// The link on which a neighbour tells us its changes.
#[derive(Debug, Default)]
pub struct Incoming {
    pub conn: Option<ConnId>,
    /// Our SINCE is written. Before that the neighbour must say nothing.
    pub is_ready: bool,
    /// The last MARK of its present run: how far we got in its feed.
    pub heard: Position,
    /// A MARK came on this connection: the neighbour has accepted us, too.
    pub is_marked: bool,
    /// It reads a time in our SINCE.
    pub has_clock: bool,
    /// The last connection ended before its first MARK, so the next one is not news before its own.
    pub is_stuck: bool,
    /// The last one that said it was this neighbour did not prove it.
    pub is_doubted: bool,
    /// A line on this link was ignored.
    pub has_ignored: bool,
    /// Handshakes that began with a proof.
    pub early: Early,
    /// Warnings of links that went down.
    pub losses: Throttle,
}

impl Incoming {
    /// How much a line about the present connection matters.
    pub fn level(&self) -> Level {
        match self.is_stuck && !self.is_marked {
            true => Level::Debug,
            false => Level::Info,
        }
    }
}

impl Link {
    /// The connection, if there is one.
    pub fn conn(self) -> Option<ConnId> {
        match self {
            Link::Down | Link::Dialling => None,
            Link::HelloSent(conn)
            | Link::AwaitingSince(conn)
            | Link::Up(conn)
            | Link::Closing(conn)
            | Link::TellingOne(conn) => Some(conn),
        }
    }

    /// Whether there is a connection, and no link yet.
    pub fn is_handshake(self) -> bool {
        matches!(self, Link::HelloSent(_) | Link::AwaitingSince(_))
    }
}

impl Outgoing {
    /// Whether the neighbour must be asked what it has before it is told anything.
    pub fn is_asking(&self) -> bool {
        let comparison = self.comparison.as_ref();
        comparison.is_some_and(|it| it.is_asking())
    }

    /// How much the last MARK and its answer matter: little, if it repeated the one before.
    pub fn mark_level(&self) -> Level {
        if self.marks[0] == self.marks[1] {
            Level::Debug
        } else {
            Level::Info
        }
    }
}
