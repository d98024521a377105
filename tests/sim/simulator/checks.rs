//! A run, from the first start to the last end, and everything that must be true when all is well
//! again: the herd agrees, nothing that a living server held is lost, nobody leaks, nobody speaks
//! without need.

use std::collections::BTreeSet;

use herd::node::{Ack, Fsync};
use herd::units::{MILLISECOND, SECOND};

use super::Failure;
use super::clock::BASE;
use super::guest::{State, value};
use super::journals::DISK_MAX;
use super::plan::Plan;
use super::trace::Trace;
use super::visit::{Line, Visit};
use super::world::World;

/// The herd agrees this long after everything is well again, in nanoseconds, or never does: a dead
/// neighbour is noticed, dialled and greeted, and slow links carry what was missed.
const SETTLE: u64 = 40 * SECOND;
/// Steps in which the herd is watched.
const STEP: u64 = 250 * MILLISECOND;

/// Runs a seed. Its fingerprint: two runs with the same one were the same.
pub fn run(seed: u64, trace: Option<Trace>) -> Result<u64, Failure> {
    let plan = Plan::of(seed);
    let mut world = World::new(&plan, seed, trace);
    match world.live(&plan) {
        Some(()) => Ok(world.fingerprint),
        None => Err(world
            .failure
            .take()
            .expect("a run that ends early has failed")),
    }
}

impl World {
    fn live(&mut self, plan: &Plan) -> Option<()> {
        self.after(plan.heal)?;
        self.heal();
        self.dismiss_idle_watchers();
        self.settle("everything healed")?;
        self.check_watchers()?;
        self.check_tables()?;
        self.check_quiet(plan)?;
        self.check_clocks()?;
        self.check_update(plan)?;
        if plan.part {
            self.check_part(plan)?;
        }
        self.check_census()?;
        self.check_repairs()?;
        // A disk that broke is tried once a second, and takes its time.
        self.after(4 * SECOND)?;
        self.check_journals()?;
        self.check_end()
    }

    /// Lets time pass.
    pub fn after(&mut self, nanoseconds: u64) -> Option<()> {
        self.run_until(self.now + nanoseconds).then_some(())
    }

    pub fn demand(
        &mut self,
        check: &'static str,
        right: bool,
        what: impl FnOnce() -> String,
    ) -> Option<()> {
        if !right {
            self.fail(check, what());
        }
        self.failure.is_none().then_some(())
    }

    /// Waits until all links are up, all tables equal and all guests served.
    pub fn settle(&mut self, since: &str) -> Option<()> {
        let until = self.now + SETTLE;
        while !(self.is_linked() && self.is_equal() && self.is_served()) {
            self.after(STEP)?;
            if self.now > until {
                let seconds = SETTLE / SECOND;
                let state = (self.is_linked(), self.is_equal(), self.is_served());
                let what = format!("{seconds} s after {since}: linked, equal, served: {state:?}");
                let check = match state {
                    (false, _, _) => "links",
                    (_, false, _) => "tables",
                    _ => "answers",
                };
                self.fail(check, what);
                return None;
            }
        }
        Some(())
    }

    /// Every link is up, both ways, and nothing else is connected to anybody's servers' door.
    pub fn is_linked(&self) -> bool {
        let links = |place: usize| self.places[place].neighbours.len();
        let up = self.servers().filter(|(place, server)| {
            let census = server.node.inspect().snapshot();
            let sockets = server.sockets.iter().flatten();
            let open = sockets
                .filter(|it| it.link && !self.is_watched(it.end.wire))
                .count();
            !server.ending && open == 2 * links(*place) && census.timers >= 3 * links(*place)
        });
        up.count() == self.places.len()
    }

    /// All tables are equal, as far as digests can tell.
    pub fn is_equal(&self) -> bool {
        let mut all = self.servers().map(|(_, server)| {
            let table = server.node.inspect().table();
            (table.count, table.digest)
        });
        let first = all.next();
        all.all(|other| Some(other) == first)
    }

    /// Nobody waits for an answer, and no server holds a guest's connection any more: one who left
    /// rudely may have said more than is obeyed yet.
    fn is_served(&self) -> bool {
        let waits = |state| matches!(state, State::Away | State::Here);
        let sockets = self.servers().flat_map(|it| it.1.sockets.iter().flatten());
        let sessions = sockets.filter(|it| !self.is_watched(it.end.wire)).count();
        let links: usize = self.places.iter().map(|place| place.neighbours.len()).sum();
        sessions == 2 * links && !self.guests.iter().any(|guest| waits(guest.state))
    }

