//! `--ack herd`: a client's reply waits until every server that can be reached has its update.
//!
//! An echo wave (Chang, Echo Algorithms, 1982) tells when that is. The server that starts one says
//! WAVE on all its links, after the news. A server that hears of it for the first time passes it on
//! to all others, after the news, and says DONE when all of those have; a server that hears of it
//! again says DONE at once. A lost link counts as answered. Servers that can be reached another way
//! still get the update, but the client may be answered first. Plain servers take no
//! part.
//!
//! A wave covers all updates before it, and a server has one of its own at a time, so a busy server
//! needs one wave per round trip.

use std::collections::BTreeMap;

use crate::limits::Limit;
use crate::node::context::Context;
use crate::units::{ConnId, Mono, PeerId};
use crate::wire::Run;

/// All waves that this server takes part in.
#[derive(Debug, Default)]
pub struct Waves {
    /// The newest wave of each server.
    newest: BTreeMap<Run, Wave>,
    /// The number of our last wave.
    last: u64,
    /// The number of our last wave that has returned.
    returned: u64,
    /// Waves of others that are complete: DONE must be said on these connections.
    done: Vec<(ConnId, Run, u64)>,
}

#[derive(Debug)]
struct Wave {
    number: u64,
    since: Mono,
    /// The link that must be told DONE; none if the wave is ours.
    parent: Option<ConnId>,
    /// A bit for each neighbour that has not said DONE.
    awaited: u64,
    /// Among those, a bit for each neighbour that has not been told WAVE: it must be told the news
    /// first.
    unsent: u64,
}

impl Waves {
    /// The number of the wave that will cover what has been heard so far.
    pub fn next(&self) -> u64 {
        self.last + 1
    }

    /// Waves of ours up to this number have returned.
    pub fn returned(&self) -> u64 {
        self.returned
    }

    /// Starts a wave if a reply waits for one (`wanted`) and none is under way. `up` has a bit for
    /// each neighbour that is told every change.
    pub fn start(&mut self, wanted: u64, up: u64, cx: &mut Context) {
        let is_busy = self.newest.get(&cx.me.run).is_some_and(|wave| {
            // A wave that nobody has answered for this long never returns.
            wave.awaited != 0 && cx.now.mono.since(wave.since) < cx.limits.dead
        });
        if wanted > self.last && !is_busy {
            self.last += 1;
            if self.spread(cx.me.run, self.last, None, up, cx) {
                self.returned = self.last;
            }
        }
    }

    /// A neighbour said WAVE on the link `parent`. True: DONE is due at once.
    pub fn on_wave(
        &mut self,
        run: Run,
        number: u64,
        (parent, teller): (ConnId, PeerId),
        up: u64,
        cx: &mut Context,
    ) -> bool {
        let newest = self.newest.get(&run);
        let is_known = newest.is_some_and(|wave| wave.number >= number);
        if is_known || run == cx.me.run {
            return true;
        }
        let others = up & !(1 << teller.index());
        self.spread(run, number, Some(parent), others, cx)
    }

    /// A neighbour said DONE.
    pub fn on_done(&mut self, peer: PeerId, run: Run, number: u64, cx: &mut Context) {
        let bit = 1 << peer.index();
        if let Some(wave) = self.newest.get_mut(&run)
            && wave.number == number
            && wave.unsent & bit == 0
            && wave.answered(bit)
        {
            self.complete(run, cx);
        }
    }

    /// Nothing is awaited any more from the neighbours `lost`, of which each has a bit.
    pub fn forget_lost(&mut self, lost: u64, cx: &mut Context) {
        let waves = self.newest.iter_mut();
        let complete = waves.filter_map(|(run, wave)| wave.answered(lost).then_some(*run));
        for run in complete.collect::<Vec<_>>() {
            self.complete(run, cx);
        }
    }

    /// A bit for each neighbour that must be told WAVE once it has been told all news.
    pub fn unsent(&self) -> u64 {
        self.newest.values().fold(0, |all, wave| all | wave.unsent)
    }

    /// The waves that a neighbour is now told.
    pub fn take_unsent(&mut self, peer: PeerId) -> Vec<(Run, u64)> {
        let bit = 1 << peer.index();
        let waves = self.newest.iter_mut();
        let waves = waves.filter(|(_, wave)| wave.unsent & bit != 0);
        let told = waves.map(|(run, wave)| {
            wave.unsent &= !bit;
            (*run, wave.number)
        });
        told.collect()
    }

    /// A connection on which DONE is now said, and the wave.
    pub fn take_done(&mut self) -> Option<(ConnId, Run, u64)> {
        self.done.pop()
    }

    /// Passes a wave on to the neighbours `awaited`. True: there is none, so it is complete.
    fn spread(
        &mut self,
        run: Run,
        number: u64,
        parent: Option<ConnId>,
        awaited: u64,
        cx: &mut Context,
    ) -> bool {
        if !self.newest.contains_key(&run) && self.newest.len() >= cx.limits.waves {
            cx.hit(Limit::waves);
            // Most are of servers that are long gone. If none is complete, replies are late.
            let mut waves = self.newest.iter();
            let Some((&idle, _)) = waves.find(|(_, wave)| wave.awaited == 0) else {
                return false;
            };
            self.newest.remove(&idle);
        }
        let wave = Wave {
            number,
            since: cx.now.mono,
            parent,
            awaited,
            unsent: awaited,
        };
        self.newest.insert(run, wave);
        cx.effects.news = true;
        awaited == 0
    }

    /// All have answered: our own wave has returned, and the parent of another's is told.
    fn complete(&mut self, run: Run, cx: &mut Context) {
        let wave = &self.newest[&run];
        match wave.parent {
            Some(conn) => self.done.push((conn, run, wave.number)),
            None => self.returned = wave.number,
        }
        cx.effects.news = true;
    }
}

impl Wave {
    /// Nothing is awaited from these neighbours any more. True: they were the last.
    fn answered(&mut self, neighbours: u64) -> bool {
        let was_awaited = self.awaited & neighbours != 0;
        self.awaited &= !neighbours;
        self.unsent &= !neighbours;
        was_awaited && self.awaited == 0
    }
}
