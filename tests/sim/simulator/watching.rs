//! The deeds of watchers, and the checks of what they are told: nothing false, everything in order,
//! and in the end the newest change of every client.

use herd::units::{MILLISECOND, SECOND};

use super::guest::value;
use super::visiting::line_of;
use super::watcher::Said;
use super::world::{Happening, World};
use crate::support::shell::Shell;
use crate::support::wire::{End, Holder, Network, Wire};

/// Between a lost connection and the next, in nanoseconds.
const AGAIN: u64 = 300 * MILLISECOND;
/// A watcher that reads has heard everything this long after the herd is at rest.
const CAUGHT_UP: u64 = 30 * SECOND;

/// A ladder calls the first watcher guest 100.
const FIRST: usize = 100;

/// Something that a watcher does.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Come,
    Read,
    Leave,
}

impl World {
    /// A watcher does what it planned to.
    pub fn watch(&mut self, number: usize, deed: Deed) {
        match (deed, self.watchers[number].wire) {
            (Deed::Come, None) if !self.watchers[number].is_over => self.watcher_comes(number),
            (Deed::Read, Some(wire)) => self.watcher_reads(number, wire),
            (Deed::Leave, Some(_)) if self.rough => self.watcher_ends(number),
            _ => {}
        }
    }

    fn watcher_comes(&mut self, number: usize) {
        let plan = &self.watchers[number].plan;
        let (place, delay, stays) = (plan.place, plan.delay, plan.stays);
        let holders = [Holder::Watcher(number), Holder::Kernel(place)];
        let from = ([127, 0, 0, 1], 60_000 + number as u16).into();
        let end = self.connect(Wire::new(holders, from, [delay; 2]));
        self.wires[end.wire].door = herd::node::Door::Servers;
        self.plan(self.now + delay, Happening::Knock(end.other()));
        let line = self.watchers[number].begin(end.wire);
        self.send(end, line.as_bytes());
        self.tell_watcher(number, '>', line.as_bytes());
        if let Some(stays) = stays {
            self.plan(self.now + stays, Happening::Watch(number, Deed::Leave));
        }
    }

    /// Its connection is over. It comes again.
    pub fn watcher_ends(&mut self, number: usize) {
        let watcher = &mut self.watchers[number];
        if let Some(wire) = watcher.wire.take() {
            let again = watcher.plan.stays.unwrap_or(AGAIN);
            self.close(End::dialler(wire));
            self.plan(self.now + again, Happening::Watch(number, Deed::Come));
        }
    }

    /// Something has come for a watcher.
    pub fn watcher_hears(&mut self, number: usize) {
        let watcher = &mut self.watchers[number];
        if !std::mem::replace(&mut watcher.reading, true) {
            let pause = watcher.plan.reads.map_or(0, |(_, pause)| pause);
            self.plan(self.now + pause, Happening::Watch(number, Deed::Read));
        }
    }

    fn watcher_reads(&mut self, number: usize, wire: usize) {
        let watcher = &mut self.watchers[number];
        watcher.reading = false;
        let side = &self.wires[wire].sides[0];
        let (there, is_over) = (side.unread().len(), side.ended || side.broken);
        let most = watcher.plan.reads.map_or(0, |(most, _)| most);
        let count = there.min(most);
        let bytes = side.unread()[..count].to_vec();
        let heard = watcher.hear(&bytes);
        self.tell_watcher(number, '<', &bytes);
        self.took(End::dialler(wire), count);
        if let Err(what) = heard {
            self.fail("watchers", format!("watcher {number} is told {what}"));
        }
        if is_over && (count == there || count == 0) {
            self.watcher_ends(number);
        } else if count > 0 && (is_over || count < there) {
            self.watcher_hears(number);
        }
    }

    fn tell_watcher(&mut self, number: usize, way: char, bytes: &[u8]) {
        let place = self.watchers[number].plan.place;
        if let Some(trace) = &mut self.trace {
            trace.outside(self.now, place, FIRST + number, way, bytes);
        }
    }

