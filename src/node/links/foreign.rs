//! Neighbours of another make, which know only the clients' door and plain AT lines.
//!
//! To tell one a change we connect to its clients' door, send one AT line, shut down sending and
//! wait for its end: one connection per update, one at a time, as such servers expect it. They
//! acknowledge nothing; a connection that breaks before its end is tried again. The cursor into
//! the feed is the queue here, too: while such a server is away or slow, only the newest report of
//! each client waits.

use super::peer::{Foreign, Link, Peer};
use crate::limits::Limit;
use crate::node::conn::{Phase, Session, settle};
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::node::store::{Feed, Offered, Source, Store};
use crate::units::{ConnId, PeerId};
use crate::wire::ForeignReport;

/// Dials a neighbour if there is a change to tell it and nothing in the way.
pub fn call(peer: &mut Peer, feed: &mut Feed, cx: &mut Context) {
    let is_free = peer.outgoing.state == Link::Down && !peer.redial.has_failed(&cx.limits);
    if is_free && has_news(peer, feed) {
        peer.dial(cx);
    }
}

/// The neighbour was away for a while, or its name was never resolved: is it there?
pub fn call_again(peer: &mut Peer, feed: &mut Feed, cx: &mut Context) {
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
/// it that it has. Not while one is being told, for that may have to be told again.
fn has_news(peer: &mut Peer, feed: &mut Feed) -> bool {
    let cursor = peer.outgoing.cursor;
    loop {
        while let Some(change) = feed.peek(cursor) {
            if !peer.knows(&change) {
                return true;
            }
            feed.next(cursor);
            if !state(peer).skipped {
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
    let change = change.flatten();
    if let Some(change) = change {
        let line = store.line(change.slot);
        session.output.outbox.push(line);
        cx.counters.counts.ats_out += 1;
        cx.log.line(Level::Info, &peer.name, '>', line);
    }
    session.phase = Phase::Draining { linger: true };
    let seq = change.map_or(peer.outgoing.sent_seq, |change| change.seq);
    peer.outgoing.state = Link::TellingOne(session.id, seq);
    state(peer).unexpected = 0;
    cx.arm(Timer::Link(peer.id), cx.limits.dead);
    cx.effects.flush(session);
    // Without a change the connection ends at once.
    settle(session, cx);
}

/// The neighbour sends bytes where it has nothing to say. They are dropped, up to a limit. True:
/// the limit is exceeded, and the change counts as told.
pub fn unexpected(peer: &mut Peer, session: &Session, count: usize, cx: &mut Context) -> bool {
    let foreign = state(peer);
    foreign.unexpected += count;
    let is_over =
        foreign.unexpected > cx.limits.unexpected_reply && session.phase == Phase::Lingering;
    if is_over {
        cx.hit(Limit::unexpected_reply);
    }
    is_over
}

/// The neighbour was told the change on this connection.
pub fn told(peer: &mut Peer, conn: ConnId, feed: &mut Feed, cx: &mut Context) {
    let Link::TellingOne(current, seq) = peer.outgoing.state else {
        return;
    };
    if current != conn {
        return;
    }
    peer.outgoing.state = Link::Down;
    peer.redial.succeeded(&cx.limits);
    cx.timers.stop(Timer::Link(peer.id));
    cx.effects.news = true;
    let before = std::mem::take(state(peer));
    if !before.skipped {
        peer.outgoing.sent_seq = seq;
        return;
    }
    // Another change was skipped, and is tried once more: now we know that the neighbour is there.
    let cursor = peer.outgoing.cursor;
    let is_known = feed.confirm_at(cursor, seq, peer.id);
    feed.rewind(cursor, peer.outgoing.sent_seq);
    let first = feed.peek(cursor).filter(|_| is_known);
    state(peer).suspect = first.map(|change| change.seq);
}

/// A connection to the neighbour broke before its end: its change is told again. But a line that
/// is reset again and again, though it was sent whole, holds up the others only for a
/// few tries.
pub fn failed(peer: &mut Peer, session: &Session, why: &str, feed: &mut Feed, cx: &mut Context) {
    let Link::TellingOne(current, seq) = peer.outgoing.state else {
        return;
    };
    if current != session.id {
        return;
    }
    let is_sent = session.output.outbox.is_empty();
    let before = std::mem::take(state(peer));
    if is_sent && before.suspect == Some(seq) {
        peer.outgoing.sent_seq = seq;
        cx.hit(Limit::poison_resets);
        let name = &peer.name;
        let line = format_args!("{name} resets one line and takes others: it is left out");
        cx.log.write(Level::Warn, line);
    } else if is_sent && !before.skipped {
        let resets = before.resets + 1;
        state(peer).resets = resets;
        state(peer).skipped = resets >= cx.limits.poison_resets;
    }
    if !state(peer).skipped {
        feed.rewind(peer.outgoing.cursor, peer.outgoing.sent_seq);
    }
    peer.lost(session.id, why, cx);
}

/// Takes an AT line at the clients' door from a neighbour of another make. False: it is not one,
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
            slot
        }
        Offered::Duplicate(slot) => slot,
        Offered::Older => return true,
        Offered::Full(limit) => {
            parts.cx.hit(limit);
            let why = "a plain neighbour's report is lost, for the table is full";
            parts.warn(session, why);
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
