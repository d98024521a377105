//! Neighbours of another make, which know only the clients' door and plain AT lines.
//!
//! To tell one a change we connect to its clients' door, send one AT line, shut down sending and
//! wait for its end: one connection per update, one at a time, as such servers expect it. There
//! is no receipt; a connection that breaks before its end is tried again. The cursor into the
//! feed is the queue here, too: while it is away or slow, only each client's newest report waits.

use super::notes::Level;
use super::peer::Tell;
use super::session::{Ending, Input, Role, Session};
use super::table::{Source, Verdict};
use super::{Node, Timer};
use crate::limits::Limit;
use crate::units::{ConnId, PeerId};
use crate::wire::ForeignReport;

impl Node {
    /// Dials a plain neighbour if there is news for it and nothing in the way.
    pub(super) fn call(&mut self, id: PeerId) {
        let failed = self.peers[id.index()].backoff > self.limits.redial_first;
        if self.peers[id.index()].tell == Tell::Down && !failed && self.has_news(id) {
            self.dial(id);
        }
    }

    /// It was away for a while, or its name was never resolved: is it there?
    pub(super) fn call_again(&mut self, id: PeerId) {
        if self.has_news(id) || self.peers[id.index()].addresses.is_empty() {
            return self.dial(id);
        }
        // It told us itself what it was to be told. The next news has nothing to wait for.
        self.peers[id.index()].backoff = self.limits.redial_first;
    }

    /// Whether there is a change that a plain neighbour does not have. The cursor passes over those
    /// before it that it has. Not while one is being told, which may have to be told again.
    pub(super) fn has_news(&mut self, id: PeerId) -> bool {
        loop {
            while let Some(change) = self.table.feed.peek(id) {
                if !(change.known && change.seq > self.peers[id.index()].run_since) {
                    return true;
                }
                self.table.feed.next(id);
                let peer = &mut self.peers[id.index()];
                if !peer.doubt.aside {
                    peer.told = change.seq;
                }
            }
            let peer = &mut self.peers[id.index()];
            if !std::mem::take(&mut peer.doubt.aside) {
                return false;
            }
            // There is no other than the one that was left aside.
            self.table.feed.rewind(id, peer.told);
        }
    }

    /// The shell connected to a plain neighbour: it is told one change.
    pub(super) fn called(&mut self, id: PeerId, conn: ConnId) {
        let mut session = Session::new(conn, None, Role::Plain(id));
        let change = if self.has_news(id) {
            self.table.feed.next(id)
        } else {
            None
        };
        if let Some(change) = change {
            let line = self.table.line(change.slot);
            session.outbox.push(line);
            self.counts.ats_out += 1;
            let peer = &self.peers[id.index()];
            self.notes.told(Level::Info, &peer.name, line);
        }
        session.input = Input::Dropped;
        session.ending = Ending::Linger;
        self.sessions.insert(session);
        let peer = &mut self.peers[id.index()];
        peer.tell = Tell::Telling(conn, change.map_or(peer.told, |change| change.seq));
        peer.chatter = 0;
        self.timers
            .set(Timer::Link(id), self.now.mono + self.limits.dead);
        self.flush(conn);
        self.settle(conn);
    }

    /// A plain neighbour says something where nothing is to be said. It is dropped, for a while.
    pub(super) fn chatter(&mut self, conn: ConnId, id: PeerId, count: usize) {
        let peer = &mut self.peers[id.index()];
        peer.chatter += count;
        let is_sent = self
            .sessions
            .get(conn)
            .is_some_and(|it| it.ending == Ending::Lingering);
        if peer.chatter > self.limits.unexpected_reply && is_sent {
            self.hits.add(Limit::unexpected_reply);
            self.farewell(conn);
        }
    }

