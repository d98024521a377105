//! The links on which our neighbours tell us things: they dial, say HELLO, and we say how far we
//! got. Each MARK moves that point, and is answered.

use super::notes::Level;
use super::peer::Tell;
use super::secret::{Handshake, Role as Prover};
use super::session::{Greeted, Role, Session};
use super::table::{Source, Verdict};
use super::{Node, Timer};
use crate::limits::Limit;
use crate::units::{ConnId, PeerId};
use crate::wire::{Hello, Message, Position, Run};

impl Node {
    /// One more has come in at the servers' door. A crowd there must not keep a neighbour out: that
    /// says HELLO as soon as it comes, so who has said nothing for longest makes room.
    pub(super) fn make_room(&mut self, conn: ConnId) {
        let sessions = &self.sessions;
        let is_stranger = |id: &ConnId| sessions.get(*id).is_some_and(Session::is_stranger);
        self.strangers.retain(is_stranger);
        if self.strangers.len() >= self.limits.unidentified {
            let is_silent =
                |id: &ConnId| sessions.get(*id).is_some_and(|s| s.role == Role::Stranger);
            let place = self.strangers.iter().position(is_silent);
            let first = self.strangers.remove(place.unwrap_or_default());
            self.hit(Limit::unidentified);
            self.close(first, "it makes room for who comes next");
        }
        self.strangers.push(conn);
    }

    /// The first line of who came in at the servers' door: a neighbour's HELLO, or somebody's
    /// STATUS. Nothing else will do.
    pub(super) fn stranger_line(&mut self, conn: ConnId, line: &[u8]) {
        let hello = match Message::parse(line) {
            Some(Message::Hello(hello)) => hello,
            Some(Message::Status(nonce)) => return self.asked(conn, line, nonce),
            _ => return self.refuse(conn, line, "it does not begin with HELLO"),
        };
        let id = match self.check_dialler(conn, &hello) {
            Ok(id) => id,
            Err(why) => return self.refuse(conn, line, why),
        };
        let our_nonce = self.nonce();
        let reply = self.hello(id, &our_nonce);
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        session.role = Role::Greeted(id);
        session.greeted = Some(Box::new(Greeted {
            run: hello.run,
            nonce: hello.nonce.to_vec(),
            our_nonce,
        }));
        self.note_line(conn, '<', line);
        let proof = match (&self.secret, self.as_acceptor(conn, id)) {
            (Some(secret), Some(handshake)) => secret.prove(Prover::Acceptor, &handshake),
            _ => "-".to_string(),
        };
        self.tell(conn, Level::Info, format_args!("{reply} {proof}"));
        if self.secret.is_none() {
            self.admit(conn, id);
        }
    }

    /// The next line of who was greeted. Nothing but the proof will do, and then nothing until our
    /// SINCE has been sent.
    pub(super) fn greeted_line(&mut self, conn: ConnId, id: PeerId, line: &[u8]) {
        if self.peers[id.index()].hear == Some(conn) {
            return self.refuse(conn, line, "it does not wait for SINCE");
        }
        let Some(Message::Auth(proof)) = Message::parse(line) else {
            return self.refuse(conn, line, "it does not prove that it knows the secret");
        };
        let good = match (&self.secret, self.as_acceptor(conn, id)) {
            (Some(secret), Some(handshake)) => secret.accepts(proof, Prover::Dialler, &handshake),
            _ => false,
        };
        if !good {
            let why = "it has another secret: give both the same with --secret-file";
            return self.refuse(conn, line, why);
        }
        self.note_line(conn, '<', line);
        self.admit(conn, id);
    }

