//! The stream of a watcher: its beginning, its changes and its heartbeat.

use super::list::{Watcher, takes_more};
use crate::limits::Limit;
use crate::node::conn::{End, Kind, Session, Sessions};
use crate::node::context::{Context, Timer};
use crate::node::links::Links;
use crate::node::parts::Parts;
use crate::store::{Change, Follower, Record};
use crate::wire::Start;

/// The outbox of a watcher, which the feed fills.
struct Writer<'a> {
    watcher: &'a mut Watcher,
    session: &'a mut Session,
    links: &'a Links,
    /// How many changes it may still take in this turn.
    steps: usize,
    cx: &'a mut Context,
}

impl Follower for Writer<'_> {
    fn has_room(&self) -> bool {
        self.steps > 0 && takes_more(self.session, &self.cx.limits)
    }

    fn take(&mut self, change: Change, record: &Record) {
        self.steps -= 1;
        self.watcher.sent_seq = change.seq;
        // The feed keeps who told a change, not in which order. A watcher that keeps up is pumped
        // in the turn of the change, when only the first of them has.
        let mut peers = self.links.iter();
        let teller = peers.find(|peer| peer.knows(&change));
        let teller = teller.map_or("-", |peer| &peer.name);
        let outbox = &mut self.session.output.outbox;
        outbox.borrow(&mut self.cx.pools.outboxes);
        outbox.push_text(format_args!("CHANGE {} {teller} ", change.seq));
        outbox.push(record.line());
    }
}

/// Somebody may watch, and hears of every change after `start`.
///
/// # Errors
/// When too many watch already.
pub fn admit(session: &mut Session, start: Start, parts: &mut Parts) -> Result<(), End> {
    check_room(parts)?;
    let Parts {
        cx,
        store,
        watchers,
        ..
    } = parts;
    (session.kind, session.challenge) = (Kind::Watcher, None);
    cx.timers.stop(Timer::Silent(session.id));
    if watchers.len() == 0 {
        cx.arm(Timer::Watchers, cx.limits.heartbeat);
    }
    let (name, run) = (cx.me.name.clone(), cx.me.run);
    let seq = start.seq(run, store.feed.last());
    watchers.add(session.id, seq, &mut store.feed);
    if let Some(from) = session.from {
        cx.info(format_args!("{from} watches, after change {seq}"));
    }
    parts.say(session, format_args!("WATCHING {name} {run} {seq}"));
    Ok(())
}

/// Checks whether one more may watch.
///
/// # Errors
/// When too many do already.
pub fn check_room(parts: &mut Parts) -> Result<(), End> {
    let most = parts.cx.limits.watchers;
    if parts.watchers.len() < most {
        return Ok(());
    }
    parts.cx.hit(Limit::watchers);
    let why = format!("{most} watch this server already; try again when one of them has gone");
    Err(End::refused(why))
}

/// Offers the changes of the feed to every watcher. They share the budget of a turn.
pub fn pump(sessions: &mut Sessions, parts: &mut Parts) {
    let Parts {
        cx,
        store,
        links,
        watchers,
        ..
    } = parts;
    let share = (cx.limits.watch_steps / watchers.len().max(1)).max(1);
    for watcher in watchers.iter_mut() {
        let Some(session) = sessions.get_mut(watcher.conn) else {
            continue;
        };
        let (before, cursor) = (session.output.outbox.len(), watcher.cursor);
        let mut writer = Writer {
            watcher,
            session,
            links,
            steps: share,
            cx,
        };
        store.pump(cursor, &mut writer);
        if writer.steps == 0 {
            cx.hit(Limit::watch_steps);
        }
        // Bytes that its socket did not take before are written when it takes more.
        if session.output.outbox.len() > before {
            cx.effects.flush(session);
        }
    }
}

/// Tells every watcher how far it is: a heartbeat, and a summary of the table. One that does not
/// read what it has is told nothing more.
pub fn mark(sessions: &mut Sessions, parts: &mut Parts) {
    let Parts {
        cx,
        store,
        watchers,
        ..
    } = parts;
    for watcher in watchers.iter_mut() {
        let session = sessions.get_mut(watcher.conn);
        if let Some(session) = session.filter(|it| takes_more(it, &cx.limits)) {
            let mark = store.position(watcher.sent_seq);
            session.output.outbox.borrow(&mut cx.pools.outboxes);
            session.output.outbox.push_line(format_args!("MARK {mark}"));
            cx.effects.flush(session);
        }
    }
    cx.arm(Timer::Watchers, cx.limits.heartbeat);
}
