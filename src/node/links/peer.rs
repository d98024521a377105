//! A neighbour: the link on which we tell it our changes, and the one on which it tells us its own.

use std::net::IpAddr;

use super::redial::Redial;
use super::rivals::Rivals;
use super::telling::Foreign;
use crate::limits::{Limits, Throttle};
use crate::node::api::{Action, Neighbour};
use crate::node::context::{Context, Level, Timer};
use crate::node::store::{Change, CursorId};
use crate::units::{ConnId, MILLISECOND, PeerId, SECOND};
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
    /// Its runs so far: two may be alive at a time, and should not be.
    pub rivals: Rivals,
    /// `tellers` bits of changes up to this one are ignored: they may date from an earlier run of
    /// this neighbour, or from another neighbour that had its place.
    pub known_since: u64,
    pub outgoing: Outgoing,
    pub incoming: Incoming,
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
    /// A neighbour of another make is sent one change.
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
    /// The last connection ended before its first MARK, so the next one is not news before its own.
    pub is_stuck: bool,
    /// The last one that said it was this neighbour did not prove it.
    pub is_doubted: bool,
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
            rivals: Rivals::default(),
            known_since: 0,
            outgoing: Outgoing {
                state: Link::Down,
                cursor,
                sent_seq: 0,
                acked_seq: 0,
                nonce: String::new(),
                unmarked: 0,
                marks: [None; 2],
            },
            incoming: Incoming::default(),
            redial: Redial::new(limits),
            foreign: neighbour.plain.then(Foreign::default),
            warnings: Throttle::default(),
        }
    }

    /// Whether it is a server of another make.
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Whether it may connect from that address, given in canonical form.
    pub fn is_at(&self, address: IpAddr) -> bool {
        let mut own = self.addresses.iter();
        own.any(|own| own.to_canonical() == address)
    }

    /// Whether it told us this change in its present run, so that it need not be told.
    pub fn knows(&self, change: &Change) -> bool {
        change.told_by(self.id) && change.seq > self.known_since
    }

    /// Its present run, if it has a link that is not `conn`.
    pub fn live_run(&self, conn: ConnId) -> Option<Run> {
        let outgoing = match self.outgoing.state {
            Link::Up(link) | Link::Closing(link) => Some(link),
            _ => None,
        };
        let links = [self.incoming.conn, outgoing];
        let is_live = links.into_iter().flatten().any(|link| link != conn);
        self.run.filter(|_| is_live)
    }

    /// Has the shell connect, and drop what it is trying already.
    pub fn dial(&mut self, cx: &mut Context) {
        self.outgoing.state = Link::Dialling;
        self.redial.dialled(cx.now.mono);
        cx.arm(Timer::Link(self.id), cx.limits.dead);
        cx.effects.actions.push_back(Action::Dial(self.id));
    }

    /// The shell could not connect, or not in time.
    pub fn dial_failed(&mut self, why: &str, cx: &mut Context) {
        if self.outgoing.state == Link::Dialling {
            self.down(why, cx);
        }
    }

    /// The outgoing link is down: after a while the neighbour is dialled again.
    pub fn down(&mut self, why: &str, cx: &mut Context) {
        let (wait, is_news) = self.redial.failed(why, &mut cx.random, &cx.limits);
        self.wait(wait, cx);
        if is_news {
            let (name, ms) = (&self.name, wait / MILLISECOND);
            cx.info(format_args!(
                "link to {name} down: {why}; dialling it within {ms} ms"
            ));
        }
    }

    /// The neighbour is there, but one of both refuses the other on this connection.
    pub fn refused(&mut self, conn: ConnId, why: &str, cx: &mut Context) {
        if self.outgoing.state.conn() != Some(conn) {
            return;
        }
        let (wait, is_news) = self.redial.refused(why, &mut cx.random, &cx.limits);
        self.wait(wait, cx);
        if is_news {
            let (name, seconds) = (&self.name, cx.limits.redial_refused / SECOND);
            let at = self.addresses.iter().map(|it| format!(" at {it}"));
            let at: String = at.collect();
            let line = format_args!(
                "link to {name}{at} refused: {why}; the next dials wait up to {seconds} s"
            );
            cx.log.write(Level::Warn, line);
        }
    }

    fn wait(&mut self, wait: u64, cx: &mut Context) {
        cx.timers.stop(Timer::Mark(self.id));
        self.redial.is_stuck |= self.outgoing.state.is_handshake();
        self.outgoing.state = Link::Down;
        // Waves that await this link are answered.
        cx.effects.news = true;
        cx.arm(Timer::Link(self.id), wait);
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
            let line = format_args!("link from {} down: {why}", self.name);
            cx.log.write(self.incoming.level(), line);
            self.incoming.is_stuck = !self.incoming.is_marked;
        }
    }
}
