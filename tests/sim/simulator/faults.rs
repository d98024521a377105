//! Faults, and how they end.

use herd::node::Fsync;

use super::guest::State;
use super::troubles::{DiskFault, Fault, Learns, Left};
use super::words;
use super::world::{Happening, World};
use crate::support::wire::{End, Holder, Network, Wire};

/// A fault that ends.
#[derive(Clone, Copy, Debug)]
pub enum Undo {
    /// A way from one to the other is open again.
    Cut(usize, usize),
    /// Bytes from one to the other are taken again.
    Block(usize, usize),
    /// A server goes on.
    Thaw(usize),
    /// A disk works again.
    Disk(usize),
}

impl World {
    /// Something goes wrong.
    pub fn go_wrong(&mut self, fault: Fault) {
        if !self.rough {
            return;
        }
        match fault {
            Fault::Cut(from, to, long) => {
                self.cut(from, to);
                self.plan(self.now + long, Happening::Undo(Undo::Cut(from, to)));
            }
            Fault::CutBoth(one, other, long) => {
                self.go_wrong(Fault::Cut(one, other, long));
                self.go_wrong(Fault::Cut(other, one, long));
            }
            Fault::Kill(from, to, learns) => {
                let sides: &[usize] = match learns {
                    Learns::Both => &[0, 1],
                    Learns::Dialler => &[0],
                    Learns::Dialled => &[1],
                };
                let held = |side: usize, wire: &Wire| {
                    matches!(wire.sides[side].holder, Holder::Server(..))
                };
                let found = self.wires.iter().rposition(|wire| {
                    wire.ends == Some((from, to)) && held(0, wire) && held(1, wire)
                });
                if let Some(wire) = found {
                    self.note_at(from, "loses a connection that it dialled");
                    self.kill(wire, sides);
                }
            }
            Fault::Crash(place, long) => {
                if let Some(server) = self.places[place].server.take() {
                    self.note_at(place, "crashes, and forgets");
                    self.check_journal(&server);
                    self.exit(*server);
                }
                self.plan(self.now + long, Happening::Start(place));
            }
            Fault::Stop(place, long) => {
                self.stop(place);
                self.plan(self.now + long, Happening::Start(place));
            }
            Fault::Freeze(place, long) => {
                if let Some(server) = self.places[place].server.as_deref_mut() {
                    server.frozen = true;
                    self.note_at(place, "freezes");
                }
                self.plan(self.now + long, Happening::Undo(Undo::Thaw(place)));
            }
            Fault::Block(from, to, long) => {
                *self.blocks.entry((from, to)).or_default() += 1;
                self.plan(self.now + long, Happening::Undo(Undo::Block(from, to)));
            }
            Fault::Disk(place, what, long) => {
                self.note_at(place, &format!("has a disk that {}", words::disk(what)));
                let disk = &mut self.places[place].disk;
                match what {
                    DiskFault::Full => disk.full = true,
                    DiskFault::Broken => disk.broken = true,
                    DiskFault::Hangs => disk.hangs = true,
                }
                self.plan(self.now + long, Happening::Undo(Undo::Disk(place)));
            }
            Fault::KillWithin(place, actions, long) => {
                self.places[place].doomed = Some((actions, long));
            }
            Fault::Relapse(place, left, long) => {
                self.relapse(place, left);
                self.plan(self.now + long, Happening::Start(place));
            }
            Fault::Garble(from, to, what) => {
                self.garble.due.insert((from, to), what);
            }
            Fault::Jump(place, by) => {
                self.note_at(place, "has another time");
                let now = self.now;
                self.places[place].clock.jump(now, by.into());
            }
        }
    }

    /// It is well again, unless everything has been for a while.
    pub fn undo(&mut self, undo: Undo) {
        match undo {
            _ if !self.rough => {}
            Undo::Cut(from, to) => {
                if lift(&mut self.cuts, (from, to)) {
                    self.reopen(from, to);
                }
            }
            Undo::Block(from, to) => {
                if lift(&mut self.blocks, (from, to)) {
                    self.unblock(from, to);
                }
            }
            Undo::Thaw(place) => self.thaw(place),
            Undo::Disk(place) => self.mend_disk(place),
        }
    }

