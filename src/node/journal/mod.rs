//! The journal is a follower: it reads the feed through a cursor, as a link does, and writes to a
//! file what a link would send.
//!
//! A turn's changes are written with one write before any client's reply of that turn leaves, so a
//! process that is killed loses nothing that it acknowledged. The node only appends. The order of
//! lines means nothing, for the newest report of a client wins; so the shell may leave out what is
//! outdated by itself, and the node knows of no second file.
//!
//! While nothing can be written, replies leave all the same, and nothing is queued beyond the lines
//! of one write: the cursor waits where it is. If there was just no room, the same lines are tried
//! again each second. If the file cannot be trusted any more (it is gone, or what was written could
//! not be made safe), the journal is a neighbour that lost its state: its cursor goes back to the
//! start, and everything is told again to another file, a slice per turn.
//!
//! Nothing here knows a file; the shell reports what became of each [`JournalTask`].

mod follower;
mod task;

pub use follower::{Journal, replay, status};
pub use task::{Fsync, JournalEvent, JournalSize, JournalState, JournalStatus};
pub use task::{JournalTask, Lost, Replay};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::node::api::{Ack, Config};
    use crate::node::context::{Context, Level};
    use crate::store::{Source, Store};
    use crate::units::{Mono, SECOND, Wall};
    use crate::wire::{Report, journal_line};

    /// A journal with all that it uses.
    struct World {
        store: Store,
        journal: Journal,
        cx: Context,
    }

    impl World {
        fn new(fsync: Fsync) -> World {
            let cx = Context::new(Config {
                name: "A".into(),
                version: "1.0".into(),
                run: 1,
                seed: 1,
                neighbours: vec![],
                ack: Ack::Local,
                journal: Some(fsync),
                secret: None,
                level: Some(Level::Info),
                limits: Limits::default(),
            });
            let mut store = Store::new(&cx.limits);
            let journal = Journal::new(fsync, store.feed.follow());
            World { store, journal, cx }
        }

        fn offer(&mut self, client: &str, second: u32) {
            let line = format!("AT A +0.000000000 {client} +1+1 {second}");
            let report = Report::parse(line.as_bytes()).unwrap();
            self.store.offer(&report, Source::Client);
        }

        fn before_replies(&mut self) -> Option<JournalTask> {
            self.journal
                .before_replies(&mut self.store, &self.cx.limits)
        }

        fn after_replies(&mut self) -> Option<JournalTask> {
            self.journal.after_replies(&mut self.store, &self.cx.limits)
        }

        /// The clients and times of the lines that are to be written.
        fn text(&self) -> Vec<String> {
            let text = str::from_utf8(self.journal.text()).unwrap();
            let words = text.lines().map(|line| line.split(' ').collect());
            words
                .map(|words: Vec<_>| format!("{} {}", words[3], words[5]))
                .collect()
        }

        fn on_event(&mut self, event: JournalEvent) {
            (self.journal).on_event(event, &mut self.store.feed, &mut self.cx);
        }

        /// Writes what is to be written before replies.
        fn write(&mut self) -> Vec<String> {
            let mut all = Vec::new();
            while self.before_replies().is_some() {
                all.extend(self.text());
                self.on_event(JournalEvent::Wrote(Ok(())));
            }
            all
        }

        /// A second passes, and a turn begins.
        fn pass_second(&mut self) {
            self.cx.now.mono = self.cx.now.mono + SECOND;
            while self.cx.timers.expired(self.cx.now.mono).is_some() {
                self.journal.on_timer();
            }
            self.journal.begin_turn();
        }

        fn synced_at(&self) -> Option<Wall> {
            status(Some(&self.journal), &self.store, JournalSize::default()).synced
        }

        fn said(&self, text: &str) -> usize {
            self.cx.log.text().matches(text).count()
        }
    }

    const FAILS: &str = "the journal keeps nothing for now: ";
    const AGAIN: &str = "the journal keeps everything again";

    #[test]
    fn each_change_is_written_once_in_batches() {
        let mut world = World::new(Fsync::EverySecond);
        world.cx.limits.journal_batch = 1;
        for (client, second) in [("kiwi", 1), ("lime", 1), ("kiwi", 2)] {
            world.offer(client, second);
        }
        assert_eq!(world.write(), ["lime 1", "kiwi 2"]);
        assert_eq!(world.before_replies(), None);
        assert_eq!(world.after_replies(), None);
        world.pass_second();
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        assert_eq!(world.after_replies(), None);
    }

    #[test]
    fn a_sync_covers_what_was_written_before_it() {
        let mut world = World::new(Fsync::Always);
        world.cx.limits.journal_batch = 1;
        world.offer("kiwi", 1);
        world.offer("lime", 1);
        world.offer("kiwi", 2);
        assert_eq!(world.before_replies(), Some(JournalTask::Append));
        assert_eq!(world.text(), ["lime 1"]);
        world.on_event(JournalEvent::Wrote(Ok(())));
        // The first change was of kiwi, and nothing of kiwi is written yet.
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        world.write();
        world.on_event(JournalEvent::Synced(Ok(())));
        assert_eq!(world.journal.durable(), 0);
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        world.offer("kiwi", 3);
        world.write();
        assert!(!world.journal.is_settled());
        world.on_event(JournalEvent::Synced(Ok(())));
        assert_eq!(world.journal.durable(), 3);
        assert!(!world.journal.is_settled());
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        world.on_event(JournalEvent::Synced(Ok(())));
        assert_eq!(world.journal.durable(), 4);
        assert!(world.journal.is_settled());
    }

    #[test]
    fn lines_that_have_no_room_are_tried_again() {
        let mut world = World::new(Fsync::Always);
        world.offer("kiwi", 1);
        assert_eq!(world.before_replies(), Some(JournalTask::Append));
        world.on_event(JournalEvent::Wrote(Err("no room".to_string())));
        // Nobody waits, and nothing is tried before a second has passed.
        assert_eq!(world.journal.durable(), u64::MAX);
        world.offer("lime", 1);
        world.journal.begin_turn();
        assert_eq!(
            (world.before_replies(), world.after_replies()),
            (None, None)
        );
        for _ in 0..2 {
            world.pass_second();
            assert!(world.journal.is_catching_up());
            assert_eq!(world.after_replies(), Some(JournalTask::Append));
            assert_eq!(world.text(), ["kiwi 1", "lime 1"]);
            world.on_event(JournalEvent::Wrote(Err("no room".to_string())));
            let size = JournalSize::default();
            let failing = JournalState::Failing("no room".to_string());
            assert_eq!(
                status(Some(&world.journal), &world.store, size).state,
                failing
            );
        }
        world.pass_second();
        assert_eq!(world.after_replies(), Some(JournalTask::Append));
        world.on_event(JournalEvent::Wrote(Ok(())));
        assert_eq!((world.said(FAILS), world.said(AGAIN)), (1, 1));
        // From here on replies wait again.
        assert_eq!(world.journal.durable(), 0);
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
    }

    #[test]
    fn a_lost_journal_is_told_everything_again() {
        let mut world = World::new(Fsync::Always);
        world.cx.limits.journal_slice = 1;
        world.offer("kiwi", 1);
        world.offer("lime", 1);
        world.write();
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        world.on_event(JournalEvent::Lost("it is gone".to_string()));
        world.on_event(JournalEvent::Synced(Ok(())));
        world.journal.begin_turn();
        assert_eq!(world.after_replies(), None);
        world.pass_second();
        assert_eq!(world.after_replies(), Some(JournalTask::Restart));
        world.offer("kiwi", 2);
        world.on_event(JournalEvent::Restarted(Err("no directory".to_string())));
        world.journal.begin_turn();
        assert_eq!(world.after_replies(), None);
        world.pass_second();
        assert_eq!(world.after_replies(), Some(JournalTask::Restart));
        world.on_event(JournalEvent::Restarted(Ok(())));
        for want in ["lime 1", "kiwi 2"] {
            assert_eq!(world.said(AGAIN), 0);
            world.journal.begin_turn();
            assert_eq!(world.after_replies(), Some(JournalTask::Append));
            assert_eq!(world.text(), [want]);
            world.on_event(JournalEvent::Wrote(Ok(())));
            // A turn writes one slice.
            assert_ne!(world.after_replies(), Some(JournalTask::Append));
        }
        assert_eq!((world.said(FAILS), world.said(AGAIN)), (1, 1));
        // Nothing of it is safe in the new file yet.
        assert_eq!(world.journal.durable(), 0);
        world.on_event(JournalEvent::Synced(Ok(())));
        assert_eq!(world.journal.durable(), 3);
    }

    #[test]
    fn what_was_replayed_is_made_safe_and_not_written_again() {
        let mut world = World::new(Fsync::EverySecond);
        let mut line = Vec::new();
        journal_line::push(&mut line, b"AT A +0.000000000 kiwi +1+1 1");
        let second = Wall(SECOND.into());
        let replayed = replay(&mut world.store, &line[..line.len() - 1]);
        assert_eq!(replayed, Ok(second));
        world.journal.replayed(&mut world.store.feed);
        assert_eq!(world.before_replies(), None);
        assert_eq!(world.after_replies(), Some(JournalTask::Sync));
        world.cx.now.mono = Mono(7);
        assert_eq!(world.synced_at(), None);
        world.on_event(JournalEvent::Synced(Ok(())));
        assert_eq!(world.synced_at(), Some(world.cx.now.wall));
    }

    #[test]
    fn a_right_checksum_does_not_make_an_at_line() {
        let mut world = World::new(Fsync::Off);
        let mut line = Vec::new();
        journal_line::push(&mut line, b"AT Goloman +0.1 kiwi +1+1 1");
        let whole = &line[..line.len() - 1];
        assert_eq!(replay(&mut world.store, whole), Err(Lost::Garbage));
        assert_eq!(replay(&mut world.store, &line), Err(Lost::Checksum));
    }
}
