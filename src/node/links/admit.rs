//! Admitting a neighbour: a link begins, and with it perhaps another run, or another process of the
//! same name.

use super::lineage::Lineage;
use super::link::Link;
use super::peer::Peer;
use super::rivals::Claim;
use crate::node::conn::{End, Kind, Session};
use crate::node::context::{Level, Timer};
use crate::node::parts::Parts;
use crate::units::PeerId;
use crate::wire::{Position, Posix, Run};

/// The dialler is the neighbour that it says it is: from here on we accept its changes.
pub fn admit(session: &mut Session, id: PeerId, run: Run, parts: &mut Parts) -> Result<(), End> {
    check_lineage(id, session, run, parts)?;
    on_run(id, session, run, parts)?;
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    peer.incoming.early.admitted(session.id);
    if let Some(challenge) = session.challenge.take() {
        peer.incoming.has_clock = challenge.has_clock;
        let at = whence(session, peer);
        let lineage = &mut peer.rivals.lineage;
        lineage.linked(challenge.our_nonce, at, cx.limits.runs);
    }
    if let Some(old) = peer.incoming.conn {
        let why = "replaced by a newer one";
        peer.replace_incoming(why, cx);
        cx.effects.close_later(old, why);
    }
    session.kind = Kind::Incoming(id);
    peer.incoming.conn = Some(session.id);
    (peer.incoming.is_ready, peer.incoming.is_marked) = (false, false);
    (peer.incoming.is_doubted, peer.incoming.has_ignored) = (false, false);
    peer.discrepancy.disturbed();
    let level = peer.incoming.level();
    let line = format_args!("link from {} up: its run is {run}", peer.name);
    cx.log.write(level, line);
    cx.arm(Timer::Silent(session.id), cx.limits.dead);
    say_since(level, id, session, parts);
    // The neighbour is there, so there is no reason to wait, except for a dial that has just begun.
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let may_dial = match peer.outgoing.state {
        Link::Down => true,
        Link::Dialling => peer.redial.is_old(cx.now.mono, &cx.limits),
        _ => false,
    };
    if may_dial && !cx.is_shutting_down {
        // A neighbour that accepts us may still be one that we refuse.
        if peer.redial.refusal.is_none() {
            peer.redial.reset(&cx.limits);
        }
        peer.dial(cx);
    }
    Ok(())
}

/// Says how far we got in a neighbour's feed, what our table is, and what time it is.
pub fn say_since(level: Level, id: PeerId, session: &mut Session, parts: &mut Parts) {
    let peer = parts.links.peer(id);
    if let Some(run) = peer.run {
        let position = parts.store.position(peer.incoming.heard.seq);
        match (peer.incoming.has_clock, Posix(parts.cx.now.wall)) {
            (true, time) => {
                let line = format_args!("SINCE {run} {position} time={time}");
                parts.say_at(level, session, line);
            }
            (false, _) => parts.say_at(level, session, format_args!("SINCE {run} {position}")),
        }
    }
}

/// A neighbour may be another process than the one that had the last link, though its run is the
/// same. The one that is linked keeps the link.
fn check_lineage(id: PeerId, session: &Session, run: Run, parts: &mut Parts) -> Result<(), End> {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let last = session.challenge.as_ref().and_then(|it| it.last.as_deref());
    if peer.run != Some(run) || peer.rivals.lineage.continues(last) {
        return Ok(());
    }
    // The changes of one of them say nothing about the other.
    peer.known_since = parts.store.feed.last();
    peer.incoming.heard = Position::default();
    if peer.incoming.conn.is_some() {
        let at = whence(session, peer);
        let why = (peer.rivals).same_run(&peer.name, run, &at, cx.now.mono);
        return Err(End::refused(why));
    }
    peer.rivals.lineage = Lineage::default();
    Ok(())
}

/// The address of a neighbour. Only the shell knows which of several it reached.
fn whence(session: &Session, peer: &Peer) -> String {
    match session.from {
        Some(from) => from.to_string(),
        None => peer.places(),
    }
}

/// A neighbour has said which run it is. Links to an earlier run end.
pub fn on_run(id: PeerId, session: &Session, run: Run, parts: &mut Parts) -> Result<(), End> {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let conn = session.id;
    let at = whence(session, peer);
    let live = peer.live_run(conn);
    let hello = (&peer.name[..], run, &at[..]);
    match (peer.rivals).claim(hello, live, cx.now.mono, &cx.limits) {
        Claim::Granted => {}
        Claim::Contested(why) => {
            parts.warn(session, &why);
        }
        Claim::Refused(why) => return Err(End::refused(why)),
    }
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    if peer.run == Some(run) {
        return Ok(());
    }
    let is_first = peer.run.replace(run).is_none();
    peer.rivals.lineage = Lineage::default();
    peer.known_since = parts.store.feed.last();
    peer.incoming.heard = Position::default();
    if is_first {
        return Ok(());
    }
    let why = "the neighbour was started again";
    let links = [peer.incoming.conn, peer.outgoing.state.conn()];
    for old in links.into_iter().flatten().filter(|old| *old != conn) {
        peer.stop_hearing(old, why, cx);
        peer.lost(old, why, cx);
        cx.effects.close_later(old, why);
    }
    Ok(())
}