    /// The handshake on a link that a neighbour dialled.
    fn as_acceptor(&self, conn: ConnId, id: PeerId) -> Option<Handshake<'_>> {
        let greeted = self.sessions.get(conn)?.greeted.as_ref()?;
        Some(Handshake {
            names: [self.peers[id.index()].name.as_bytes(), self.name.as_bytes()],
            runs: [greeted.run, Run(self.run)],
            nonces: [&greeted.nonce, greeted.our_nonce.as_bytes()],
        })
    }

    /// Who dialled is the neighbour that it says it is: from here on it is heard.
    fn admit(&mut self, conn: ConnId, id: PeerId) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        let Some(greeted) = session.greeted.take() else {
            return;
        };
        self.meet(conn, id, greeted.run);
        if let Some(old) = self.peers[id.index()].hear {
            self.close(old, "replaced by a newer one");
        }
        self.peers[id.index()].hear = Some(conn);
        let (name, run) = (&self.peers[id.index()].name, greeted.run);
        self.notes.note(
            Level::Info,
            format_args!("link from {name} up: its run is {run}"),
        );
        self.say_since(conn, id, Level::Info);
        self.timers
            .set(Timer::Silent(conn), self.now.mono + self.limits.dead);
        // It is there: no reason to wait, but for a dial that has just begun.
        let peer = &mut self.peers[id.index()];
        let dial = match peer.tell {
            Tell::Down => !self.ending,
            Tell::Dialling => {
                let age = self.now.mono.since(peer.dialled);
                !self.ending && age >= self.limits.redial_first
            }
            _ => false,
        };
        if dial {
            peer.backoff = self.limits.redial_first;
            self.dial(id);
        }
    }

    fn check_dialler(&self, conn: ConnId, hello: &Hello<'_>) -> Result<PeerId, &'static str> {
        let place = self
            .peers
            .iter()
            .position(|peer| !peer.plain && peer.name.as_bytes() == hello.from);
        let Some(place) = place else {
            return Err("it is no neighbour of ours: do both have the same topology?");
        };
        if hello.to != self.name.as_bytes() {
            return Err("it takes us for another server: do both have the same topology?");
        }
        if hello.proof.is_some() {
            return Err("it says HELLO like an acceptor");
        }
        if self.secret.is_some() {
            // It will prove who it is, wherever it comes from.
            return Ok(PeerId(place as u8));
        }
        let from = self.sessions.get(conn).and_then(|session| session.from);
        let from = from.map(|from| from.ip().to_canonical());
        if self.peers[place].addresses.is_empty() {
            return Err("that neighbour's host name is not resolved yet");
        }
        if !from.is_some_and(|from| self.peers[place].is_at(from)) {
            return Err("it does not come from that neighbour's address in the topology");
        }
        Ok(PeerId(place as u8))
    }

    /// A neighbour has said on `conn` in which life it is. What belongs to an earlier one ends.
    pub(super) fn meet(&mut self, conn: ConnId, id: PeerId, run: Run) {
        let peer = &mut self.peers[id.index()];
        if peer.run == Some(run) {
            return;
        }
        let first = peer.run.is_none();
        peer.run = Some(run);
        peer.run_since = self.table.feed.last();
        peer.heard = Position::default();
        if first {
            return;
        }
        for old in [peer.hear, peer.tell.conn()].into_iter().flatten() {
            if old != conn {
                self.close(old, "the neighbour was started again");
            }
        }
    }

    /// A line of a neighbour that has said HELLO.
    pub(super) fn hearing_line(&mut self, conn: ConnId, id: PeerId, line: &[u8]) {
        match Message::parse(line) {
            Some(Message::At(report)) => {
                self.counts.ats_in += 1;
                self.notes
                    .heard(Level::Info, &self.peers[id.index()].name, line);
                match self.table.offer(&report, Source::Neighbour(id)) {
                    Verdict::Accepted(_) => self.news = true,
                    Verdict::Duplicate(slot) => self.table.feed.confirm(slot, id),
                    Verdict::Older => {}
                    Verdict::Full(limit) => {
                        self.hits.add(limit);
                        self.warn_of(conn, "its report is lost, for the table is full");
                    }
                }
            }
            Some(Message::Wave(run, number)) => {
                self.note_line(conn, '<', line);
                self.wave(conn, id, run, number);
            }
            Some(Message::Mark(mark)) => self.mark(conn, id, mark, line),
            _ => self.refuse(conn, line, "it says what a dialler never says"),
        }
    }

    fn mark(&mut self, conn: ConnId, id: PeerId, mark: Position, line: &[u8]) {
        let peer = &mut self.peers[id.index()];
        let level = if peer.heard == mark {
            Level::Debug
        } else {
            Level::Info
        };
        peer.heard = mark;
        self.notes.heard(level, &peer.name, line);
        self.timers
            .set(Timer::Silent(conn), self.now.mono + self.limits.dead);
        self.say_since(conn, id, level);
    }

    fn say_since(&mut self, conn: ConnId, id: PeerId, level: Level) {
        let peer = &self.peers[id.index()];
        let Some(run) = peer.run else { return };
        let (count, digest) = (self.table.count(), self.table.digest());
        let extent = Position {
            seq: peer.heard.seq,
            count,
            digest,
        };
        self.tell(conn, level, format_args!("SINCE {run} {extent}"));
    }

    /// A link on which a neighbour told us things is gone.
    pub(super) fn hearing_gone(&mut self, conn: ConnId, id: PeerId, why: &str) {
        let peer = &mut self.peers[id.index()];
        if peer.hear == Some(conn) {
            peer.hear = None;
            self.notes.note(
                Level::Info,
                format_args!("link from {} down: {why}", peer.name),
            );
        }
    }

    /// Warns about a connection of the servers' door, at most once in a while.
    pub(super) fn warn_of(&mut self, conn: ConnId, why: &str) {
        let Some(session) = self.sessions.get(conn) else {
            return;
        };
        let (who, warnings) = match session.role {
            Role::Telling(id) | Role::Hearing(id) | Role::Plain(id) => {
                let peer = &mut self.peers[id.index()];
                (peer.name.clone(), &mut peer.warnings)
            }
            Role::Stranger | Role::Asker | Role::Greeted(_) | Role::Client => {
                let from = session.from.map(|from| from.to_string());
                (from.unwrap_or_default(), &mut self.warnings)
            }
        };
        if let Some(before) = warnings.permit(self.now.mono, self.limits.warning_gap) {
            self.notes
                .note(Level::Warn, format_args!("{who}: {why}{before}"));
        }
    }
}
