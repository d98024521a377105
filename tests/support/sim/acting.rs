//! A server's turn: observe, tick, and what the node wants done; and what must be true after it.

use std::collections::BTreeSet;

use herd::node::{Action, Event, LookupError, Query};
use herd::units::{ConnId, LookupId, MILLISECOND, Mono};

use super::guest::{Lookup, no_answer};
use super::journals::is_sound;
use super::server::{READ_MAX, Server};
use super::visit::Numbers;
use super::world::{Happening, World};

/// Actions of one turn at most. More is a storm.
const ACTIONS_MAX: usize = 100_000;
/// JSON of a lookup, with the blank line behind it, in bytes at most.
const JSON_MAX: usize = 200;
/// A turn takes so long at least, and sometimes so much longer, in nanoseconds.
const TURN: [u64; 2] = [1_000, 200_000];

impl World {
    /// A server has a turn, if it can have one.
    pub fn turn(&mut self, place: usize) {
        let Some(mut server) = self.places[place].server.take() else {
            return;
        };
        if server.frozen {
            self.places[place].server = Some(server);
            return;
        }
        if !is_sound(&server.node) {
            server.failed = Some(self.now);
        }
        server.observe(self, place);
        self.act(&mut server, place);
        self.check_limits(&server, place);
        if server.stopped {
            self.note_at(place, "has ended");
            return self.exit(place, *server);
        }
        let now = server.now(self, place).mono;
        let soon = self.random.between(TURN[0], TURN[1]);
        let next = match server.node.poll_timeout() {
            _ if !server.ready.is_empty() => Some(soon),
            Some(at) => Some(at.since(now).max(TURN[0])),
            None => None,
        };
        if let Some(wait) = next {
            let at = self.now + wait;
            if at < server.wake {
                server.wake = at;
                self.plan(at, Happening::Turn(place, server.life));
            }
        }
        self.places[place].server = Some(server);
    }

    /// The process is gone; its kernel closes what it held.
    pub fn exit(&mut self, place: usize, server: Server) {
        for socket in server.sockets.into_iter().flatten() {
            self.desert(socket.wire, 1 - socket.side);
            self.close(socket.wire, socket.side);
        }
        for wire in server.knocks {
            self.desert(wire, 0);
            self.close(wire, 1);
        }
        for (_, _, wire) in server.outcomes {
            if let Some(wire) = wire {
                self.close(wire, 0);
            }
        }
        // What stands in a journal is not lost, unless that could not be written.
        if !is_sound(&server.node) {
            self.lower_floor(place);
        }
        self.places[place].disk.abandon();
        self.mark(2, &[place as u8]);
        if !self.rough {
            self.plan(self.now + MILLISECOND, Happening::Start(place));
        }
    }

    fn act(&mut self, server: &mut Server, place: usize) {
        let now = server.now(self, place);
        let mut clients_began = false;
        let mut written: BTreeSet<ConnId> = BTreeSet::new();
        for _ in 0..ACTIONS_MAX {
            let Some(action) = server.node.poll_action() else {
                return;
            };
            match action {
                Action::Dial(peer) => self.dial(server, place, peer),
                Action::Flush(conn) => {
                    let link = server.socket(conn).is_some_and(|socket| socket.link);
                    if link && clients_began {
                        self.fail("links first", "news was sent behind a reply".into());
                    }
                    clients_began |= !link;
                    if written.insert(conn) {
                        server.write(self, place, now, conn);
                    }
                }
                Action::Pause(conn) => self.pause(server, conn, true),
                Action::Resume(conn) => self.pause(server, conn, false),
                Action::Finish(conn) => {
                    if let Some(socket) = server.socket(conn) {
                        let (wire, side) = (socket.wire, socket.side);
                        self.finish(wire, side);
                    }
                }
                Action::Close(conn) => {
                    if let Some(socket) = server.remove(conn) {
                        self.close(socket.wire, socket.side);
                        for _ in 0..self.weather.stale {
                            let at = self.now + self.random.between(0, 1000) * MILLISECOND;
                            self.plan(at, Happening::Stale(place, server.life, conn));
                        }
                    }
                }
                Action::LookUp(id, query) => self.look_up(server, place, id, query),
                Action::Forget(id) => self.forget(server, id),
                Action::Journal(task) => self.journal_task(server, place, task),
                Action::Stop => {
                    server.stopped = true;
                    return;
                }
            }
        }
        self.fail("storm", format!("{ACTIONS_MAX} actions in one turn"));
    }

