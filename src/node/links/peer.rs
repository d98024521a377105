//! A neighbour: the link on which we tell it our changes, and the one on which it tells us its own.

use std::net::IpAddr;

use super::comparison::Comparison;
use super::discrepancy::Discrepancy;
use super::redial::Redial;
use crate::limits::{Limit, Limits, Throttle};
use crate::node::api::{Action, Neighbour};
use crate::node::context::{Context, Level, Timer};
use crate::node::store::{Change, CursorId};
use crate::units::{ConnId, MILLISECOND, PeerId};
use crate::wire::{Position, Run};

/// A neighbour, and how far we have got with it.
#[derive(Debug)]
pub struct Peer {
    pub id: PeerId,
    /// Its name in the topology; an empty name marks a free place.
    pub name: String,
    /// The addresses that it may connect from.
    pub addresses: Vec<IpAddr>,
    /// Its present run, as it last said.
    pub run: Option<Run>,
    /// `tellers` bits of changes up to this one are ignored: they may date from an earlier run of
    /// this neighbour, or from another neighbour that had its place.
    pub known_since: u64,
    pub outgoing: Outgoing,
    pub incoming: Incoming,
    pub discrepancy: Discrepancy,
    pub redial: Redial,
    /// Present for a server of another make.
    pub foreign: Option<Foreign>,
    /// Warnings about it.
    pub warnings: Throttle,
}

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
    /// Our nonce in the handshake.
    pub nonce: String,
    /// Bytes of AT lines since the last MARK.
    pub unmarked: usize,
    /// The last two MARKs.
    pub marks: [Option<Position>; 2],
    /// It answers COMPARE.
    pub compares: bool,
    /// The last comparison of the neighbour's table with ours, if one was needed.
    pub comparison: Option<Box<Comparison>>,
    /// A line on this link was ignored.
    pub has_ignored: bool,
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
    /// A neighbour of another make is told one change, the one with that sequence number.
    TellingOne(ConnId, u64),
}

/// The link on which a neighbour tells us its changes.
#[derive(Debug, Default)]
pub struct Incoming {
    pub conn: Option<ConnId>,
    /// Our SINCE is written. Before that the neighbour must say nothing.
    pub is_ready: bool,
    /// The last MARK of its present run: how far we got in its feed.
    pub heard: Position,
    /// A line on this link was ignored.
    pub has_ignored: bool,
}

/// The state of a neighbour of another make, beside its link. It acknowledges nothing; when it
/// resets the connection, is it going down, or does it never take this line?
#[derive(Clone, Copy, Debug, Default)]
pub struct Foreign {
    /// Bytes that it sent on this connection, on which it has nothing to say.
    pub unexpected: usize,
    /// Resets in a row of the first change that it has not been told.
    pub resets: u32,
    /// That change is skipped for now, and the next one tried.
    pub skipped: bool,
    /// The sequence number of a change that was reset while a later one got through: a poison
    /// message, perhaps.
    pub suspect: Option<u64>,
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
            | Link::TellingOne(conn, _) => Some(conn),
        }
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

impl Peer {
    /// A neighbour that has not been met. `cursor` is its place in the feed.
    pub fn new(id: PeerId, neighbour: Neighbour, cursor: CursorId, limits: &Limits) -> Peer {
        Peer {
            id,
            name: neighbour.name,
            addresses: neighbour.addresses,
            run: None,
            known_since: 0,
            outgoing: Outgoing {
                state: Link::Down,
                cursor,
                sent_seq: 0,
                acked_seq: 0,
                nonce: String::new(),
                unmarked: 0,
                marks: [None; 2],
                compares: false,
                comparison: None,
                has_ignored: false,
            },
            incoming: Incoming::default(),
            discrepancy: Discrepancy::default(),
            redial: Redial::new(limits),
            foreign: neighbour.plain.then(Foreign::default),
            warnings: Throttle::default(),
        }
    }

    /// Whether it is a server of another make.
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Whether it may connect from that address, given in canonical form. A server that is on this
    /// machine may come from any loopback address, as any program may that speaks for it.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        let mut own = self.addresses.iter().map(IpAddr::to_canonical);
        self.is_at(address) || address.is_loopback() && own.any(|own| own.is_loopback())
    }

    /// Whether that address is one of its own, given in canonical form.
    pub fn is_at(&self, address: IpAddr) -> bool {
        let mut own = self.addresses.iter();
        own.any(|own| own.to_canonical() == address)
    }

    /// Whether it told us this change in its present run, so that it need not be told.
    pub fn knows(&self, change: &Change) -> bool {
        change.told_by(self.id) && change.seq > self.known_since
    }

    /// It says on `conn` what only a later version knows. That is worth one warning for each link.
    pub fn ignore(&mut self, conn: ConnId, cx: &mut Context) {
        cx.hit(Limit::unknown_verb);
        let has_ignored = match self.incoming.conn == Some(conn) {
            true => &mut self.incoming.has_ignored,
            false => &mut self.outgoing.has_ignored,
        };
        if !std::mem::replace(has_ignored, true) {
            let name = &self.name;
            let line = format_args!("{name} has a later version: some of its lines are ignored");
            cx.log.write(Level::Warn, line);
        }
    }

    /// Has the shell connect, and drop what it is trying already. The time that its name takes
    /// does not count for its addresses.
    pub fn dial(&mut self, cx: &mut Context) {
        self.outgoing.state = Link::Dialling;
        self.redial.dialled(cx.now.mono);
        let wait = match self.addresses.is_empty() {
            true => cx.limits.resolve,
            false => cx.limits.dead,
        };
        cx.arm(Timer::Link(self.id), wait);
        cx.effects.actions.push_back(Action::Dial(self.id));
    }

    /// Its name is resolved: if it is being dialled, these addresses have as long as any.
    pub fn resolved(&mut self, addresses: Vec<IpAddr>, cx: &mut Context) {
        self.addresses = addresses;
        if self.outgoing.state == Link::Dialling {
            cx.arm(Timer::Link(self.id), cx.limits.dead);
        }
    }

    /// The shell could not connect, or not in time.
    pub fn dial_failed(&mut self, why: &str, cx: &mut Context) {
        if self.outgoing.state == Link::Dialling {
            self.down(why, cx);
        }
    }

    /// The outgoing link is down: after a while the neighbour is dialled again.
    pub fn down(&mut self, why: &str, cx: &mut Context) {
        cx.timers.stop(Timer::Mark(self.id));
        self.outgoing.state = Link::Down;
        // Waves that await this link are answered.
        cx.effects.news = true;
        let (wait, is_news) = self.redial.failed(why, &mut cx.random, &cx.limits);
        cx.arm(Timer::Link(self.id), wait);
        if is_news {
            let (name, ms) = (&self.name, wait / MILLISECOND);
            cx.info(format_args!(
                "link to {name} down: {why}; dialling it within {ms} ms"
            ));
        }
    }

    /// A connection that we dialled is gone.
    pub fn lost(&mut self, conn: ConnId, why: &str, cx: &mut Context) {
        if self.outgoing.state.conn() == Some(conn) {
            self.down(why, cx);
        }
    }

    /// A connection on which the neighbour told us its changes is gone.
    pub fn stop_hearing(&mut self, conn: ConnId, why: &str, cx: &mut Context) {
        if self.incoming.conn == Some(conn) {
            self.incoming.conn = None;
            cx.info(format_args!("link from {} down: {why}", self.name));
        }
    }
}
