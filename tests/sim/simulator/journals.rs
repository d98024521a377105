//! The disks of the simulated servers, and what must be true of their journals: what is
//! acknowledged is in them before the reply leaves, and a start finds everything that was known.

use herd::limits::Limits;
use herd::node::{Config, Fsync, JournalEvent, JournalState, JournalTask, Node};
use herd::units::MILLISECOND;

use super::guest::{Acked, Value, value};
use super::world::{Happening, World};
use crate::support::disk::Disk;
use crate::support::shell::Shell;

/// How long a worker waits for its disk at most, in nanoseconds.
pub const DISK_MAX: u64 = 400 * MILLISECOND;

impl World {
    /// Does a task of a journal's, or has it done.
    pub fn do_journal_task(&mut self, server: &Shell, task: JournalTask) -> Option<JournalEvent> {
        let (place, text) = (server.place, server.node.journal_text());
        self.mark(3, text);
        let done = self.places[place].disk.take(task, text);
        if done.is_none() {
            // Not from the world's luck: with or without journals it is the same.
            let after = DISK_MAX - self.now % DISK_MAX;
            self.places[place].disk_ready = false;
            self.plan(self.now + after, Happening::DiskReady(place, server.life));
        }
        done
    }

    /// Before a server acknowledges something, its journal has it.
    pub fn check_journaled(&mut self, server: &Shell, acked: &[Acked]) {
        let place = server.place;
        // A reply that was made while the journal failed does not wait for the disk, though it
        // may have waited for a lookup before it.
        let recent = self.places[place]
            .failed
            .is_some_and(|at| self.now - at <= self.weather.limits.lookup_wait);
        if recent || !is_sound(&server.node) {
            return;
        }
        let Disk { text, safe, .. } = &self.places[place].disk;
        let text = match self.weather.journal {
            Some(Fsync::Always) => &text[..*safe],
            _ => text,
        };
        let lost = acked
            .iter()
            .find(|it| newest(text, &it.client) < Some(it.value.clone()));
        if let Some(Acked { client, value, .. }) = lost {
            let what = format!("{client} at {value:?} is acknowledged, and not in the journal");
            self.fail("kept", what);
        }
    }

    /// A server that starts with that journal knows what that server knew.
    pub fn check_journal(&mut self, server: &Shell) {
        let place = server.place;
        if !is_sound(&server.node) {
            return;
        }
        let mut node = Node::new(Config {
            name: self.places[place].name.clone(),
            version: "1.0".into(),
            run: 1,
            seed: 1,
            neighbours: Vec::new(),
            ack: self.weather.ack,
            journal: self.weather.journal,
            secret: None,
            level: None,
            limits: Limits::default(),
        });
        self.places[place].disk.replay(&mut node);
        let (had, has) = (server.node.inspect().lines(), node.inspect().lines());
        if had != has {
            let what = format!(
                "{} had {} lines, and keeps {}",
                self.places[place].name,
                had.len(),
                has.len()
            );
            self.fail("journal", what);
        }
    }

    /// All journals are whole.
    pub fn check_journals(&mut self) -> Option<()> {
        for place in 0..self.places.len() {
            let Some(server) = self.places[place].server.take() else {
                continue;
            };
            self.check_journal(&server);
            if let JournalState::Failing(why) = server.node.inspect().journal_status().state {
                self.fail("journal", format!("it fails still: {why}"));
            }
            self.places[place].server = Some(server);
        }
        self.failure.is_none().then_some(())
    }
}

/// Whether a node says that its journal keeps everything.
pub fn is_sound(node: &Node) -> bool {
    let state = node.inspect().journal_status().state;
    matches!(state, JournalState::Ok | JournalState::Compacting)
}

/// The newest report of a client in a journal.
fn newest(text: &[u8], client: &str) -> Option<Value> {
    let lines = text.split(|&byte| byte == b'\n');
    let reports = lines.filter_map(|line| line.rsplitn(2, |&byte| byte == b' ').nth(1));
    let values = reports.filter_map(value).filter(|(name, _)| name == client);
    values.map(|(_, value)| value).max()
}
