//! The links on which we tell our neighbours our changes. Each is a follower of the feed: changes
//! that its socket does not take stay in the table.

use super::clock;
use super::compare::{differs, give_up_late, mark_in_sync, on_audited, on_digests, tell_from};
use super::foreign;
use super::handshake::{on_hello, say_hello};
use super::link::Link;
use super::peer::Peer;
use super::refusal;
use crate::limits::Limit;
use crate::node::conn::{End, Kind, Output, Phase, Session, Sessions};
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::store::{Change, Follower, Record, Store};
use crate::units::{ConnId, PeerId};
use crate::wire::{Message, Position, Run};

/// A link of which the feed fills the outbox.
struct LinkWriter<'a> {
    peer: &'a mut Peer,
    output: &'a mut Output,
    /// Our table, for a MARK.
    table: Position,
    /// How many changes it may still take, whether the neighbour knows them or not.
    steps: usize,
    cx: &'a mut Context,
}

impl Follower for LinkWriter<'_> {
    fn has_room(&self) -> bool {
        self.steps > 0 && self.output.outbox.len() < self.cx.limits.link_outbox
    }

    /// Changes that the neighbour told us itself in its present run are skipped, and so are those
    /// that a comparison has shown it to have.
    fn take(&mut self, change: Change, record: &Record) {
        self.steps -= 1;
        self.peer.outgoing.sent_seq = change.seq;
        let comparison = self.peer.outgoing.comparison.as_ref();
        let is_covered = || comparison.is_some_and(|it| it.covers(change.seq, || record.bucket()));
        if self.peer.knows(&change) || is_covered() {
            return;
        }
        let line = record.line();
        let LinkWriter { output, cx, .. } = self;
        output.outbox.borrow(&mut cx.pools.outboxes);
        output.outbox.push(line);
        cx.counters.counts.ats_out += 1;
        cx.log.line(Level::Info, &self.peer.name, '>', line);
        self.peer.outgoing.unmarked += line.len();
        if self.peer.outgoing.unmarked >= cx.limits.link_unmarked {
            push_mark(self.peer, self.table, self.output, self.cx);
        }
    }
}

/// Offers the changes of the feed to every neighbour.
pub fn pump(sessions: &mut Sessions, parts: &mut Parts) {
    let Parts { cx, store, .. } = parts;
    for peer in parts.links.iter_mut() {
        if peer.is_foreign() {
            foreign::call(peer, &mut store.feed, cx);
        } else if let Link::Up(conn) | Link::Closing(conn) = peer.outgoing.state
            && let Some(session) = sessions.get_mut(conn)
        {
            let before = session.output.outbox.len();
            pump_one(peer, session, store, cx);
            // Bytes that its socket did not take before are written when it takes more.
            if session.output.outbox.len() > before {
                cx.effects.flush(session);
            }
        }
    }
}

/// Offers the changes of the feed to one neighbour, as many as its outbox has room for.
pub fn pump_one(peer: &mut Peer, session: &mut Session, store: &mut Store, cx: &mut Context) {
    let (Link::Up(conn) | Link::Closing(conn)) = peer.outgoing.state else {
        return;
    };
    // A connection that was refused may still be draining while the next one is up.
    if conn == session.id && session.phase != Phase::Lingering && !peer.outgoing.is_asking() {
        let cursor = peer.outgoing.cursor;
        let mut writer = LinkWriter {
            peer,
            output: &mut session.output,
            table: store.position(0),
            steps: cx.limits.link_steps,
            cx,
        };
        store.pump(cursor, &mut writer);
        if writer.steps == 0 {
            cx.hit(Limit::link_steps);
            cx.effects.news_in_next_turn = true;
        }
    }
}

