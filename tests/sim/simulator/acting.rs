//! A server's turn: observe, tick, and what the node wants done; and what must be true after it.
//! Its kernel is the world.

use herd::node::{Config, Event, JournalEvent, JournalTask, Level, LookupError, Query};
use herd::secret::Secret;
use herd::units::{LookupId, MILLISECOND, Mono, Now, PeerId, Wall};

use super::guest::Lookup;
use super::journals::is_sound;
use super::world::{Happening, World};
use crate::support::kernel::{Kernel, address, config, neighbour, numbers};
use crate::support::shell::Shell;
use crate::support::wire::{End, Holder, Network, Wire};

/// One read, in bytes.
const READ_MAX: usize = 16 << 10;
/// JSON of a lookup, with the blank line behind it, in bytes at most.
const JSON_MAX: usize = 200;
/// A line of digests, a MARK and a SINCE, in bytes.
const DIGESTS_LEN: usize = 1_240;
/// The words of a CHANGE before its AT line, in bytes.
const CHANGE_LEN: usize = 40;
/// The least that a turn takes, and what it sometimes takes beyond that, in nanoseconds.
const TURN: [u64; 2] = [1_000, 200_000];

impl World {
    /// A process begins in a place.
    pub fn process(&self, place: usize, life: u32) -> Shell {
        let here = &self.places[place];
        let run = (place as u64 + 1) << 16 | u64::from(life);
        let neighbours = here.neighbours.iter();
        let neighbours = neighbours.map(|&it| neighbour(it, &self.places[it].name, false));
        let has_secret = self.weather.secret;
        let secret = has_secret.then(|| Secret::new(b"a secret of ours"));
        let config = Config {
            seed: run.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ack: self.weather.ack,
            journal: self.weather.journal,
            secret: secret.flatten().map(Into::into),
            level: self.trace.is_some().then_some(Level::Info),
            limits: self.weather.limits.clone(),
            ..config(&here.name, run, neighbours.collect())
        };
        let mut shell = Shell::new(place, life, config);
        if self.weather.journal.is_some() {
            here.disk.replay(&mut shell.node);
        }
        shell
    }

    /// Both clocks of a server.
    pub fn clocks(&self, place: usize) -> Now {
        let here = &self.places[place];
        Now {
            mono: Mono(self.now - here.born),
            wall: Wall(here.clock.wall(self.now)),
        }
    }

    /// A server has a turn, if it can have one.
    pub fn turn(&mut self, place: usize) {
        let here = &mut self.places[place];
        let Some(mut server) = here.server.take_if(|server| !server.frozen) else {
            return;
        };
        if !is_sound(&server.node) {
            here.failed = Some(self.now);
        }
        let now = self.clocks(place);
        self.tell_stale(&mut server, now);
        server.observe(now, self);
        server.act(now, self);
        if server.killed {
            self.note_at(place, "is killed between two writes");
            return self.exit(*server);
        }
        self.check_limits(&server);
        if server.stopped {
            self.note_at(place, "has ended");
            return self.exit(*server);
        }
        let soon = self.random.between(TURN[0], TURN[1]);
        let next = match server.node.poll_timeout() {
            _ if server.is_ready() => Some(soon),
            Some(at) => Some(at.since(now.mono).max(TURN[0])),
            None => None,
        };
        if let Some(wait) = next {
            let at = self.now + wait;
            if at < self.places[place].wake {
                self.places[place].wake = at;
                self.plan(at, Happening::Turn(place, server.life));
            }
        }
        self.places[place].server = Some(server);
    }

    /// Last events of connections that are closed already.
    fn tell_stale(&mut self, server: &mut Shell, now: Now) {
        while let Some(conn) = self.places[server.place].stale.pop_front() {
            let why = "an event after the close".into();
            let event = match self.random.below(3) {
                0 => Event::Ended { conn },
                1 => Event::Broken { conn, why },
                _ => Event::Received {
                    conn,
                    bytes: b"IAMAT stale +0+0 0\nMARK 9 9 0000000000000000\n",
                },
            };
            server.node.handle(now, event);
        }
    }

    /// The process is gone; its kernel closes what it held.
    pub fn exit(&mut self, server: Shell) {
        self.unrest += 1;
        let (place, was_sound) = (server.place, is_sound(&server.node));
        server.exit(self);
        // Updates in a journal are not lost, unless that could not be written.
        if !was_sound {
            self.lower_floor(place);
        }
        self.places[place].disk.abandon();
        self.mark(2, &[place as u8]);
        if !self.rough {
            self.plan(self.now + MILLISECOND, Happening::Start(place));
        }
    }