    /// New bytes for a watcher are true when they are written.
    pub fn check_watched(&mut self, server: &Shell, number: usize, unsent: &[u8]) {
        let watcher = &mut self.watchers[number];
        let fresh = (watcher.written + unsent.len()).saturating_sub(watcher.checked);
        watcher.checked += fresh;
        let fresh = &unsent[unsent.len() - fresh..];
        let lines = fresh.split_inclusive(|&byte| byte == b'\n');
        let wrong = lines.into_iter().find(|line| !self.is_true(server, line));
        if let Some(line) = wrong {
            let what = format!(
                "watcher {number} is told what is not so: {}",
                line.escape_ascii()
            );
            self.fail("watchers", what);
        }
    }

    /// Whether a line to a watcher says how the server's table is now.
    fn is_true(&self, server: &Shell, line: &[u8]) -> bool {
        let table = server.node.inspect().table();
        match Said::of(line) {
            Some(Said::Watching { seq, .. }) => seq <= table.seq,
            Some(Said::Mark { seq, count, digest }) => {
                let is_same = (count, &digest) == (table.count, &format!("{:016x}", table.digest));
                seq <= table.seq && is_same
            }
            Some(Said::Change { seq, teller, line }) => {
                let neighbours = server.node.inspect().neighbours();
                let known = value(&line).and_then(|(client, _)| line_of(server, &client));
                let is_told = teller == "-" || neighbours.contains(&teller);
                seq <= table.seq && is_told && known.as_ref() == Some(&line)
            }
            None => false,
        }
    }

    /// Watchers that never read have gone, as far as they are concerned.
    pub fn dismiss_idle_watchers(&mut self) {
        self.dismiss(|reads| !reads);
    }

    fn dismiss(&mut self, which: impl Fn(bool) -> bool) {
        for number in 0..self.watchers.len() {
            let watcher = &mut self.watchers[number];
            if which(watcher.plan.reads.is_some()) {
                watcher.is_over = true;
                self.watcher_ends(number);
            }
        }
    }

    /// Each watcher that reads has the newest of all that it had to hear. Then they go.
    pub fn check_watchers(&mut self) -> Option<()> {
        let until = self.now + CAUGHT_UP;
        while let Some(number) = (0..self.watchers.len()).find(|it| !self.is_caught_up(*it)) {
            let is_late = self.now > until;
            self.demand("watchers", !is_late, || {
                format!("watcher {number} is not told all")
            })?;
            self.after(100 * MILLISECOND)?;
        }
        for number in 0..self.watchers.len() {
            let watcher = &self.watchers[number];
            let table = self.table_of(watcher.plan.place);
            let differs = watcher.differs(&table).filter(|_| !watcher.is_over);
            self.demand("watchers", differs.is_none(), || {
                format!("watcher {number} and its server differ: {differs:?}")
            })?;
        }
        self.dismiss(|_| true);
        // Their servers notice.
        if !self.watchers.is_empty() {
            self.after(200 * MILLISECOND)?;
        }
        Some(())
    }

    fn is_caught_up(&self, number: usize) -> bool {
        let watcher = &self.watchers[number];
        let server = self.places[watcher.plan.place].server.as_deref();
        let seq = server.map(|it| it.node.inspect().table().seq);
        watcher.is_over || seq.is_some_and(|seq| watcher.is_at(seq))
    }

    fn table_of(&self, place: usize) -> Vec<Vec<u8>> {
        let server = self.places[place].server.as_deref();
        let lines = server.map(|it| it.node.inspect().lines());
        lines.into_iter().flatten().map(<[u8]>::to_vec).collect()
    }

    /// Whether a wire is that of a watcher.
    pub fn is_watched(&self, wire: usize) -> bool {
        let wire = &self.wires[wire];
        wire.door == herd::node::Door::Servers && wire.ends.is_none()
    }
}
