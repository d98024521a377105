//! The dialler's side of COMPARE and AUDIT: asking a neighbour for the digests of its table, and
//! finding that its table stays different.

use super::audit::Verdict;
use super::comparison::Comparison;
use super::link::Link;
use super::peer::Peer;
use crate::limits::Limit;
use crate::node::conn::Session;
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::store::Store;
use crate::units::PeerId;
use crate::wire::{BUCKETS, Digests, Position, Scope};

/// The neighbour, which has `count` clients, must be told the changes after `seq`. If those are
/// many, it is asked for digests first. It is told nothing until they have come: which of the
/// changes it lacks is not known before.
pub fn tell_from(id: PeerId, session: &mut Session, seq: u64, count: u64, parts: &mut Parts) {
    let (peer, store) = (parts.links.peer_mut(id), &mut parts.store);
    move_to(peer, seq, store);
    parts.cx.effects.news = true;
    let lacks = store.feed.last() - seq;
    let at_most = lacks.min(count).min(store.position(0).count);
    if peer.outgoing.compares && at_most > parts.cx.limits.compare_floor {
        peer.outgoing.comparison = Some(Box::new(Comparison::new(parts.cx.now.mono)));
        parts.say(session, format_args!("COMPARE {}", Scope::Groups));
    }
}

/// Digests that we asked for have come.
pub fn on_digests(id: PeerId, session: &mut Session, digests: &Digests<'_>, parts: &mut Parts) {
    let (peer, store, cx) = (parts.links.peer_mut(id), &mut parts.store, &mut parts.cx);
    let Some(comparison) = &mut peer.outgoing.comparison else {
        return;
    };
    // Many of them may delay the answer to a MARK.
    cx.arm(Timer::Link(id), cx.limits.dead);
    let (ours, last) = (store.sums(digests.scope), store.feed.last());
    comparison.on_digests(digests.scope, &digests.sums(), &ours, last, cx.now.mono);
    if let Some(last) = comparison.agrees_until() {
        move_to(peer, last, store);
    }
    cx.effects.news = true;
    let ahead = cx.limits.compare_ahead;
    while let Some(comparison) = &mut parts.links.peer_mut(id).outgoing.comparison
        && let Some(scope) = comparison.ask(ahead)
    {
        parts.say_at(Level::Debug, session, format_args!("COMPARE {scope}"));
    }
}

/// A neighbour that answers MARK and not COMPARE is told everything.
pub fn give_up_late(peer: &mut Peer, cx: &mut Context) {
    let patience = peer.outgoing.patience.for_silence(&cx.limits);
    let wait = cx.limits.compare_wait.max(patience);
    let is_late = |it: &mut Box<Comparison>| it.is_late(cx.now.mono, wait);
    if peer.outgoing.comparison.take_if(is_late).is_some() {
        cx.hit(Limit::compare_wait);
        let name = &peer.name;
        let line = format_args!("{name} does not answer COMPARE: it is told everything");
        cx.log.write(Level::Warn, line);
        cx.effects.news = true;
    }
}

/// The neighbour has the same table: no change need be told.
pub fn mark_in_sync(peer: &mut Peer, store: &mut Store, cx: &mut Context) {
    agree(peer, cx);
    move_to(peer, store.feed.last(), store);
}

/// Nothing of the neighbour's table stays different.
fn agree(peer: &mut Peer, cx: &mut Context) {
    if peer.discrepancy.agreed() {
        let line = format_args!("the table of {} is the same again", peer.name);
        cx.log.write(Level::Warn, line);
    }
}

/// The neighbour has answered a MARK, and its table is not ours. If it stays so, the neighbour is
/// told again what differs, whatever it was told and is known to have.
pub fn differs(id: PeerId, session: &mut Session, theirs: &Position, parts: &mut Parts) {
    let (peer, store, cx) = (parts.links.peer_mut(id), &parts.store, &mut parts.cx);
    let (last, now) = (store.feed.last(), cx.now.mono);
    // A neighbour that we do not hear may have more to tell.
    if peer.incoming.conn.is_none() || peer.outgoing.state != Link::Up(session.id) {
        return peer.discrepancy.disturbed();
    }
    let told = [peer.outgoing.acked_seq, peer.incoming.heard.seq];
    let may_begin = peer.outgoing.compares
        && store.feed.is_at_end(peer.outgoing.cursor)
        && peer.discrepancy.may_audit(now, &cx.limits);
    let audit = &mut peer.discrepancy.audit;
    let scope = audit.next(now, told, may_begin, &cx.limits);
    // Its own link may be stuck while it answers on ours.
    let rest = (cx.limits.repair_after).max(peer.outgoing.patience.for_silence(&cx.limits));
    let tables = [store.position(last), *theirs];
    if peer.outgoing.acked_seq < last {
        peer.discrepancy.disturbed();
    } else if (peer.discrepancy).on_rest(now, tables, rest, &cx.limits) {
        cx.hit(Limit::repair_after);
        let (name, count, ours) = (&peer.name, theirs.count, store.position(last).count);
        let what =
            format!("the table of {name} stays different ({count} clients there, {ours} here)");
        return repair(id, session, count, &what, parts);
    }
    if let Some(scope) = scope {
        parts.say_at(Level::Debug, session, format_args!("AUDIT {scope}"));
    }
}

/// Digests for an audit have come. The neighbour's newest change was `seq` then.
pub fn on_audited(
    id: PeerId,
    session: &mut Session,
    seq: u64,
    digests: &Digests<'_>,
    parts: &mut Parts,
) {
    let (peer, store, cx) = (parts.links.peer_mut(id), &parts.store, &mut parts.cx);
    // Many of them may delay the answer to a MARK.
    cx.arm(Timer::Link(id), cx.limits.dead);
    let (ours, last) = (store.sums(digests.scope), store.feed.last());
    let audit = &mut peer.discrepancy.audit;
    let verdict = audit.on_answer(digests.scope, &digests.sums(), &ours, [last, seq]);
    if verdict == Some(Verdict::Agree) {
        agree(peer, cx);
    } else if let Some(Verdict::Differ(buckets)) = verdict
        && peer.discrepancy.begin_repair(cx.now.mono, &cx.limits)
    {
        cx.hit(Limit::audit_after);
        let name = &peer.name;
        let what = format!("{buckets} of {BUCKETS} parts of the table of {name} stay different");
        let count = store.position(last).count;
        return repair(id, session, count, &what, parts);
    }
    let ahead = cx.limits.compare_ahead;
    while let Some(scope) = parts.links.peer_mut(id).discrepancy.audit.ask(ahead) {
        parts.say_at(Level::Debug, session, format_args!("AUDIT {scope}"));
    }
}

/// The neighbour, which has `count` clients, is told again what differs: `what` is why.
fn repair(id: PeerId, session: &mut Session, count: u64, what: &str, parts: &mut Parts) {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let level = match peer.discrepancy.is_first() {
        true => Level::Warn,
        false => Level::Info,
    };
    let line =
        format_args!("{what}, although it was told everything; it is told again what differs");
    cx.log.write(level, line);
    // Nothing that it once said proves that it still knows it.
    peer.known_since = parts.store.feed.last();
    tell_from(id, session, 0, count, parts);
}

/// The next change to tell is the one after `seq`. The neighbour needs some time to take it in.
fn move_to(peer: &mut Peer, seq: u64, store: &mut Store) {
    let outgoing = &mut peer.outgoing;
    store.feed.rewind(outgoing.cursor, seq);
    (outgoing.sent_seq, outgoing.acked_seq) = (seq, seq);
    outgoing.comparison = None;
    peer.discrepancy.begin_again();
}
