//! A neighbour: who it is, its two links, and when it is dialled.

use std::net::IpAddr;

use super::discrepancy::Discrepancy;
use super::link::{Incoming, Link, Outgoing, Words};
use super::patience::Patience;
use super::redial::Redial;
use super::rivals::Rivals;
use super::skew::Skew;
use super::telling::Foreign;
use crate::limits::{Limit, Limits, Throttle};
use crate::node::api::{Action, Neighbour};
use crate::node::context::{Context, Level, Timer};
use crate::store::{Change, CursorId};
use crate::units::{ConnId, MILLISECOND, PeerId, SECOND};
use crate::wire::Run;

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
    pub discrepancy: Discrepancy,
    pub redial: Redial,
    /// Present for a plain server.
    pub foreign: Option<Foreign>,
    /// Warnings about it.
    pub warnings: Throttle,
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
                words: Words::default(),
                unmarked: 0,
                marks: [None; 2],
                compares: false,
                comparison: None,
                skew: Skew::default(),
                has_ignored: false,
                patience: Patience::default(),
            },
            incoming: Incoming::default(),
            discrepancy: Discrepancy::default(),
            redial: Redial::new(limits),
            foreign: neighbour.plain.then(Foreign::default),
            warnings: Throttle::default(),
        }
    }

    /// Whether it is plain: another implementation.
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

    /// Its addresses, as people write them.
    pub fn places(&self) -> String {
        let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        addresses.join(" or ")
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

    /// How long its own link may bring no byte. Its first MARK answers our SINCE.
    pub fn patience_to_hear(&self, limits: &Limits) -> u64 {
        match self.incoming.is_marked {
            true => self.outgoing.patience.for_silence(limits),
            false => self.outgoing.patience.for_answer(limits),
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

    /// The outgoing link is down: after a while the neighbour is dialled again. The first failed
    /// dials are normal: not all servers start at once. A link that was up is worth a warning,
    /// however it ended: a server that says goodbye is as absent as one that was killed, and the
    /// end of their connections looks the same.
    pub fn down(&mut self, why: &str, cx: &mut Context) {
        let (now, limits) = (cx.now.mono, &cx.limits);
        let was_up = matches!(self.outgoing.state, Link::Up(_) | Link::Closing(_));
        let (wait, is_news) = self.redial.failed(why, &mut cx.random, limits);
        let (name, ms) = (&self.name, wait / MILLISECOND);
        if cx.is_shutting_down {
            cx.info(format_args!("link to {name} down: {why}"));
        } else if !was_up && let Some(time) = self.redial.unreachable(now, limits) {
            let seconds = time / SECOND;
            let line = format_args!("{name} cannot be reached for {seconds} s: {why}; dialling on");
            cx.log.write(Level::Warn, line);
        } else if is_news {
            let (level, before) = match was_up {
                true => self.redial.loss(now, limits),
                false => (Level::Info, String::new()),
            };
            let line =
                format_args!("link to {name} down: {why}; dialling it within {ms} ms{before}");
            cx.log.write(level, line);
        }
        self.wait(wait, cx);
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

    /// A connection on which the neighbour told us its changes is gone. That is worth a warning, as
    /// in [`Peer::down`].
    pub fn stop_hearing(&mut self, conn: ConnId, why: &str, cx: &mut Context) {
        if self.incoming.conn == Some(conn) {
            let (now, gap) = (cx.now.mono, cx.limits.warning_gap);
            let is_loss = self.incoming.is_marked && !cx.is_shutting_down;
            let permit = is_loss.then(|| self.incoming.losses.permit(now, gap));
            let (level, before) = match permit.flatten() {
                Some(before) => (Level::Warn, before),
                None => (self.incoming.level(), String::new()),
            };
            self.forget_incoming(level, &format!("{why}{before}"), cx);
        }
    }

    /// The neighbour has made a new connection to tell us its changes on. It has seen the end of
    /// the old one, and warned of it, if that was one.
    pub fn replace_incoming(&mut self, why: &str, cx: &mut Context) {
        self.forget_incoming(self.incoming.level(), why, cx);
    }

    fn forget_incoming(&mut self, level: Level, why: &str, cx: &mut Context) {
        self.incoming.conn = None;
        let line = format_args!("link from {} down: {why}", self.name);
        cx.log.write(level, line);
        self.incoming.is_stuck = !self.incoming.is_marked;
    }
}