    /// A connection on which all was said is closed. If it was to a plain neighbour, that has been
    /// told.
    pub(super) fn farewell(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get(conn) else {
            return;
        };
        let role = session.role;
        if let Role::Plain(id) = role {
            let peer = &mut self.peers[id.index()];
            if let Tell::Telling(current, seq) = peer.tell
                && current == conn
            {
                peer.tell = Tell::Down;
                peer.trouble = None;
                peer.backoff = self.limits.redial_first;
                self.timers.stop(Timer::Link(id));
                self.news = true;
                self.taken(id, seq);
            }
        }
        self.close(conn, "done");
    }

    /// A plain neighbour was told a change. If another was left aside, that is tried once more: now
    /// it is known that the neighbour is there.
    fn taken(&mut self, id: PeerId, seq: u64) {
        let peer = &mut self.peers[id.index()];
        let doubt = std::mem::take(&mut peer.doubt);
        if !doubt.aside {
            peer.told = seq;
            return;
        }
        let known = self.table.feed.confirm_told(id, seq);
        self.table.feed.rewind(id, peer.told);
        let first = self.table.feed.peek(id).filter(|_| known);
        peer.doubt.suspect = first.map(|change| change.seq);
    }

    /// A connection to a plain neighbour broke before its end: what it was told is told again. But
    /// a line that is reset again and again, though `sent` whole, keeps the others waiting only for
    /// so long.
    pub(super) fn call_failed(&mut self, conn: ConnId, id: PeerId, sent: bool, why: &str) {
        let peer = &mut self.peers[id.index()];
        let Tell::Telling(current, seq) = peer.tell else {
            return;
        };
        if current != conn {
            return;
        }
        let doubt = std::mem::take(&mut peer.doubt);
        if sent && doubt.suspect == Some(seq) {
            peer.told = seq;
            self.hits.add(Limit::poison_resets);
            let name = &peer.name;
            let line = format_args!("{name} resets one line and takes others: it is left out");
            self.notes.note(Level::Warn, line);
        } else if sent && !doubt.aside {
            peer.doubt.resets = doubt.resets + 1;
            peer.doubt.aside = peer.doubt.resets >= self.limits.poison_resets;
        }
        if !peer.doubt.aside {
            self.table.feed.rewind(id, peer.told);
        }
        self.telling_gone(conn, id, why);
    }

    /// An AT line at the clients' door. False: it is none, or nobody who may say it.
    pub(super) fn plain_line(&mut self, conn: ConnId, line: &[u8]) -> bool {
        let from = self.sessions.get(conn).and_then(|session| session.from);
        let Some(from) = from.map(|from| from.ip().to_canonical()) else {
            return false;
        };
        let ids = (0..self.peers.len() as u8).map(PeerId);
        let is_there = |id: &PeerId| self.peers[id.index()].plain_at(from);
        let candidates: Vec<PeerId> = ids.filter(is_there).collect();
        if candidates.is_empty() {
            return false;
        }
        let Some(plain) = ForeignReport::parse(line, self.now.wall) else {
            return false;
        };
        let source = match candidates[..] {
            [only] => Source::Neighbour(only),
            _ => Source::Somebody,
        };
        self.counts.ats_in += 1;
        let report = plain.report();
        let slot = match self.table.offer(&report, source) {
            Verdict::Accepted(slot) => {
                self.news = true;
                slot
            }
            Verdict::Duplicate(slot) => {
                if let Source::Neighbour(id) = source {
                    self.table.feed.confirm(slot, id);
                }
                slot
            }
            Verdict::Older => return true,
            Verdict::Full(limit) => {
                self.hits.add(limit);
                self.warn_of(
                    conn,
                    "a plain neighbour's report is lost, for the table is full",
                );
                return true;
            }
        };
        // Who is named has it. Only plain neighbours are believed to: that one of ours has
        // something it says itself.
        for name in plain.names.iter().chain([&report.server]) {
            let mut peers = self.peers.iter();
            let place = peers.position(|peer| peer.plain && peer.name.as_bytes() == *name);
            if let Some(place) = place {
                self.table.feed.confirm(slot, PeerId(place as u8));
            }
        }
        true
    }
}