/// Passes waves on to the neighbours that have been told all news. A client of the time when a
/// wave began may have moved again, and then its change is later in the feed: so it is the end of
/// the feed that counts.
pub fn tell_waves(sessions: &mut Sessions, parts: &mut Parts) {
    let unsent = parts.acks.waves.unsent();
    let due = parts
        .links
        .iter()
        .filter_map(|peer| match peer.outgoing.state {
            Link::Up(conn) if unsent >> peer.id.index() & 1 == 1 => Some((peer, conn)),
            _ => None,
        });
    let due = due.filter(|(peer, _)| parts.store.feed.is_at_end(peer.outgoing.cursor));
    let due: Vec<(PeerId, ConnId)> = due.map(|(peer, conn)| (peer.id, conn)).collect();
    for (peer, conn) in due {
        if let Some(session) = sessions.get_mut(conn) {
            for (run, number) in parts.acks.waves.take_unsent(peer) {
                parts.say(session, format_args!("WAVE {run} {number}"));
            }
        }
    }
    while let Some((conn, run, number)) = parts.acks.waves.take_done() {
        if let Some(session) = sessions.get_mut(conn) {
            parts.say(session, format_args!("DONE {run} {number}"));
        }
    }
}

/// The shell connected to a neighbour.
pub fn connected(id: PeerId, conn: ConnId, sessions: &mut Sessions, parts: &mut Parts) {
    let peer = parts.links.peer_mut(id);
    if peer.is_foreign() {
        let session = sessions.insert(Session::new(conn, None, Kind::Foreign(id)));
        return foreign::tell_one(peer, session, &mut parts.store, &mut parts.cx);
    }
    let session = sessions.insert(Session::new(conn, None, Kind::Outgoing(id)));
    if parts.cx.is_shutting_down || peer.outgoing.state.conn().is_some() {
        return parts.cx.effects.close_later(conn, "not wanted any more");
    }
    say_hello(id, session, parts);
}

/// Handles a line on a link that we dialled.
///
/// # Errors
/// How the line ends the link.
pub fn line(id: PeerId, session: &mut Session, line: &[u8], parts: &mut Parts) -> Result<(), End> {
    if let Some(why) = refusal::reason(line) {
        // Not answered: two servers that refuse each other would never end.
        parts.log_line(session, '<', line);
        let peer = parts.links.peer_mut(id);
        if peer.outgoing.state == Link::HelloSent(session.id) {
            // Perhaps its version is older than the further words of a HELLO.
            let words = &mut peer.outgoing.words;
            words.is_terse = refusal::is_silent(line) && !words.is_terse;
        }
        peer.refused(session.id, &why, &mut parts.cx);
        return Err(End::Closed(why.into()));
    }
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    // A link that a newer one replaced has nothing to say.
    let state = Some(peer.outgoing.state).filter(|state| state.conn() == Some(session.id));
    match (Message::parse(line), state) {
        (Some(Message::Hello(hello)), Some(Link::HelloSent(_))) => {
            on_hello(id, session, line, &hello, parts)?;
        }
        (Some(Message::Since(run, position, time)), Some(Link::AwaitingSince(_))) => {
            parts.log_line(session, '<', line);
            resume(id, session, run, &position, parts);
            clock::compare(id, time, parts);
        }
        (Some(Message::Since(_, position, time)), Some(Link::Up(_))) => {
            cx.log
                .line(peer.outgoing.mark_level(), &peer.name, '<', line);
            acknowledged(id, session, &position, parts);
            clock::compare(id, time, parts);
        }
        (Some(Message::Digests(digests)), Some(Link::Up(_))) => {
            cx.log.line(Level::Debug, &peer.name, '<', line);
            on_digests(id, session, &digests, parts);
        }
        (Some(Message::Audited(seq, digests)), Some(Link::Up(_))) => {
            cx.log.line(Level::Debug, &peer.name, '<', line);
            on_audited(id, session, seq, &digests, parts);
        }
        (Some(Message::Done(run, number)), Some(Link::Up(_))) => {
            parts.log_line(session, '<', line);
            parts.acks.waves.on_done(id, run, number, &mut parts.cx);
        }
        (Some(Message::Unknown), Some(Link::Up(conn))) => peer.ignore(conn, cx),
        _ => return Err(End::refused("it says what an acceptor never says")),
    }
    Ok(())
}

