//! The links on which our neighbours tell us their changes. Each MARK moves the point from which a
//! link goes on after a cut, and is answered with SINCE.

use super::admit::say_since;
use super::{clock, refusal};
use crate::node::conn::{End, Session};
use crate::node::context::{Level, Timer};
use crate::node::parts::Parts;
use crate::store::{Offered, Source};
use crate::units::PeerId;
use crate::wire::{Message, Position, Report};

/// Handles a line of a neighbour that tells us its changes.
///
/// # Errors
/// How the line ends the link.
pub fn line(id: PeerId, session: &mut Session, line: &[u8], parts: &mut Parts) -> Result<(), End> {
    if let Some(why) = refusal::reason(line) {
        // Not answered: two servers that refuse each other would never end.
        parts.log_line(session, '<', line);
        return Err(End::Closed(why.into()));
    }
    if !parts.links.peer(id).incoming.is_ready {
        return Err(End::refused("it does not wait for SINCE"));
    }
    match Message::parse(line) {
        Some(Message::At(report)) => {
            parts.log_line(session, '<', line);
            at(id, session, &report, parts);
        }
        Some(Message::Compare(scope)) => {
            parts.log_line(session, '<', line);
            parts.links.peer_mut(id).discrepancy.disturbed();
            let sums = parts.store.sums(scope);
            parts.say_at(Level::Debug, session, format_args!("DIGESTS {scope}{sums}"));
        }
        Some(Message::Audit(scope)) => {
            parts.log_line_at(Level::Debug, session, '<', line);
            let (last, sums) = (parts.store.feed.last(), parts.store.sums(scope));
            let answer = format_args!("AUDIT {scope} {last}{sums}");
            parts.say_at(Level::Debug, session, answer);
        }
        Some(Message::Mark(position)) => mark(id, session, line, position, parts),
        Some(Message::Wave(run, number)) => {
            parts.log_line(session, '<', line);
            let (link, up) = ((session.id, id), parts.links.up());
            let waves = &mut parts.acks.waves;
            if waves.on_wave(run, number, link, up, &mut parts.cx) {
                parts.say(session, format_args!("DONE {run} {number}"));
            }
        }
        Some(Message::Unknown) => {
            let peer = parts.links.peer_mut(id);
            peer.ignore(session.id, &mut parts.cx);
        }
        _ => return Err(End::refused("it says what a dialler never says")),
    }
    Ok(())
}

/// The neighbour tells us a change.
fn at(id: PeerId, session: &Session, report: &Report<'_>, parts: &mut Parts) {
    parts.cx.counters.counts.ats_in += 1;
    parts.links.peer_mut(id).discrepancy.disturbed();
    match parts.store.offer(report, Source::Neighbour(id)) {
        Offered::Accepted(_) => {
            parts.cx.effects.news = true;
            clock::judge(&parts.links.peer(id).name, report, &mut parts.cx);
        }
        Offered::Duplicate(_) | Offered::Older => {}
        Offered::Full(limit) => {
            parts.cx.hit(limit);
            parts.report_loss(session, "its report is lost, for the table is full");
        }
    }
}

/// The neighbour has told us everything up to a point.
fn mark(id: PeerId, session: &mut Session, line: &[u8], position: Position, parts: &mut Parts) {
    let peer = parts.links.peer_mut(id);
    if peer.incoming.level() == Level::Debug {
        let line = format_args!("link from {} up at last", peer.name);
        parts.cx.log.write(Level::Info, line);
    }
    peer.incoming.is_marked = true;
    peer.rivals.lineage.marked();
    let is_repeated = std::mem::replace(&mut peer.incoming.heard, position) == position;
    let level = if is_repeated {
        Level::Debug
    } else {
        Level::Info
    };
    parts.cx.log.line(level, &peer.name, '<', line);
    parts
        .cx
        .arm(Timer::Silent(session.id), parts.cx.limits.dead);
    say_since(level, id, session, parts);
}
