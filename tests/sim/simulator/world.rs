//! The world: places with their servers, the wires between them, one queue of what is to come, and
//! virtual time. Things that are due at the same time happen in the order of their planning.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use herd::units::{ConnId, LookupId, PeerId};

use super::clock::Clock;
use super::entry::Entry;
use super::faults::Undo;
use super::garble::Garble;
use super::guest::{Guest, Lookup, Value};
use super::plan::{Plan, Weather};
use super::random::Random;
use super::trace::Trace;
use super::troubles::Fault;
use super::visit::Visit;
use super::watcher::Watcher;
use super::watching::Deed;
use super::{Failure, cable::Cable};
use crate::support::disk::Disk;
use crate::support::kernel::{Answer, Numbers};
use crate::support::shell::Shell;
use crate::support::wire::{End, Network, Parcel, Wire};

/// Things that happen in one run at most. More is a storm: somebody never stops answering.
const HAPPENINGS_MAX: u64 = 400_000;

/// All there is.
#[derive(Debug)]
pub struct World {
    /// Nanoseconds since it began.
    pub now: u64,
    /// Small luck: how much a read finds, how long a way takes.
    pub random: Random,
    /// Rules for the whole run.
    pub weather: Weather,
    /// Servers' places, running or not.
    pub places: Vec<Place>,
    /// All connections there ever were.
    pub wires: Vec<Wire>,
    /// Visiting clients.
    pub guests: Vec<Guest>,
    /// Watchers, who hear of each change.
    pub watchers: Vec<Watcher>,
    /// Every lookup of a guest's.
    pub lookups: BTreeMap<Numbers, Lookup>,
    /// The cable from the first server to the second.
    pub cables: BTreeMap<(usize, usize), Cable>,
    /// Nothing gets from the first to the second, for this many reasons.
    pub cuts: BTreeMap<(usize, usize), u32>,
    /// Bytes from the first to the second are not taken, for this many reasons.
    pub blocks: BTreeMap<(usize, usize), u32>,
    /// Lines that do not arrive as they were sent.
    pub garble: Garble,
    /// AT lines that the second read from the first.
    pub carried: BTreeMap<(usize, usize), usize>,
    /// All other lines, in the same way.
    pub spoken: BTreeMap<(usize, usize), usize>,
    /// The newest that some server held of each client, and that must not be lost.
    pub floor: BTreeMap<String, Value>,
    /// How often something happened that may have cut a link.
    pub unrest: u64,
    /// Everything that clients ever said.
    pub said: BTreeSet<(String, Value)>,
    /// Things still go wrong.
    pub rough: bool,
    /// A server that ends is not started again.
    pub over: bool,
    /// The teller, if anybody listens.
    pub trace: Option<Trace>,
    pub failure: Option<Failure>,
    /// Everything that happened, as one number.
    pub fingerprint: u64,
    /// How many things happened, and how many may.
    pub happenings: u64,
    pub happenings_max: u64,
    queue: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

/// Where a server lives.
#[derive(Debug)]
pub struct Place {
    pub name: String,
    pub neighbours: Vec<usize>,
    pub clock: Clock,
    /// How often it was started.
    pub lives: u32,
    pub disk: Disk,
    /// The disk has had its time for the worker's task.
    pub disk_ready: bool,
    /// Ends that came in and are not accepted yet.
    pub knocks: VecDeque<End>,
    /// Connections that are closed already, and have one more event each.
    pub stale: VecDeque<ConnId>,
    /// When its process was born: its monotonic clock was 0 then.
    pub born: u64,
    /// When its journal was last seen not to keep everything.
    pub failed: Option<u64>,
    /// It is killed in its next turn, after this many actions; another starts after this long.
    pub doomed: Option<(u32, u64)>,
    /// When its next turn is.
    pub wake: u64,
    pub server: Option<Box<Shell>>,
}

/// An event to come.
#[derive(Debug)]
pub enum Happening {
    /// A server begins, if none runs there.
    Start(usize),
    /// A life of a server has a turn.
    Turn(usize, u32),
    /// A parcel reaches an end.
    Arrive(End, Parcel),
    /// A dial reaches the door; the end that is dialled.
    Knock(End),
    /// A dial of a life of a server is decided: the neighbour, the attempt, the dialler's end.
    Dialled(usize, u32, PeerId, u32, Option<End>),
    /// A connection of a life of a server may be written to again.
    Writable(usize, u32, ConnId),
    /// An event of a closed connection.
    Stale(usize, u32, ConnId),
    /// A worker of a life of a server has an answer.
    Answer(usize, u32, LookupId, Answer),
    /// The worker of a life of a server is done with the disk.
    DiskReady(usize, u32),
    /// A guest does its next step.
    Step(usize),
    /// A guest reads.
    Read(usize),
    /// A watcher does something.
    Watch(usize, Deed),
    /// Something goes wrong.
    Fault(Fault),
    /// It is well again.
    Undo(Undo),
}

impl World {
    /// A world in which nothing has begun. Everything in the plan is due.
    pub fn new(plan: &Plan, seed: u64, trace: Option<Trace>) -> World {
        let mut random = Random::new(!seed);
        let weather = plan.weather.clone();
        let mut cables = BTreeMap::new();
        for &(one, other) in &plan.links {
            for way in [(one, other), (other, one)] {
                let delay = match weather.same_delay {
                    true => weather.delay_max,
                    false => random.between(weather.delay_max / 20, weather.delay_max),
                };
                cables.insert(way, Cable::new(delay));
            }
        }
        let places = plan.names.iter().zip(plan.neighbours());
        let places = places.map(|(name, neighbours)| Place {
            name: name.clone(),
            neighbours,
            clock: Clock::new(
                i128::from(random.between(0, 2 * weather.skew)) - i128::from(weather.skew),
            ),
            lives: 0,
            disk: Disk::default(),
            disk_ready: false,
            knocks: VecDeque::new(),
            stale: VecDeque::new(),
            born: 0,
            failed: None,
            doomed: None,
            wake: u64::MAX,
            server: None,
        });
        let mut world = World {
            now: 0,
            places: places.collect(),
            weather,
            wires: Vec::new(),
            guests: Vec::new(),
            watchers: plan.watchers.iter().cloned().map(Watcher::new).collect(),
            lookups: BTreeMap::new(),
            cables,
            cuts: BTreeMap::new(),
            blocks: BTreeMap::new(),
            garble: Garble::default(),
            carried: BTreeMap::new(),
            spoken: BTreeMap::new(),
            floor: BTreeMap::new(),
            unrest: 0,
            said: BTreeSet::new(),
            rough: true,
            over: false,
            trace,
            failure: None,
            fingerprint: seed,
            happenings: 0,
            happenings_max: HAPPENINGS_MAX,
            queue: BinaryHeap::new(),
            planned: 0,
            random,
        };
        for place in 0..world.places.len() {
            let at = match plan.weather.same_delay {
                true => 0,
                false => world.random.between(0, 300_000_000),
            };
            world.plan(at, Happening::Start(place));
        }
        for visit in &plan.visits {
            world.invite(visit.clone());
        }
        for (number, watching) in plan.watchers.iter().enumerate() {
            world.plan(watching.at, Happening::Watch(number, Deed::Come));
        }
        for (at, fault) in &plan.faults {
            world.plan(*at, Happening::Fault(*fault));
        }
        world
    }