    fn pause(&mut self, server: &mut Server, conn: ConnId, paused: bool) {
        let Some(socket) = server.socket(conn) else {
            return;
        };
        if std::mem::replace(&mut socket.paused, paused) == paused {
            self.fail("pause", format!("{conn:?} is told twice: paused {paused}"));
        }
        if !paused {
            server.list(conn);
        }
    }

    /// A worker takes a lookup, and has its answer in time, late or never; or none is free.
    fn look_up(&mut self, server: &mut Server, place: usize, id: LookupId, query: Query) {
        let numbers: Numbers = (query.radius_m / 1000, query.bound);
        // Whose it is says the guest that asked for it; only clients that move are looked up.
        let known = self.known(server, numbers);
        let lookup = Lookup {
            asked: self.now,
            location: (query.latitude, query.longitude),
            known,
            text: None,
        };
        if self.lookups.insert(numbers, lookup).is_some() {
            self.fail("lookups", format!("{numbers:?} is looked up twice"));
        }
        if server.jobs.len() >= self.weather.pool {
            let answer = Err(LookupError::Busy);
            self.answered(numbers, &answer);
            let now = server.now(self, place);
            return server.node.handle(now, Event::LookedUp { id, answer });
        }
        server.jobs.push((id, numbers));
        let limit = self.weather.limits.lookup;
        let after = match self.random.below(10) {
            0..5 => self.random.between(0, 20 * MILLISECOND),
            5..7 => self.random.between(0, limit - 1),
            7..9 => limit + self.random.between(0, limit),
            _ => return, // Never.
        };
        let (radius, bound) = numbers;
        let answer = match self.random.percent(80) {
            true => Ok(format!("{{\n\"radius\" : {radius}, \"bound\" : {bound}\n}}").into_bytes()),
            false => Err(LookupError::Failed(format!(
                "no luck with {radius} {bound}"
            ))),
        };
        let what = Happening::Answer(place, server.life, id, numbers, answer);
        self.plan(self.now + after, what);
    }

    /// The server has been told what came of a lookup. What comes after it gave up is nothing.
    pub fn answered(&mut self, numbers: Numbers, answer: &Result<Vec<u8>, LookupError>) {
        let text = match answer {
            Ok(json) => [&json[..], b"\n\n"].concat(),
            Err(LookupError::Busy) => no_answer("too many lookups at once; ask again later"),
            Err(LookupError::Failed(why)) => no_answer(why),
            Err(LookupError::Late) => return,
        };
        if let Some(lookup) = self.lookups.get_mut(&numbers) {
            lookup.text.get_or_insert(text);
        }
    }

    /// The server gave up a lookup. A worker that is at it goes on.
    fn forget(&mut self, server: &mut Server, id: LookupId) {
        let Some(job) = server.jobs.iter().position(|job| job.0 == id) else {
            return;
        };
        let (_, numbers) = server.jobs[job];
        if self.random.percent(50) {
            server.jobs.remove(job);
        }
        if let Some(lookup) = self.lookups.get_mut(&numbers) {
            let late = no_answer("the place service did not answer in time");
            lookup.text.get_or_insert(late);
        }
    }

    /// Every bound, at every step.
    fn check_limits(&mut self, server: &Server, place: usize) {
        let limits = &self.weather.limits;
        let line = limits.client_line + 100;
        let mut wrong = None;
        let (mut open, mut waiting) = (0, 0);
        for socket in server.sockets.iter().flatten() {
            let Some(load) = server.node.conn_stats(socket.conn) else {
                wrong = Some(format!("{:?} is open, but forgotten", socket.conn));
                continue;
            };
            open += 1;
            waiting += load.lookups;
            let (unsent, unread) = match socket.link {
                true => (
                    limits.link_outbox.max(limits.outbox_high) + line + 600,
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
        let census = server.node.snapshot();
        if (census.sessions, census.lookups) != (open, waiting) {
            wrong = Some(format!(
                "{open} are open and {waiting} wait, but {census:?}"
            ));
        }
        let overdue = |lookup: &Lookup| {
            let at = (lookup.asked + limits.lookup).max(server.born);
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
        let late = due.is_some_and(|at| at < Mono(self.now - server.born));
        if late {
            self.fail("timers", "a deadline has passed, and is still set".into());
        }
    }
}