    /// Equal digests are equal tables, and they hold what was never lost.
    fn check_tables(&mut self) -> Option<()> {
        let lines = |world: &World, place: usize| -> Vec<Vec<u8>> {
            let server = world.places[place].server.as_deref();
            let lines = server
                .map(|server| server.node.inspect().lines())
                .unwrap_or_default();
            lines.into_iter().map(<[u8]>::to_vec).collect()
        };
        let first = lines(self, 0);
        for place in 1..self.places.len() {
            let other = lines(self, place);
            self.demand("digests", first == other, || {
                format!("equal digests, but {first:?} and {other:?}")
            })?;
        }
        let mut found: Vec<_> = first.iter().filter_map(|line| value(line)).collect();
        found.sort();
        found.dedup_by(|one, other| one.0 == other.0);
        self.demand("tables", found.len() == first.len(), || {
            format!("{first:?}")
        })?;
        for line in &first {
            let invented = self.invented(line);
            self.demand("invented", !invented, || line.escape_ascii().to_string())?;
        }
        for (client, floor) in self.floor.clone() {
            let last = found.iter().find(|(name, _)| *name == client);
            let kept = last.is_some_and(|(_, last)| *last >= floor);
            self.demand("lost", kept, || {
                format!("{client}: {last:?} instead of {floor:?}")
            })?;
        }
        Some(())
    }

    /// Nobody says more than its heartbeats while nothing happens.
    fn check_quiet(&mut self, plan: &Plan) -> Option<()> {
        // Lines were under way when the tables became equal: some stood in a wire that was blocked;
        // and a wave goes to the end and back, and a second one may have waited for it. A neighbour
        // may still be asked for digests, a few groups at a time, and told a line after that.
        let limits = &plan.weather.limits;
        let records = self.servers().next();
        let records = records.map_or(0, |(_, it)| it.node.inspect().table().count);
        let asked = match records > limits.compare_floor {
            true => 1 + records.min(64).div_ceil(limits.compare_ahead.into()),
            false => 0,
        };
        let ways = match plan.weather.ack {
            Ack::Local => 2 + 2 * asked,
            Ack::Herd | Ack::HerdOrError => 4 * self.places.len() as u64 + 2 * asked,
        };
        // A comparison goes on until the answer to a MARK shows that the tables are equal.
        let (beat, ways) = match plan.weather.limits.compare_floor {
            1024.. => (0, ways),
            _ => (SECOND, ways + 2),
        };
        self.after(SECOND / 4 + beat + ways * plan.weather.delay_max)?;
        self.carried.clear();
        self.spoken.clear();
        self.after(SECOND)?;
        let at = self.carried.clone();
        self.demand("quiet", at.is_empty(), || format!("AT lines: {at:?}"))?;
        // A beat each second, and its answer to the other's; a late one may come with the next.
        let most = self.spoken.values().max().copied().unwrap_or(0);
        self.demand("quiet", most <= 6, || format!("{most} lines in a second"))
    }

    /// One update crosses the quiet herd in at most 2m − n + 1 AT lines.
    fn check_update(&mut self, plan: &Plan) -> Option<()> {
        self.carried.clear();
        let place = self.random.below(self.places.len());
        self.moves(place, 0..1, 1);
        self.after(STEP)?;
        self.settle("an update")?;
        self.after(2 * plan.weather.delay_max)?;
        let lines: usize = self.carried.values().sum();
        let most = 2 * plan.links.len() + 1 - plan.names.len();
        self.demand("cost", lines <= most, || {
            format!("{lines} AT lines, not {most}")
        })?;
        self.check_tables()
    }

    /// Clients move, `times` times each, at a server that runs: later than all before.
    pub fn moves(&mut self, place: usize, clients: std::ops::Range<usize>, times: usize) {
        let mut lines = Vec::new();
        for time in 0..times {
            for client in clients.clone() {
                // An hour's jump of a clock has nothing to do with the client's.
                let at = BASE / 1_000_000_000 + 3600 + i128::from(self.now / SECOND);
                let text = format!("{at}.{time:09}");
                let value = at * 1_000_000_000 + time as i128;
                lines.push(Line::iamat(format!("m{client}"), "+1-1", text, value));
            }
        }
        let visit = Visit::new(place, self.now, lines);
        self.invite(visit);
    }

