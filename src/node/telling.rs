//! The links on which we tell our neighbours things: we dial, say HELLO, learn how far they got,
//! and from there on tell every change. A link is a cursor into the feed; what its socket does
//! not take stays in the table.

use std::fmt;

use super::notes::{Level, Notes};
use super::peer::{Peer, Tell};
use super::secret::{Handshake, Role as Prover};
use super::session::{Ending, Role, Session};
use super::table::Table;
use super::{Action, Node, Timer};
use crate::buffers::Outbox;
use crate::limits::Limit;
use crate::units::{ConnId, MILLISECOND, PeerId};
use crate::wire::{Hello, Message, Position, Run};

impl Node {
    /// Something is due on a link: a dial, or an answer that did not come.
    pub(super) fn link_timer(&mut self, id: PeerId) {
        match self.peers[id.index()].tell {
            Tell::Down if self.ending => {}
            Tell::Down if self.peers[id.index()].plain => self.call_again(id),
            Tell::Down => self.dial(id),
            Tell::Dialling => self.dial_failed(id, "no answer"),
            Tell::Greeting(conn)
            | Tell::Resuming(conn)
            | Tell::Up(conn)
            | Tell::Telling(conn, _) => {
                self.hits.add(Limit::dead);
                self.close(conn, "silent for too long");
            }
        }
    }

    /// Has the shell connect, whatever it is trying already.
    pub(super) fn dial(&mut self, id: PeerId) {
        self.peers[id.index()].tell = Tell::Dialling;
        self.peers[id.index()].dialled = self.now.mono;
        self.timers
            .set(Timer::Link(id), self.now.mono + self.limits.dead);
        self.actions.push_back(Action::Dial(id));
    }

    /// The shell connected.
    pub(super) fn dialled(&mut self, id: PeerId, conn: ConnId) {
        if self.peers[id.index()].plain {
            return self.called(id, conn);
        }
        self.sessions
            .insert(Session::new(conn, None, Role::Telling(id)));
        if self.ending || self.peers[id.index()].tell.conn().is_some() {
            return self.close(conn, "not wanted any more");
        }
        self.peers[id.index()].tell = Tell::Greeting(conn);
        self.timers
            .set(Timer::Link(id), self.now.mono + self.limits.dead);
        self.peers[id.index()].nonce = self.nonce();
        let hello = self.hello(id, &self.peers[id.index()].nonce);
        self.tell(conn, Level::Info, format_args!("{hello}"));
    }

    /// The shell could not connect, or not in time.
    pub(super) fn dial_failed(&mut self, id: PeerId, why: &str) {
        if self.peers[id.index()].tell == Tell::Dialling {
            self.down(id, why);
        }
    }

    /// A line on a link that we dialled.
    pub(super) fn telling_line(&mut self, conn: ConnId, id: PeerId, line: &[u8]) {
        let tell = self.peers[id.index()].tell;
        if line.starts_with(b"? ") {
            // Not answered: two who refuse each other would never end.
            self.note_line(conn, '<', line);
            self.warn_of(conn, "it refuses us: do both have the same topology?");
            return self.close(conn, "refused by the neighbour");
        }
        match Message::parse(line) {
            Some(Message::Hello(hello)) if tell == Tell::Greeting(conn) => {
                if let Err(why) = self.check_acceptor(id, &hello) {
                    return self.refuse(conn, line, why);
                }
                self.note_line(conn, '<', line);
                self.meet(conn, id, hello.run);
                self.peers[id.index()].tell = Tell::Resuming(conn);
                if let Some(secret) = &self.secret {
                    let proof = secret.prove(Prover::Dialler, &self.as_dialler(id, &hello));
                    self.tell(conn, Level::Info, format_args!("AUTH {proof}"));
                }
                self.timers
                    .set(Timer::Link(id), self.now.mono + self.limits.dead);
            }
            Some(Message::Since(run, extent)) if tell == Tell::Resuming(conn) => {
                self.note_line(conn, '<', line);
                self.resume(id, conn, run, extent);
            }
            Some(Message::Since(_, extent)) if tell == Tell::Up(conn) => {
                let peer = &self.peers[id.index()];
                self.notes.heard(peer.beat_level(), &peer.name, line);
                self.timers
                    .set(Timer::Link(id), self.now.mono + self.limits.dead);
                // It answers our MARKs: the link is sound, and the next one need not wait for long.
                let first = self.limits.redial_first;
                let peer = &mut self.peers[id.index()];
                peer.confirmed = extent.seq.min(peer.told);
                peer.backoff = first;
                peer.trouble = None;
                if self.is_equal(&extent) {
                    self.skip(id);
                    self.send_waves();
                }
            }
            Some(Message::Done(run, number)) if tell == Tell::Up(conn) => {
                self.note_line(conn, '<', line);
                self.done(id, run, number);
            }
            _ => self.refuse(conn, line, "it says what an acceptor never says"),
        }
    }

