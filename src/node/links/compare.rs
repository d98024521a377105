//! The dialler's side of COMPARE: asking a neighbour for the digests of its table, and finding that
//! its table stays different.

use super::comparison::Comparison;
use super::link::Link;
use super::peer::Peer;
use crate::limits::Limit;
use crate::node::conn::Session;
use crate::node::context::{Context, Level, Timer};
use crate::node::parts::Parts;
use crate::node::store::Store;
use crate::units::PeerId;
use crate::wire::{Digests, Position, Scope};

/// The neighbour must be told the changes after `seq`, and has a table like `theirs`. If those are
/// many, it is asked for digests first. It is told nothing until they have come: which of the
/// changes it lacks is not known before.
pub fn tell_from(
    id: PeerId,
    session: &mut Session,
    seq: u64,
    theirs: &Position,
    parts: &mut Parts,
) {
    let (peer, store) = (parts.links.peer_mut(id), &mut parts.store);
    move_to(peer, seq, store);
    parts.cx.effects.news = true;
    let lacks = store.feed.last() - seq;
    let at_most = lacks.min(theirs.count).min(store.position(0).count);
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
    let (last, stayed_different) = (store.feed.last(), peer.discrepancy.agreed());
    move_to(peer, last, store);
    if stayed_different {
        let line = format_args!("the table of {} is the same again", peer.name);
        cx.log.write(Level::Warn, line);
    }
}

/// The neighbour has answered a MARK, and its table is not ours. If it stays so, the neighbour is
/// told again what differs, whatever it was told and is known to have.
pub fn differs(id: PeerId, session: &mut Session, theirs: &Position, parts: &mut Parts) {
    let (peer, store, cx) = (parts.links.peer_mut(id), &parts.store, &mut parts.cx);
    let last = store.feed.last();
    // A neighbour that we do not hear may have more to tell.
    let is_heard = peer.incoming.conn.is_some();
    let is_told = peer.outgoing.acked_seq == last && peer.outgoing.state == Link::Up(session.id);
    if !is_heard || !is_told {
        return peer.discrepancy.disturbed();
    }
    let is_first = !peer.discrepancy.stays();
    let tables = [store.position(last), *theirs];
    // Its own link may be stuck while it answers on ours.
    let patience = peer.outgoing.patience.for_silence(&cx.limits);
    let rest = cx.limits.repair_after.max(patience);
    if !(peer.discrepancy).on_rest(cx.now.mono, tables, rest, &cx.limits) {
        return;
    }
    cx.hit(Limit::repair_after);
    let level = if is_first { Level::Warn } else { Level::Info };
    let (name, count, ours) = (&peer.name, theirs.count, tables[0].count);
    let line = format_args!(
        "the table of {name} stays different ({count} clients there, {ours} here), although it was \
         told everything; it is told again what differs"
    );
    cx.log.write(level, line);
    // Nothing that it once said proves that it still knows it.
    peer.known_since = last;
    tell_from(id, session, 0, theirs, parts);
}

/// The next change to tell is the one after `seq`. The neighbour needs some time to take it in.
fn move_to(peer: &mut Peer, seq: u64, store: &mut Store) {
    let outgoing = &mut peer.outgoing;
    store.feed.rewind(outgoing.cursor, seq);
    (outgoing.sent_seq, outgoing.acked_seq) = (seq, seq);
    outgoing.comparison = None;
    peer.discrepancy.disturbed();
}
