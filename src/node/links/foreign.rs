//! Plain neighbours: other implementations, which know only the clients' door and plain AT lines.
//!
//! To tell one a change we connect to its clients' door, send one AT line and shut down sending:
//! one connection per update, one after the other, as such servers expect. They confirm nothing.
//! A change counts as told when its connection ends, or has lingered long enough and the
//! neighbour's host has acknowledged all of it; one whose connection breaks before that is told
//! again. Some never end theirs, so the next connection does not wait:
//! a few may linger at a time. The cursor into the feed is the queue here, too: while such a server
//! is away or slow, only the newest report of each client waits.

use super::clock;
use super::link::Link;
use super::peer::Peer;
use super::telling::{Foreign, Telling};
use crate::limits::Limit;
use crate::node::api::Action;
use crate::node::conn::close::close;
use crate::node::conn::{Phase, Session, settle};
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::store::{Feed, Offered, Source, Store};
use crate::units::{ConnId, PeerId};
use crate::wire::ForeignReport;

/// Dials a neighbour if there is a change to tell it and nothing in the way.
pub fn call(peer: &mut Peer, feed: &mut Feed, cx: &mut Context) {
    let is_free = peer.outgoing.state == Link::Down && !peer.redial.has_failed(&cx.limits);
    if is_free && state(peer).has_room(&cx.limits) && has_news(peer, feed) {
        peer.dial(cx);
    }
}

/// The neighbour was away for a while, or its name was never resolved: is it there?
pub fn call_again(peer: &mut Peer, feed: &mut Feed, cx: &mut Context) {
    if !state(peer).has_room(&cx.limits) {
        // The end of one that is open says how to go on.
        return peer.redial.reset(&cx.limits);
    }
    if has_news(peer, feed) || peer.addresses.is_empty() {
        return peer.dial(cx);
    }
    // It has told us itself what we had to tell it. The next change has nothing to wait for.
    peer.redial.reset(&cx.limits);
}

/// Whether a change is still to be told before the end, by a neighbour that can be reached.
pub fn is_owed(peer: &mut Peer, feed: &mut Feed, cx: &Context) -> bool {
    let is_idle = peer.is_foreign() && peer.outgoing.state.conn().is_none();
    is_idle && !peer.redial.has_failed(&cx.limits) && has_news(peer, feed)
}

/// Whether there is a change that the neighbour does not have. The cursor passes over those before
/// it that it has; while others are being told, which may have to be told again, they do not count.
fn has_news(peer: &mut Peer, feed: &mut Feed) -> bool {
    let cursor = peer.outgoing.cursor;
    loop {
        while let Some(change) = feed.peek(cursor) {
            if !peer.knows(&change) {
                return true;
            }
            feed.next(cursor);
            let foreign = state(peer);
            if !foreign.skipped && foreign.open.is_empty() {
                peer.outgoing.sent_seq = change.seq;
            }
        }
        if !std::mem::take(&mut state(peer).skipped) {
            return false;
        }
        // There is no other change than the one that was skipped.
        feed.rewind(cursor, peer.outgoing.sent_seq);
    }
}

fn state(peer: &mut Peer) -> &mut Foreign {
    peer.foreign.get_or_insert_default()
}

/// The shell connected to the neighbour: it is told one change.
pub fn tell_one(peer: &mut Peer, session: &mut Session, store: &mut Store, cx: &mut Context) {
    let has_news = has_news(peer, &mut store.feed);
    let change = has_news.then(|| store.feed.next(peer.outgoing.cursor));
    if let Some(change) = change.flatten() {
        let line = store.record(change.slot).line();
        session.output.outbox.push(line);
        cx.counters.counts.ats_out += 1;
        cx.log.line(Level::Info, &peer.name, '>', line);
        state(peer).open.push_back(Telling {
            conn: session.id,
            seq: change.seq,
            since: cx.now.mono,
            unexpected: 0,
            is_told: false,
        });
    }
    session.phase = Phase::Draining { linger: true };
    peer.outgoing.state = Link::TellingOne(session.id);
    state(peer).is_sent = false;
    cx.arm(Timer::Link(peer.id), cx.limits.dead);
    cx.effects.flush(session);
    // Without a change the connection ends at once.
    settle(session, cx);
}

/// Everything was sent on a connection to the neighbour. Most end it at once; the next connection
/// does not wait longer than for them.
pub fn sent(peer: &mut Peer, conn: ConnId, cx: &mut Context) {
    let is_current = peer.outgoing.state == Link::TellingOne(conn);
    let foreign = state(peer);
    if is_current && !foreign.is_careful() {
        foreign.is_sent = true;
        cx.arm(Timer::Link(peer.id), cx.limits.plain_end);
    }
}

/// The neighbour has not ended the present connection, and there is an answer to that. False: it
/// has not even taken everything.
pub fn go_on(peer: &mut Peer, cx: &mut Context) -> bool {
    let goes_on = peer.is_foreign() && std::mem::take(&mut state(peer).is_sent);
    if goes_on {
        peer.outgoing.state = Link::Down;
        cx.effects.news = true;
        if !state(peer).has_room(&cx.limits) {
            cx.hit(Limit::plain_connections);
        }
    }
    goes_on
}

/// The neighbour sends bytes where it has nothing to say. They are dropped, up to a limit. True:
/// the limit is exceeded, and the change counts as told.
pub fn unexpected(peer: &mut Peer, session: &Session, count: usize, cx: &mut Context) -> bool {
    let Some(telling) = state(peer).telling(session.id) else {
        return false;
    };
    telling.unexpected += count;
    let is_over =
        telling.unexpected > cx.limits.unexpected_reply && session.phase == Phase::Lingering;
    if is_over {
        cx.hit(Limit::unexpected_reply);
    }
    is_over
}