    /// Somebody will visit.
    pub fn invite(&mut self, visit: Visit) -> usize {
        let number = self.guests.len();
        self.plan(visit.at, Happening::Step(number));
        self.guests.push(Guest::new(visit));
        number
    }

    /// Something is to happen.
    pub fn plan(&mut self, at: u64, what: Happening) {
        self.planned += 1;
        let number = self.planned;
        self.queue.push(Reverse(Entry { at, number, what }));
    }

    /// Lets everything happen that is due until then; false if something is wrong.
    pub fn run_until(&mut self, until: u64) -> bool {
        while self
            .queue
            .peek()
            .is_some_and(|Reverse(next)| next.at <= until)
        {
            let Some(Reverse(Entry { at, what, .. })) = self.queue.pop() else {
                break;
            };
            self.now = at;
            self.happen(what);
            self.happenings += 1;
            if self.happenings > self.happenings_max {
                self.fail("storm", format!("{} things happened", self.happenings));
            }
            if self.failure.is_some() {
                return false;
            }
        }
        self.now = until;
        true
    }

    /// When the next thing happens; none if nothing ever will.
    pub fn next(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse(entry)| entry.at)
    }

    /// Something is wrong. The first thing is kept.
    pub fn fail(&mut self, check: &'static str, what: String) {
        self.note(|| format!("FAILED {check}: {what}"));
        if self.failure.is_none() {
            self.failure = Some(Failure { check, what });
        }
    }