    /// A process is gone, and a part of its journal, too.
    fn relapse(&mut self, place: usize, left: Left) {
        self.note_at(place, &format!("crashes, and {}", words::kept(left)));
        let has_failed = self.places[place].failed.is_some();
        let syncs = self.weather.journal == Some(Fsync::Always);
        let is_safe = left == Left::Safe && syncs && !has_failed;
        if let Some(server) = self.places[place].server.take() {
            self.exit(*server);
        }
        let disk = &mut self.places[place].disk;
        let most = match left {
            Left::Safe => disk.safe,
            Left::Old(percent) => disk.text.len() * percent as usize / 100,
            Left::Nothing => 0,
        };
        let ends = disk.text[..most].iter().rposition(|&byte| byte == b'\n');
        disk.text.truncate(ends.map_or(0, |end| end + 1));
        disk.safe = disk.safe.min(disk.text.len());
        if !is_safe {
            self.lower_floor(place);
        }
    }

    /// A process is asked to end. Its guests do not wait for that.
    pub fn stop(&mut self, place: usize) {
        self.note_at(place, "is asked to end");
        self.unrest += 1;
        for guest in 0..self.guests.len() {
            let here = &mut self.guests[guest];
            if here.visit.place == place && here.state == State::Here {
                here.state = State::Void;
                if let Some(wire) = here.wire {
                    self.reset(End::dialler(wire));
                }
            }
        }
        if let Some(server) = self.places[place].server.as_deref_mut() {
            server.asked_to_end = !server.ending;
            self.turn(place);
        }
    }

    /// Nothing gets from one to the other any more.
    pub fn cut(&mut self, from: usize, to: usize) {
        self.note_at(from, &format!("cannot reach {}", self.places[to].name));
        *self.cuts.entry((from, to)).or_default() += 1;
    }

    /// Everything is well again, and stays so.
    pub fn heal(&mut self) {
        self.note(|| "everything is well again".into());
        self.rough = false;
        for (from, to) in std::mem::take(&mut self.cuts).into_keys() {
            self.reopen(from, to);
        }
        for (from, to) in std::mem::take(&mut self.blocks).into_keys() {
            self.unblock(from, to);
        }
        for place in 0..self.places.len() {
            self.thaw(place);
            self.mend_disk(place);
            self.start(place);
        }
    }

    fn thaw(&mut self, place: usize) {
        if let Some(server) = self.places[place].server.as_deref_mut()
            && std::mem::take(&mut server.frozen)
        {
            self.note_at(place, "thaws");
            self.turn(place);
        }
    }

    fn mend_disk(&mut self, place: usize) {
        let disk = &mut self.places[place].disk;
        (disk.full, disk.broken) = (false, false);
        if std::mem::take(&mut disk.hangs) {
            self.turn(place);
        }
    }

    /// Parcels that were held on a way arrive.
    fn reopen(&mut self, from: usize, to: usize) {
        self.note_at(from, &format!("can reach {} again", self.places[to].name));
        for wire in 0..self.wires.len() {
            for side in 0..2 {
                if self.wires[wire].way(1 - side) == Some((from, to)) {
                    self.release(End { wire, side });
                }
            }
        }
    }

    fn unblock(&mut self, from: usize, to: usize) {
        for wire in 0..self.wires.len() {
            for side in 0..2 {
                if self.wires[wire].way(side) == Some((from, to)) {
                    self.wake_writer(End { wire, side }, 0);
                }
            }
        }
    }
}

/// One trouble less on a way. True: it was the last.
fn lift(
    troubles: &mut std::collections::BTreeMap<(usize, usize), u32>,
    way: (usize, usize),
) -> bool {
    let Some(count) = troubles.get_mut(&way) else {
        return false;
    };
    *count -= 1;
    let last = *count == 0;
    if last {
        troubles.remove(&way);
    }
    last
}
