//! One connection: what it is for, where it is in its life, and the state of its two directions.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::deadlines::{Deadlines, Stamp};
use crate::buffers::{LineBuffer, Outbox, ReplyQueue};
use crate::limits::{Limit, Limits};
use crate::units::{ConnId, Mono, PeerId, SECOND};
use crate::wire::{Run, Start};

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    pub id: ConnId,
    /// The remote address, for the log; none for a connection that we dialled.
    pub from: Option<SocketAddr>,
    pub kind: Kind,
    pub phase: Phase,
    pub input: Input,
    pub output: Output,
    /// How long its client has kept us waiting.
    pub deadlines: Deadlines,
    /// The state of [`Kind::Challenged`]. Few connections have one, and idle ones are to be small.
    pub challenge: Option<Box<Challenge>>,
    /// The connection is in the flush queue.
    pub in_flush_queue: bool,
}

/// The incoming direction of a connection.
#[derive(Debug, Default)]
pub struct Input {
    /// Bytes that are not processed yet.
    pub lines: LineBuffer,
    /// Bytes have come. A connection without any is not worth a line of the log: it may be a probe
    /// that comes each second.
    pub has_spoken: bool,
    /// Whole lines may be left in `lines`.
    pub backlog: bool,
    /// The connection is on the list of those that go on in the next turn.
    pub in_backlog_queue: bool,
    /// The shell was told not to read.
    pub paused: bool,
    /// When bytes last came in, or went out to a client or through a socket that was full.
    pub active: Stamp,
}

/// The outgoing direction of a connection.
#[derive(Debug, Default)]
pub struct Output {
    /// Bytes that are not sent yet.
    pub outbox: Outbox,
    /// Replies that wait for a barrier, or for a reply before them.
    pub replies: ReplyQueue,
    /// The number of replies that wait for a lookup.
    pub lookups: u32,
    /// For clients: the first bytes of the outbox, which may be written. The rest may describe
    /// updates that the journal does not have yet.
    pub flushable: u32,
}

/// The use of a connection.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// It was accepted at the clients' door.
    Client,
    /// It was accepted at the servers' door and has said nothing yet.
    Unidentified,
    /// It said HELLO, STATUS or WATCH, and must prove that it knows the secret.
    Challenged,
    /// It hears of every change, and says nothing.
    Watcher,
    /// A neighbour that tells us its changes.
    Incoming(PeerId),
    /// A neighbour that we dialled to tell it ours.
    Outgoing(PeerId),
    /// A plain neighbour, which we dialled to tell it one change.
    Foreign(PeerId),
}

/// The words of both sides before the proof of the secret.
#[derive(Debug)]
pub struct Challenge {
    pub purpose: Purpose,
    pub their_nonce: Vec<u8>,
    pub our_nonce: String,
    /// It reads a time in our SINCE.
    pub has_clock: bool,
    /// Our nonce in the last handshake of the neighbour's that led to a link, as it says.
    pub last: Option<Vec<u8>>,
    /// Its HELLO proved already that it knows the secret.
    pub is_early: bool,
}

/// The purpose for which somebody must prove the secret.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// A link of the neighbour that it says it is, and that neighbour's run.
    Link(PeerId, Run),
    Status,
    Watch(Start),
}

/// Where a connection is in its life. `close.rs` draws the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Lines come in.
    Open,
    /// The peer has shut down sending, and some of its lines are still to be processed.
    HalfClosed,
    /// Input is dropped; when everything owed is sent, the connection is closed, after a linger
    /// if the peer may still be sending.
    Draining { linger: bool },
    /// Sending is shut down; input is dropped until the peer closes too, or for a while.
    Lingering,
    /// It is closed once its event is handled.
    Closed,
}

impl Session {
    /// A new connection.
    pub fn new(id: ConnId, from: Option<SocketAddr>, kind: Kind) -> Session {
        Session {
            id,
            from,
            kind,
            phase: Phase::Open,
            input: Input::default(),
            output: Output::default(),
            deadlines: Deadlines::default(),
            challenge: None,
            in_flush_queue: false,
        }
    }

    /// Whether it was accepted at the clients' door.
    pub fn is_client(&self) -> bool {
        matches!(self.kind, Kind::Client)
    }

    /// Whether it was accepted at the servers' door and is not known to be a neighbour.
    pub fn is_unidentified(&self) -> bool {
        matches!(self.kind, Kind::Unidentified | Kind::Challenged)
    }