    /// Adds to the fingerprint.
    pub fn mark(&mut self, what: u64, bytes: &[u8]) {
        let mut state = self.fingerprint ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.now;
        for word in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..word.len()].copy_from_slice(word);
            state = (state ^ u64::from_le_bytes(eight)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            state ^= state >> 32;
        }
        self.fingerprint = (state ^ bytes.len() as u64).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    }

    /// Tells it, if anybody listens.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.note(self.now, &what());
        }
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Start(place) => self.start(place),
            Happening::Turn(place, life) => {
                // Another turn may have been planned instead.
                if self.places[place].wake == self.now && self.server(place, life).is_some() {
                    self.places[place].wake = u64::MAX;
                    self.turn(place);
                }
            }
            Happening::Arrive(end, parcel) => self.arrive(end, parcel),
            Happening::Knock(end) => self.knock_at(end),
            Happening::Dialled(place, life, peer, attempt, end) => {
                // It may have come to nothing, or be nobody's any more.
                let end = end.filter(|&end| !self.side(end).broken);
                match (self.server(place, life), end) {
                    (Some(server), end) => {
                        server.outcomes.push_back((peer, attempt, end));
                        self.turn(place);
                    }
                    (None, Some(end)) => self.close(end),
                    (None, None) => {}
                }
            }
            Happening::Writable(place, life, conn) => {
                if let Some(server) = self.server(place, life) {
                    server.list(conn);
                    self.turn(place);
                }
            }
            Happening::Stale(place, life, conn) => {
                if self.server(place, life).is_some() {
                    self.places[place].stale.push_back(conn);
                    self.turn(place);
                }
            }
            Happening::Answer(place, life, id, answer) => {
                if let Some(server) = self.server(place, life) {
                    server.answers.push_back((id, answer));
                    self.turn(place);
                }
            }
            Happening::DiskReady(place, life) => {
                if self.server(place, life).is_some() {
                    self.places[place].disk_ready = true;
                    self.turn(place);
                }
            }
            Happening::Step(guest) => self.step(guest),
            Happening::Read(guest) => self.guest_reads(guest),
            Happening::Watch(watcher, deed) => self.watch(watcher, deed),
            Happening::Fault(fault) => self.go_wrong(fault),
            Happening::Undo(undo) => self.undo(undo),
        }
    }

    /// That life of a server, if it still runs.
    pub fn server(&mut self, place: usize, life: u32) -> Option<&mut Shell> {
        let server = self.places[place].server.as_deref_mut();
        server.filter(|server| server.life == life)
    }

    /// All servers that run, with their places.
    pub fn servers(&self) -> impl Iterator<Item = (usize, &Shell)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(place, here)| Some((place, here.server.as_deref()?)))
    }

    /// A server begins, and knows what its journal holds; if none runs there.
    pub fn start(&mut self, place: usize) {
        if self.over || self.places[place].server.is_some() {
            return;
        }
        let here = &mut self.places[place];
        here.lives += 1;
        (here.born, here.failed, here.wake) = (self.now, None, u64::MAX);
        here.stale.clear();
        let life = here.lives;
        let server = self.process(place, life);
        self.places[place].server = Some(Box::new(server));
        self.mark(1, &[place as u8, life as u8]);
        self.note_at(place, "starts");
        self.turn(place);
    }

    /// Tells what happens to a server, if anybody listens.
    pub fn note_at(&mut self, place: usize, what: &str) {
        if let Some(trace) = &mut self.trace {
            let name = &self.places[place].name;
            trace.at(self.now, place, &format!("{name} {what}"));
        }
    }
}