    /// The herd is cut in two for long enough that both halves know; clients move meanwhile. Each
    /// link that is whole again carries the clients that moved, not their moves.
    fn check_part(&mut self, plan: &Plan) -> Option<()> {
        let half: BTreeSet<usize> = {
            let size = self.places.len();
            let first = self.random.below(size);
            let count = 1 + self.random.below(size - 1);
            (0..count).map(|it| (first + it) % size).collect()
        };
        let crosses = |(one, other): &(usize, usize)| half.contains(one) != half.contains(other);
        let crossing: Vec<(usize, usize)> = plan.links.iter().copied().filter(crosses).collect();
        // A link goes on from its last MARK: let there be one behind the last update.
        self.after(SECOND + 2 * plan.weather.delay_max + STEP)?;
        for &(one, other) in &crossing {
            self.cut(one, other);
            self.cut(other, one);
        }
        self.after(plan.weather.limits.patience + 2 * SECOND)?;
        let here = half.first().copied().unwrap_or(0);
        let there = (0..self.places.len())
            .find(|place| !half.contains(place))
            .unwrap_or(0);
        let moved = [1 + self.random.below(4), self.random.below(4)];
        self.moves(here, 0..moved[0], 10);
        self.moves(there, 10..10 + moved[1], 10);
        // Each half has time to tell itself, however long it is, and its client to say it all: with
        // one slot for replies, it waits for each of 40 acknowledgements.
        let ways = self.places.len() as u64;
        let said = match plan.weather.ack {
            Ack::Local => SECOND,
            Ack::Herd | Ack::HerdOrError => 41 * plan.weather.limits.ack_wait,
        };
        let said = match plan.weather.journal {
            Some(Fsync::Always) => said + 41 * 2 * DISK_MAX,
            _ => said,
        };
        self.after(said + 2 * ways * plan.weather.delay_max)?;
        self.carried.clear();
        self.heal();
        self.settle("a cut healed")?;
        self.after(2 * plan.weather.delay_max)?;
        for &(one, other) in &crossing {
            for (from, to) in [(one, other), (other, one)] {
                let lines = self.carried.get(&(from, to)).copied().unwrap_or(0);
                let mine = moved[usize::from(!half.contains(&from))];
                let all = moved[0] + moved[1];
                let right = match crossing.len() {
                    1 => lines == mine,
                    _ => lines <= all,
                };
                self.demand("resync", right, || {
                    format!("{lines} AT lines for {mine} of {all} clients that moved")
                })?;
            }
        }
        self.check_tables()
    }

    /// Only what must be there is there.
    fn check_census(&mut self) -> Option<()> {
        let counted: Vec<_> = self
            .servers()
            .map(|(place, server)| {
                let census = server.node.inspect().snapshot();
                (
                    self.places[place].neighbours.len(),
                    server.sockets.iter().flatten().count(),
                    census,
                )
            })
            .collect();
        for (links, open, census) in counted {
            // Two connections per neighbour; per neighbour two deadlines for telling, one for
            // hearing.
            let right = census.sessions == 2 * links
                && open == 2 * links
                && census.timers == 3 * links
                && census.lookups == 0;
            self.demand("leaks", right, || {
                format!("{links} neighbours, {open} open, {census:?}")
            })?;
        }
        Some(())
    }

    /// Nothing is repaired, if nothing was broken.
    fn check_repairs(&mut self) -> Option<()> {
        let repairs: Vec<(&str, u64)> = self
            .servers()
            .flat_map(|(_, server)| server.node.inspect().limits_hit())
            .filter(|(name, _)| ["repair_after", "audit_after"].contains(name))
            .collect();
        let right = self.garble.is_done || repairs.is_empty();
        self.demand("repairs", right, || format!("{repairs:?}"))
    }

    /// All are asked to end, and do, and then nothing ever happens again.
    fn check_end(&mut self) -> Option<()> {
        self.over = true;
        for place in 0..self.places.len() {
            self.stop(place);
        }
        self.after(self.weather.limits.grace + SECOND)?;
        let left = self.servers().count();
        self.demand("end", left == 0, || format!("{left} servers do not end"))?;
        self.after(60 * SECOND)?;
        let next = self.next();
        self.demand("end", next.is_none(), || {
            format!("something is due at {next:?}")
        })?;
        let open = self
            .wires
            .iter()
            .filter(|wire| wire.ends.is_some() && !wire.is_over())
            .count();
        self.demand("end", open == 0, || format!("{open} connections are left"))
    }
}