    /// Whether its first line proved that it comes from a neighbour.
    pub fn is_early(&self) -> bool {
        self.challenge.as_ref().is_some_and(|said| said.is_early)
    }

    /// The neighbour at its other end, or that it says it is.
    pub fn peer(&self) -> Option<PeerId> {
        match self.kind {
            Kind::Incoming(peer) | Kind::Outgoing(peer) | Kind::Foreign(peer) => Some(peer),
            Kind::Challenged => match self.challenge.as_ref()?.purpose {
                Purpose::Link(peer, _) => Some(peer),
                Purpose::Status | Purpose::Watch(_) => None,
            },
            Kind::Client | Kind::Unidentified | Kind::Watcher => None,
        }
    }

    /// Whether the next line must wait, and for which limit: too much is owed to the peer already.
    pub fn is_full(&self, limits: &Limits) -> Option<Limit> {
        let output = &self.output;
        // A watcher has nothing to say, and is heard all the same: its end is to be noticed.
        if let Kind::Watcher = self.kind {
            return None;
        }
        // A neighbour that we tell our changes only says how far it got. It must be heard while
        // its outbox is kept full, or it would seem dead however well it reads. But one that
        // reads nothing is not heard for ever, for each second adds a MARK.
        if let Kind::Outgoing(_) = self.kind {
            let most = limits.link_outbox + 2 * limits.server_line;
            return (output.outbox.len() >= most).then_some(Limit::link_outbox);
        }
        // Between the two water marks it depends on the side from which the level comes.
        let most = if self.input.paused {
            limits.outbox_low
        } else {
            limits.outbox_high
        };
        if output.outbox.len() + output.replies.held() >= most {
            Some(Limit::outbox_high)
        } else if output.lookups as usize >= limits.lookups {
            Some(Limit::lookups)
        } else {
            (output.replies.len() >= limits.replies).then_some(Limit::replies)
        }
    }

    /// Whether its input is dropped.
    pub fn is_ending(&self) -> bool {
        !matches!(self.phase, Phase::Open | Phase::HalfClosed)
    }

    /// Whether every line is processed, and every reply sent.
    pub fn owes_nothing(&self) -> bool {
        self.output.is_empty() && !self.input.backlog
    }

    /// Whether it is a client that has nothing under way: no line has begun, and no reply is owed.
    pub fn is_idle_client(&self) -> bool {
        let has_begun = !self.input.lines.is_empty();
        self.is_client() && self.phase == Phase::Open && self.owes_nothing() && !has_begun
    }

    /// Whether it is owed nothing, and has neither said nor been told anything for this long.
    pub fn is_at_rest(&self, now: Mono, time: u64) -> bool {
        self.owes_nothing() && self.input.active.age(now) > time
    }

    /// How much of its `patience` the other end of a link has left to say something; none: it is
    /// considered dead. Any byte that still moves is a sign of life, even a part of a line that
    /// takes long.
    pub fn patience_left(&self, now: Mono, patience: u64) -> Option<u64> {
        let is_link = matches!(self.kind, Kind::Incoming(_) | Kind::Outgoing(_));
        let left = patience.checked_sub(self.input.active.age(now))?;
        (is_link && !self.is_ending() && left > 0).then_some(left)
    }

    /// Why the other end is considered dead, for the log.
    pub fn silence(&self, now: Mono) -> Cow<'static, str> {
        let seconds = self.input.active.age(now) / SECOND;
        match self.kind {
            Kind::Incoming(_) | Kind::Outgoing(_) if self.input.has_spoken => {
                format!("silent for {seconds} s").into()
            }
            Kind::Outgoing(_) => "no answer".into(),
            _ => "its handshake takes too long".into(),
        }
    }

    /// The bytes that may be written now.
    pub fn unsent(&self) -> &[u8] {
        let unsent = self.output.outbox.unsent();
        match self.kind {
            Kind::Client => &unsent[..self.output.flushable as usize],
            _ => unsent,
        }
    }

    /// The longest line that it may send, in bytes without LF, and the limit that says so.
    pub fn line_max(&self, limits: &Limits) -> (usize, Limit) {
        match self.kind {
            Kind::Client => (limits.client_line, Limit::client_line),
            _ => (limits.server_line, Limit::server_line),
        }
    }
}

impl Output {
    /// Whether every reply is sent.
    pub fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.replies.is_empty()
    }
}