    /// Every bound, at every step.
    fn check_limits(&mut self, server: &Shell) {
        let (place, born) = (server.place, self.places[server.place].born);
        let limits = &self.weather.limits;
        let line = limits.client_line + 100;
        let mut wrong = None;
        let (mut open, mut waiting) = (0, 0);
        for socket in server.sockets.iter().flatten() {
            let Some(load) = server.node.inspect().conn_stats(socket.conn) else {
                wrong = Some(format!("{:?} is open, but forgotten", socket.conn));
                continue;
            };
            open += 1;
            waiting += load.lookups;
            let (unsent, unread) = match socket.link {
                true if server.node.inspect().is_watcher(socket.conn) => {
                    (limits.watch_outbox + line + CHANGE_LEN, limits.server_line)
                }
                true => (
                    limits.link_outbox.max(limits.outbox_high) + line + DIGESTS_LEN,
                    limits.server_line,
                ),
                false => (
                    limits.outbox_high + line + limits.lookups * JSON_MAX,
                    limits.client_line,
                ),
            };
            let fits = load.unsent + load.held <= unsent
                && load.unread <= unread + READ_MAX
                && load.replies <= limits.replies
                && load.lookups <= limits.lookups;
            if !fits {
                wrong = Some(format!("{:?} has {load:?}", socket.conn));
            }
        }
        let census = server.node.inspect().snapshot();
        if (census.sessions, census.lookups) != (open, waiting) {
            wrong = Some(format!(
                "{open} are open and {waiting} wait, but {census:?}"
            ));
        }
        let overdue = |lookup: &Lookup| {
            let at = (lookup.asked + limits.lookup_wait).max(born);
            lookup.text.is_none() && at < self.now
        };
        let jobs = server
            .jobs
            .iter()
            .filter_map(|job| self.lookups.get(&job.1));
        let deadline = jobs.filter(|lookup| overdue(lookup)).count();
        if let Some(what) = wrong {
            let name = &self.places[place].name;
            self.fail("limits", format!("at {name} {what}"));
        }
        if deadline > 0 {
            self.fail(
                "deadline",
                format!("{deadline} lookups are waited for too long"),
            );
        }
        let due = server.node.poll_timeout();
        let late = due.is_some_and(|at| at < Mono(self.now - born));
        if late {
            self.fail("timers", "a deadline has passed, and is still set".into());
        }
    }
}

impl Kernel for World {
    fn dial(&mut self, shell: &mut Shell, peer: PeerId, attempt: u32) {
        let place = shell.place;
        let other = self.places[place].neighbours[peer.index()];
        if self.is_cut((place, other)) || self.is_cut((other, place)) {
            return; // Nobody answers, ever.
        }
        let ways = [(place, other), (other, place)];
        let [there, back] = ways.map(|way| self.cables[&way].delay);
        let mut at = self.now + there + back;
        let refused = self.rough && self.random.percent(self.weather.refused);
        let end = (!refused).then(|| {
            let holders = [Holder::Kernel(place), Holder::Kernel(other)];
            let from = (address(place), 40_000).into();
            let end = self.connect(Wire::new(holders, from, [there, back]));
            let (answered, made) = self.shake_hands(ways, end.other());
            at = answered;
            self.plan(made, Happening::Knock(end.other()));
            end
        });
        self.plan(
            at,
            Happening::Dialled(place, shell.life, peer, attempt, end),
        );
    }

    fn dies(&mut self, place: usize) -> bool {
        let Some((actions, long)) = self.places[place].doomed.filter(|_| self.rough) else {
            return false;
        };
        self.places[place].doomed = actions.checked_sub(1).map(|left| (left, long));
        if actions == 0 {
            self.plan(self.now + long, Happening::Start(place));
        }
        actions == 0
    }

    fn knock(&mut self, place: usize) -> Option<End> {
        self.places[place].knocks.pop_front()
    }

    fn room(&mut self, end: End) -> usize {
        let wire = &self.wires[end.wire];
        let reader = &wire.sides[1 - end.side];
        // A dead connection takes everything, and drops it.
        if wire.sides[end.side].broken {
            return usize::MAX;
        }
        let window = match (reader.holder, wire.way(end.side)) {
            (Holder::Guest(guest), _) => self.guests[guest].visit.window,
            (Holder::Watcher(watcher), _) => self.watchers[watcher].plan.window,
            (_, Some(way)) if self.blocks.contains_key(&way) => return 0,
            _ => self.weather.window,
        };
        window.saturating_sub(reader.load())
    }

    fn found(&mut self, end: End) -> usize {
        let there = self.side(end).unread().len().min(READ_MAX);
        match self.random.percent(self.weather.split) {
            true => 1 + self.random.below(there.min(40)),
            false => there,
        }
    }

    fn written(&mut self, count: usize) -> usize {
        match count > 0 && self.random.percent(self.weather.partial) {
            true => 1 + self.random.below(count.min(100)),
            false => count,
        }
    }

    fn pool(&self) -> usize {
        self.weather.pool
    }

    /// A worker has its answer in time, late or never.
    fn look_up(&mut self, shell: &Shell, id: LookupId, query: Query, busy: bool) {
        let (radius, bound) = numbers(&query);
        // The guest that asked for it says whose it is; only clients that move are looked up.
        let lookup = Lookup {
            asked: self.now,
            location: (query.latitude, query.longitude),
            known: self.known(shell, (radius, bound)),
            text: None,
        };
        if self.lookups.insert((radius, bound), lookup).is_some() {
            self.fail(
                "lookups",
                format!("{:?} is looked up twice", (radius, bound)),
            );
        }
        if busy {
            return;
        }
        let limit = self.weather.limits.lookup_wait;
        let after = match self.random.below(10) {
            0..5 => self.random.between(0, 20 * MILLISECOND),
            5..7 => self.random.between(0, limit - 1),
            7..9 => limit + self.random.between(0, limit),
            _ => return, // Never.
        };
        let answer = match self.random.percent(80) {
            true => Ok(format!("{{\n\"radius\" : {radius}, \"bound\" : {bound}\n}}").into_bytes()),
            false => Err(LookupError::Failed(format!(
                "no luck with {radius} {bound}"
            ))),
        };
        let what = Happening::Answer(shell.place, shell.life, id, answer);
        self.plan(self.now + after, what);
    }

    fn journal_task(&mut self, shell: &Shell, task: JournalTask) -> Option<JournalEvent> {
        self.do_journal_task(shell, task)
    }

    fn disk_done(&mut self, place: usize) -> Option<JournalEvent> {
        let here = &mut self.places[place];
        here.disk_ready.then(|| here.disk.finish()).flatten()
    }
}