    fn check_acceptor(&self, id: PeerId, hello: &Hello<'_>) -> Result<(), &'static str> {
        if hello.from != self.peers[id.index()].name.as_bytes() {
            return Err("another server listens there: correct its address in the topology");
        }
        if hello.to != self.name.as_bytes() {
            return Err("it takes us for another server");
        }
        match (hello.proof, &self.secret) {
            (None, _) => Err("it says HELLO like a dialler"),
            (Some(b"-"), None) => Ok(()),
            (Some(_), None) => Err("it has a secret: give us the same with --secret-file"),
            (Some(b"-"), Some(_)) => Err("it has no secret: give it ours with --secret-file"),
            (Some(proof), Some(secret)) => {
                let good = secret.accepts(proof, Prover::Acceptor, &self.as_dialler(id, hello));
                let why = "it has another secret: give both the same with --secret-file";
                good.then_some(()).ok_or(why)
            }
        }
    }

    /// The handshake on a link that we dialled.
    fn as_dialler<'a>(&'a self, id: PeerId, hello: &Hello<'a>) -> Handshake<'a> {
        let peer = &self.peers[id.index()];
        Handshake {
            names: [self.name.as_bytes(), peer.name.as_bytes()],
            runs: [Run(self.run), hello.run],
            nonces: [peer.nonce.as_bytes(), hello.nonce],
        }
    }

    /// The neighbour said how far it got: from there on it is told everything.
    fn resume(&mut self, id: PeerId, conn: ConnId, run: Run, extent: Position) {
        let last = self.table.feed.last();
        let seq = if run == Run(self.run) {
            extent.seq.min(last)
        } else {
            0
        };
        self.table.feed.rewind(id, seq);
        let peer = &mut self.peers[id.index()];
        peer.tell = Tell::Up(conn);
        (peer.told, peer.confirmed) = (seq, seq);
        peer.unmarked = 0;
        peer.marks = [None; 2];
        self.notes.note(
            Level::Info,
            format_args!("link to {} up: it knows {seq} of {last} changes", peer.name),
        );
        if self.is_equal(&extent) {
            self.skip(id);
        }
        self.timers
            .set(Timer::Link(id), self.now.mono + self.limits.dead);
        self.timers.set(Timer::Beat(id), self.now.mono);
        self.news = true;
    }

    /// Whether a neighbour's table is ours.
    pub(super) fn is_equal(&self, extent: &Position) -> bool {
        extent.count == self.table.count() && extent.digest == self.table.digest()
    }

    /// The neighbour has all that we have: none of it need be told.
    fn skip(&mut self, id: PeerId) {
        let last = self.table.feed.last();
        self.table.feed.rewind(id, last);
        let peer = &mut self.peers[id.index()];
        (peer.told, peer.confirmed) = (last, last);
    }

    /// Offers the news to every link.
    pub(super) fn refill_links(&mut self) {
        self.start_wave();
        for index in 0..self.peers.len() {
            let id = PeerId(index as u8);
            if self.peers[index].plain {
                self.call(id);
                continue;
            }
            self.refill(id);
            if let Tell::Up(conn) = self.peers[index].tell {
                self.flush(conn);
            }
        }
        self.send_waves();
    }

    /// Copies the next changes to a link, as many as it has room for. What the neighbour itself
    /// told us in its present life is left out.
    pub(super) fn refill(&mut self, id: PeerId) {
        let peer = &mut self.peers[id.index()];
        let Tell::Up(conn) = peer.tell else { return };
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.ending == Ending::Lingering {
            return;
        }
        while session.outbox.len() < self.limits.link_outbox {
            let Some(change) = self.table.feed.next(id) else {
                break;
            };
            peer.told = change.seq;
            if change.known && change.seq > peer.run_since {
                continue;
            }
            let line = self.table.line(change.slot);
            session.outbox.borrow(&mut self.spares);
            session.outbox.push(line);
            self.counts.ats_out += 1;
            self.notes.told(Level::Info, &peer.name, line);
            peer.unmarked += line.len();
            if peer.unmarked >= self.limits.link_unmarked {
                push_mark(peer, &self.table, &mut session.outbox, &mut self.notes);
            }
        }
    }

    /// Heartbeat, resume point, proof of convergence.
    pub(super) fn beat(&mut self, id: PeerId) {
        let peer = &mut self.peers[id.index()];
        let Tell::Up(conn) = peer.tell else { return };
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        if session.ending != Ending::None {
            return;
        }
        push_mark(peer, &self.table, &mut session.outbox, &mut self.notes);
        self.flush(conn);
        self.timers
            .set(Timer::Beat(id), self.now.mono + self.limits.heartbeat);
    }

    /// Our HELLO to a neighbour, without LF.
    pub(super) fn hello(&self, id: PeerId, nonce: &str) -> String {
        let (me, you, run) = (&self.name, &self.peers[id.index()].name, Run(self.run));
        format!("HELLO {me} {you} {run} {nonce}")
    }

    /// A number that is used once: 128 bits, 32 hex digits.
    pub(super) fn nonce(&mut self) -> String {
        let number = [self.random.next(), self.random.next()];
        match &self.secret {
            Some(secret) => secret.nonce(number),
            None => format!("{:016x}{:016x}", number[0], number[1]),
        }
    }

    /// Says one line, given without LF, to a neighbour.
    pub(super) fn tell(&mut self, conn: ConnId, level: Level, line: fmt::Arguments<'_>) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.outbox.borrow(&mut self.spares);
        let line = session.outbox.push_line(line);
        if let Role::Telling(peer) | Role::Hearing(peer) | Role::Greeted(peer) = session.role {
            self.notes.told(level, &self.peers[peer.index()].name, line);
        }
        self.flush(conn);
    }

    /// A link that we dialled is gone.
    pub(super) fn telling_gone(&mut self, conn: ConnId, id: PeerId, why: &str) {
        if self.peers[id.index()].tell.conn() == Some(conn) {
            self.down(id, why);
        }
    }

    /// Waits before the neighbour is dialled again: longer each time, until a link is up.
    pub(super) fn down(&mut self, id: PeerId, why: &str) {
        self.timers.stop(Timer::Beat(id));
        self.waves_without(id);
        let peer = &mut self.peers[id.index()];
        peer.tell = Tell::Down;
        let wait = self.random.jitter(peer.backoff);
        peer.backoff = (peer.backoff * 2).min(self.limits.redial_last);
        self.timers.set(Timer::Link(id), self.now.mono + wait);
        if peer.trouble.as_deref() != Some(why) {
            peer.trouble = Some(why.to_string());
            let (name, ms) = (&peer.name, wait / MILLISECOND);
            let line = format_args!("link to {name} down: {why}; dialling it within {ms} ms");
            self.notes.note(Level::Info, line);
        }
    }
}

/// Says how far a neighbour has been told.
fn push_mark(peer: &mut Peer, table: &Table, outbox: &mut Outbox, notes: &mut Notes) {
    let mark = Position {
        seq: peer.told,
        count: table.count(),
        digest: table.digest(),
    };
    peer.unmarked = 0;
    peer.marks = [peer.marks[1], Some(mark)];
    let line = outbox.push_line(format_args!("MARK {mark}"));
    notes.told(peer.beat_level(), &peer.name, line);
}
