//! The list of watchers: who they are, and how far each is in the feed.

use crate::limits::Limits;
use crate::node::conn::{Phase, Session, Sessions};
use crate::store::{CursorId, Feed};
use crate::units::ConnId;

/// All watchers.
#[derive(Debug, Default)]
pub struct Watchers {
    list: Vec<Watcher>,
    /// Cursors whose watcher is gone. The next watchers take them over.
    free: Vec<CursorId>,
    /// This turn has not pumped them yet.
    is_due: bool,
}

#[derive(Debug)]
pub struct Watcher {
    pub conn: ConnId,
    pub cursor: CursorId,
    /// Every change up to this one was sent, or overtaken.
    pub sent_seq: u64,
}

impl Watchers {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Watcher> {
        self.list.iter_mut()
    }

    /// A new one hears every change after `seq`.
    pub fn add(&mut self, conn: ConnId, seq: u64, feed: &mut Feed) {
        let cursor = self.free.pop().unwrap_or_else(|| feed.follow());
        feed.rewind(cursor, seq);
        self.list.push(Watcher {
            conn,
            cursor,
            sent_seq: seq,
        });
    }

    /// A connection is gone that was a watcher's. True: it was the last.
    pub fn remove(&mut self, conn: ConnId) -> bool {
        if let Some(place) = self.list.iter().position(|it| it.conn == conn) {
            self.free.push(self.list.remove(place).cursor);
        }
        self.list.is_empty()
    }

    /// A turn begins.
    pub fn begin_turn(&mut self) {
        self.is_due = !self.list.is_empty();
    }

    /// Whether they are still to be pumped in this turn.
    pub fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }

    /// Whether one of them has room for a change.
    pub fn have_more(&self, sessions: &Sessions, feed: &Feed, limits: &Limits) -> bool {
        self.list.iter().any(|watcher| {
            let session = sessions.get(watcher.conn);
            session.is_some_and(|it| takes_more(it, limits)) && !feed.is_at_end(watcher.cursor)
        })
    }
}

/// Whether a watcher is there and has room.
pub fn takes_more(session: &Session, limits: &Limits) -> bool {
    session.phase == Phase::Open && session.output.outbox.len() < limits.watch_outbox
}