/// The neighbour has not ended a connection that has lingered. True: it may not even have the line,
/// and the shell is asked whether its host has. A host that says nothing for too long is gone.
pub fn is_in_doubt(peer: &mut Peer, session: &mut Session, cx: &mut Context) -> bool {
    let Some(telling) = state(peer).telling(session.id) else {
        return false;
    };
    if cx.now.mono.since(telling.since) < cx.limits.stall {
        cx.arm(Timer::Linger(session.id), cx.limits.linger);
        let actions = &mut cx.effects.actions;
        actions.push_back(Action::Confirm(session.id));
    } else {
        cx.hit(Limit::stall);
        close(session, "its host acknowledges nothing", cx);
    }
    true
}

/// The neighbour was told the change on this connection.
pub fn told(peer: &mut Peer, conn: ConnId, feed: &mut Feed, cx: &mut Context) {
    if !peer.is_foreign() {
        return;
    }
    if peer.outgoing.state == Link::TellingOne(conn) {
        peer.outgoing.state = Link::Down;
        cx.timers.stop(Timer::Link(peer.id));
    }
    peer.redial.succeeded(&cx.limits);
    cx.effects.news = true;
    let Some(telling) = state(peer).telling(conn) else {
        return;
    };
    telling.is_told = true;
    let seq = telling.seq;
    let cursor = peer.outgoing.cursor;
    if state(peer).skipped {
        // Another change was skipped, and is tried once more: now we know that the neighbour is
        // there.
        let is_known = feed.confirm_at(cursor, seq, peer.id);
        feed.rewind(cursor, peer.outgoing.sent_seq);
        let first = feed.peek(cursor).filter(|_| is_known);
        *state(peer) = Foreign {
            suspect: first.map(|change| change.seq),
            ..Foreign::default()
        };
        return;
    }
    while let Some(seq) = state(peer).next_told() {
        peer.outgoing.sent_seq = seq;
    }
    if state(peer).open.is_empty() {
        *state(peer) = Foreign::default();
        // Changes after it that the neighbour knows count as told now.
        feed.rewind(cursor, peer.outgoing.sent_seq);
    }
}

/// A connection to the neighbour broke before its end: its change is told again, and those after
/// it. But a line that is reset again and again, though it was sent whole, holds up the others only
/// for a few tries.
pub fn failed(peer: &mut Peer, session: &Session, why: &str, feed: &mut Feed, cx: &mut Context) {
    let Some(foreign) = &mut peer.foreign else {
        return;
    };
    let mut open = foreign.open.iter();
    let Some(place) = open.position(|telling| telling.conn == session.id) else {
        // Its change is told again already, or there was none.
        return peer.lost(session.id, why, cx);
    };
    let seq = foreign.open[place].seq;
    foreign.open.truncate(place);
    let is_sent = session.output.outbox.is_empty();
    let (before, is_careful) = (foreign.resets, foreign.skipped);
    let is_poison = is_sent && foreign.suspect == Some(seq);
    (foreign.resets, foreign.skipped, foreign.suspect) = (0, false, None);
    if is_poison {
        peer.outgoing.sent_seq = seq;
        cx.hit(Limit::poison_resets);
        let name = &peer.name;
        let line = format_args!("{name} resets one line and takes others: it is left out");
        cx.log.write(Level::Warn, line);
    } else if is_sent && !is_careful {
        foreign.resets = before + 1;
        foreign.skipped = foreign.resets >= cx.limits.poison_resets;
    }
    if !state(peer).skipped {
        let last = state(peer).open.back().map(|telling| telling.seq);
        let last = last.unwrap_or(peer.outgoing.sent_seq);
        feed.rewind(peer.outgoing.cursor, last);
    }
    let state = peer.outgoing.state;
    if state == Link::Down || state.conn() == Some(session.id) {
        peer.down(why, cx);
    }
}

/// Takes an AT line at the clients' door from a plain neighbour. False: it is not one,
/// or comes from somebody who may not send it.
pub fn report(session: &Session, line: &[u8], parts: &mut Parts) -> bool {
    let Some(from) = session.from.map(|from| from.ip().to_canonical()) else {
        return false;
    };
    let foreign = parts.links.iter().filter(|peer| peer.is_foreign());
    let there: Vec<PeerId> = foreign
        .filter(|peer| peer.is_at(from))
        .map(|peer| peer.id)
        .collect();
    let source = match there[..] {
        [] => return false,
        [only] => Source::Neighbour(only),
        _ => Source::Unknown,
    };
    let Some(plain) = ForeignReport::parse(line, parts.cx.now.wall) else {
        return false;
    };
    parts.cx.counters.counts.ats_in += 1;
    let report = plain.report();
    let slot = match parts.store.offer(&report, source) {
        Offered::Accepted(slot) => {
            parts.cx.effects.news = true;
            clock::judge(&from.to_string(), &report, &mut parts.cx);
            slot
        }
        Offered::Duplicate(slot) => slot,
        Offered::Older => return true,
        Offered::Full(limit) => {
            parts.cx.hit(limit);
            let why = "a plain neighbour's report is lost, for the table is full";
            parts.report_loss(session, why);
            return true;
        }
    };
    // Servers that the line names have this report already. We believe that of servers of another
    // make only: ours confirm for themselves.
    for name in plain.names.iter().chain([&report.server]) {
        let mut foreign = parts.links.iter().filter(|peer| peer.is_foreign());
        if let Some(peer) = foreign.find(|peer| peer.name.as_bytes() == *name) {
            parts.store.feed.confirm(slot, peer.id);
        }
    }
    true
}
