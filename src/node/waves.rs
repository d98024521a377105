//! `--ack herd`: a client's reply waits until every server that can be reached has its update.
//!
//! An echo wave (Chang, Echo Algorithms, 1982) tells when that is. Who starts one says WAVE on all
//! its links, behind the news; who hears of it first passes it on to all others, behind the news,
//! and says DONE when all of those have. Who hears of it again says DONE at once. A link that is
//! lost counts as answered; if who was behind it can still be reached on another way, the news is
//! on that way, but a reply may come before it. Plain neighbours have no part in it.
//!
//! A wave covers all updates before it, and a server has one of its own at a time, so a busy one
//! needs a wave per round trip.

use std::collections::BTreeMap;

use super::Node;
use super::notes::Level;
use super::peer::Tell;
use super::session::Ending;
use crate::limits::{Limit, Throttle};
use crate::units::{ConnId, Mono, PeerId};
use crate::wire::Run;

/// When the reply to an IAMAT is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// When this server has it.
    #[default]
    Local,
    /// When every server that can be reached has it; plain ones are left out.
    Herd,
}

/// All waves that we take part in.
#[derive(Debug, Default)]
pub struct Waves {
    /// The newest of each server, by its run.
    newest: BTreeMap<u64, Wave>,
    /// The number of our last wave.
    last: u64,
    /// The number of our last wave that came back.
    done: u64,
    /// Replies that were sent before every server had answered.
    late: u64,
    warnings: Throttle,
}

#[derive(Debug)]
struct Wave {
    number: u64,
    since: Mono,
    /// The link that is to be told DONE; none if the wave is ours.
    parent: Option<ConnId>,
    /// A bit for each neighbour that has not said DONE.
    awaited: u64,
    /// Of those: a bit for each that has not been told, for it must be told the news first.
    unsent: u64,
}

impl Waves {
    /// The number of the wave that covers what has been heard so far.
    pub fn next(&self) -> u64 {
        self.last + 1
    }

    /// Waves of ours up to that number have come back.
    pub fn done(&self) -> u64 {
        self.done
    }
}

impl Node {
    /// Starts a wave if replies wait for one and none is under way.
    pub(super) fn start_wave(&mut self) {
        let is_wanted = self.holding.wave() > self.waves.last;
        let is_busy = self.waves.newest.get(&self.run).is_some_and(|wave| {
            // One that nobody answers for so long never will be.
            let age = self.now.mono.since(wave.since);
            wave.awaited != 0 && age < self.limits.dead
        });
        if is_wanted && !is_busy {
            self.waves.last += 1;
            self.spread(Run(self.run), self.waves.last, None);
        }
    }

    /// A neighbour said WAVE.
    pub(super) fn wave(&mut self, conn: ConnId, id: PeerId, run: Run, number: u64) {
        let known = self
            .waves
            .newest
            .get(&run.0)
            .is_some_and(|wave| wave.number >= number);
        if known || run == Run(self.run) {
            return self.tell(conn, Level::Info, format_args!("DONE {run} {number}"));
        }
        self.spread(run, number, Some((conn, id)));
    }

    /// A neighbour said DONE.
    pub(super) fn done(&mut self, id: PeerId, run: Run, number: u64) {
        if let Some(wave) = self.waves.newest.get_mut(&run.0)
            && wave.number == number
            && wave.unsent >> id.index() & 1 == 0
        {
            self.answered(id, run);
        }
    }