/// The neighbour said how far it got: from there on it is told what it lacks.
fn resume(id: PeerId, session: &mut Session, run: Run, position: &Position, parts: &mut Parts) {
    let Parts { cx, store, .. } = parts;
    let peer = parts.links.peer_mut(id);
    let last = store.feed.last();
    let seq = if run == cx.me.run {
        position.seq.min(last)
    } else {
        0
    };
    let outgoing = &mut peer.outgoing;
    outgoing.state = Link::Up(session.id);
    let words = &mut outgoing.words;
    (words.last, words.is_terse) = (Some(words.theirs.clone()), false);
    outgoing.unmarked = 0;
    outgoing.marks = [None; 2];
    outgoing.has_ignored = false;
    let name = &peer.name;
    cx.info(format_args!(
        "link to {name} up: it knows {seq} of {last} changes"
    ));
    cx.arm(Timer::Link(id), cx.limits.dead);
    cx.arm(Timer::Mark(id), 0);
    if store.equals(position) {
        mark_in_sync(peer, store, cx);
        cx.effects.news = true;
    } else {
        tell_from(id, session, seq, position.count, parts);
    }
}

/// The neighbour answered a MARK.
fn acknowledged(id: PeerId, session: &mut Session, position: &Position, parts: &mut Parts) {
    let Parts { cx, store, .. } = parts;
    let peer = parts.links.peer_mut(id);
    cx.arm(Timer::Link(id), cx.limits.dead);
    peer.outgoing.acked_seq = position.seq.min(peer.outgoing.sent_seq);
    peer.redial.succeeded(&cx.limits);
    peer.outgoing.patience.answered(cx.now.mono);
    peer.outgoing.patience.succeeded();
    if store.equals(position) {
        mark_in_sync(peer, store, cx);
        // A wave may have waited for the end of the feed.
        cx.effects.news = true;
    } else {
        differs(id, session, position, parts);
    }
}

/// A MARK is due: heartbeat, resume point, and proof of convergence.
pub fn mark(id: PeerId, sessions: &mut Sessions, parts: &mut Parts) {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    if let Link::Up(conn) = peer.outgoing.state
        && let Some(session) = sessions.get_mut(conn)
    {
        give_up_late(peer, cx);
        push_mark(peer, parts.store.position(0), &mut session.output, cx);
        cx.effects.flush(session);
        cx.arm(Timer::Mark(id), cx.limits.heartbeat);
    }
}

/// Says how far a neighbour has been told.
fn push_mark(peer: &mut Peer, table: Position, output: &mut Output, cx: &mut Context) {
    let outgoing = &mut peer.outgoing;
    let mark = Position {
        seq: outgoing.sent_seq,
        ..table
    };
    outgoing.unmarked = 0;
    outgoing.skew.asked(cx.now.mono);
    outgoing.marks = [outgoing.marks[1], Some(mark)];
    outgoing.patience.asked(cx.now.mono);
    let line = output.outbox.push_line(format_args!("MARK {mark}"));
    cx.log.line(outgoing.mark_level(), &peer.name, '>', line);
}

/// A neighbour is to be dialled, or did not answer in time.
pub fn on_timeout(id: PeerId, sessions: &Sessions, parts: &mut Parts) {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let state = peer.outgoing.state;
    match state {
        Link::TellingOne(_) if foreign::go_on(peer, cx) => {}
        Link::Down if cx.is_shutting_down => {}
        Link::Down if peer.is_foreign() => foreign::call_again(peer, &mut parts.store.feed, cx),
        Link::Down => peer.dial(cx),
        Link::Dialling if peer.addresses.is_empty() => peer.down("its host has no address yet", cx),
        Link::Dialling => {
            peer.outgoing.patience.timed_out();
            peer.down("no answer", cx);
        }
        state => {
            let session = state.conn().and_then(|conn| sessions.get(conn));
            let patience = peer.outgoing.patience.for_silence(&cx.limits);
            let left = session.and_then(|it| it.patience_left(cx.now.mono, patience));
            if let (Some(left), Link::Up(_) | Link::Closing(_)) = (left, state) {
                return cx.arm(Timer::Link(id), left);
            }
            cx.hit(Limit::dead);
            peer.outgoing.patience.timed_out();
            if let Some(it) = session {
                cx.effects.close_later(it.id, it.silence(cx.now.mono));
            }
        }
    }
}