    /// Says WAVE wherever all news has been told. Not only what there was when the wave began: a
    /// client of that time that has moved again stands further back in the feed.
    pub(super) fn send_waves(&mut self) {
        let unsent = self
            .waves
            .newest
            .values()
            .fold(0, |all, it| all | it.unsent);
        if unsent == 0 {
            return;
        }
        let ids = (0..self.peers.len() as u8).map(PeerId);
        let due = ids.filter(|id| unsent >> id.index() & 1 == 1 && self.table.feed.is_at_end(*id));
        for id in due.collect::<Vec<_>>() {
            let Tell::Up(conn) = self.peers[id.index()].tell else {
                continue;
            };
            let waves = self.waves.newest.iter_mut();
            let waves = waves.filter(|(_, wave)| wave.unsent >> id.index() & 1 == 1);
            let due = waves.map(|(run, wave)| {
                wave.unsent &= !(1 << id.index());
                (Run(*run), wave.number)
            });
            for (run, number) in due.collect::<Vec<_>>() {
                self.tell(conn, Level::Info, format_args!("WAVE {run} {number}"));
            }
        }
    }

    /// A link is lost: nothing more is awaited there.
    pub(super) fn waves_without(&mut self, id: PeerId) {
        let runs: Vec<Run> = self.waves.newest.keys().map(|run| Run(*run)).collect();
        for run in runs {
            self.answered(id, run);
        }
    }

    /// Replies have waited for too long: they are sent all the same. Their wave goes on: whoever
    /// holds it up would hold up the next one, too, until that link is taken for dead.
    pub(super) fn ack_late(&mut self) {
        self.hits.add(Limit::ack_wait);
        self.waves.late += self.excuse_late();
        let warnings = &mut self.waves.warnings;
        if let Some(before) = warnings.permit(self.now.mono, self.limits.warning_gap) {
            let all = self.waves.late;
            let line = format_args!("replies sent before every server had it: {all}{before}");
            self.notes.note(Level::Warn, line);
        }
        self.release_replies();
    }

    /// Replies that were sent before every server had answered, since the start.
    pub(super) fn acks_late(&self) -> u64 {
        self.waves.late
    }

    /// Passes a wave on to all neighbours but the one that told us.
    fn spread(&mut self, run: Run, number: u64, parent: Option<(ConnId, PeerId)>) {
        if !self.waves.newest.contains_key(&run.0) && self.waves.newest.len() >= self.limits.waves {
            self.hits.add(Limit::waves);
            // Of servers that are long gone, mostly. If not, their replies are late.
            let idle = self.waves.newest.iter().find(|(_, wave)| wave.awaited == 0);
            let Some(idle) = idle.map(|(run, _)| *run) else {
                return;
            };
            self.waves.newest.remove(&idle);
        }
        let ids = (0..self.peers.len() as u8).map(PeerId);
        let awaited = ids
            .filter(|id| match self.peers[id.index()].tell {
                // One that is being ended is not read any more.
                Tell::Up(conn) => self
                    .sessions
                    .get(conn)
                    .is_some_and(|it| it.ending == Ending::None),
                _ => false,
            })
            .filter(|id| parent.is_none_or(|(_, parent)| parent != *id))
            .fold(0, |bits, id| bits | 1 << id.index());
        let parent = parent.map(|(conn, _)| conn);
        let wave = Wave {
            number,
            since: self.now.mono,
            parent,
            awaited,
            unsent: awaited,
        };
        self.waves.newest.insert(run.0, wave);
        self.news = true;
        if awaited == 0 {
            self.complete(run);
        }
    }

    /// Nothing more is awaited of a neighbour.
    fn answered(&mut self, id: PeerId, run: Run) {
        let Some(wave) = self.waves.newest.get_mut(&run.0) else {
            return;
        };
        if wave.awaited >> id.index() & 1 == 0 {
            return;
        }
        wave.awaited &= !(1 << id.index());
        wave.unsent &= !(1 << id.index());
        if wave.awaited == 0 {
            self.complete(run);
        }
    }

    /// All have answered.
    fn complete(&mut self, run: Run) {
        let Some(Wave { number, parent, .. }) = self.waves.newest.get(&run.0) else {
            return;
        };
        let number = *number;
        if let Some(conn) = *parent {
            return self.tell(conn, Level::Info, format_args!("DONE {run} {number}"));
        }
        self.waves.done = number;
        self.release_replies();
    }
}
