//! The meaning of a seed: a herd, its limits, the weather, and visits. Everything but the small
//! luck of each read and write is drawn here, before anything runs.

use herd::limits::Limits;
use herd::node::{Ack, Fsync};
use herd::units::{MILLISECOND, SECOND};

use super::clock::BASE;
use super::random::Random;
use super::troubles::{Fault, disk_faults, faults, relapses};
use super::visit::{Ask, Line, Visit, visits};
use super::watcher::{Watching, watchers};

/// All that is decided before the run.
#[derive(Debug)]
pub struct Plan {
    /// Names, one per server.
    pub names: Vec<String>,
    /// Pairs of linked servers, each once.
    pub links: Vec<(usize, usize)>,
    /// Rules for the whole run.
    pub weather: Weather,
    /// The faults, and when they come, in order of time.
    pub faults: Vec<(u64, Fault)>,
    /// The visits of clients.
    pub visits: Vec<Visit>,
    /// Watchers, who hear of each change.
    pub watchers: Vec<Watching>,
    /// From here on nothing goes wrong any more.
    pub heal: u64,
    /// Cut the herd in two when it is well, and see what heals it.
    pub part: bool,
}

/// Rules for the whole run. Times are in nanoseconds.
#[derive(Clone, Debug)]
pub struct Weather {
    /// The nodes' limits.
    pub limits: Limits,
    /// The servers share a secret.
    pub secret: bool,
    /// When an IAMAT is answered.
    pub ack: Ack,
    /// Whether the servers have journals.
    pub journal: Option<Fsync>,
    /// The longest way between two servers; each direction of a link draws its own.
    pub delay_max: u64,
    /// Every link has just that.
    pub same_delay: bool,
    /// Unread bytes that a connection between servers holds, each way.
    pub window: usize,
    /// Of a hundred reads this many find only a part of what is there.
    pub split: u64,
    /// Of a hundred writes this many are taken only in part.
    pub partial: u64,
    /// Of a hundred dials this many fail while things go wrong.
    pub refused: u64,
    /// A connection that a server closes has this many events under way.
    pub stale: usize,
    /// Lookups that the workers of one server and their queue hold.
    pub pool: usize,
    /// Wall clocks are wrong by so much at most.
    pub skew: u64,
}

const NAMES: [&str; 12] = [
    "Goloman", "Hands", "Holiday", "Welsh", "Wilkes", "Alford", "Ball", "Hamilton", "Hill",
    "Jaquez", "Smith", "Campbell",
];

/// The course's herds: names, and links between their places.
type Herd = (&'static [&'static str], &'static [(usize, usize)]);
const HERDS: [Herd; 3] = [
    (
        &["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"],
        &[(0, 1), (0, 2), (0, 4), (1, 4), (2, 3), (2, 4)],
    ),
    (
        &["Alford", "Ball", "Hamilton", "Holiday", "Welsh"],
        &[(0, 2), (0, 4), (1, 3), (1, 4), (2, 3)],
    ),
    (
        &["Hill", "Jaquez", "Smith", "Campbell", "Singleton"],
        &[(0, 1), (0, 2), (4, 1), (4, 2), (4, 3), (2, 3)],
    ),
];

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Plan {
        let mut random = Random::new(seed);
        let (names, links) = herd(&mut random);
        let mut weather = Weather::draw(&mut random);
        // Not drawn, so that a seed means what it did before this limit.
        weather.limits.feed_segment = [1, 2, 8, 1024][seed as usize % 4];
        let heal = random.between(1500, 4500) * MILLISECOND;
        let mut faults = faults(&mut random, &links, names.len(), heal);
        // Luck of its own: a seed without journals is what it would be if there were none.
        let mut disks = Random::new(seed ^ 0x6b65);
        weather.draw_journal(&mut disks);
        let mover = disks.below(names.len());
        if weather.journal.is_some() {
            disk_faults(&mut disks, (names.len(), mover), heal, &mut faults);
        }
        let mut more = Random::new(seed ^ 0x636d_7072);
        weather.draw_comparison(&mut more);
        relapses(&mut more, &links, &weather, heal, &mut faults);
        if weather.ack == Ack::Herd && more.percent(50) {
            weather.ack = Ack::HerdOrError;
        }
        let mut visits = visits(&mut random, names.len(), heal, &weather.limits);
        // Somebody finds a server that has just started again, before its neighbours do.
        for &(at, fault) in &faults {
            if let Fault::Crash(place, long) | Fault::Stop(place, long) = fault {
                let mut visit = visits[random.below(visits.len())].clone();
                visit
                    .lines
                    .retain(|line| matches!(line.ask, Ask::Iamat { .. }));
                let at = at + long + random.between(1, 100) * MILLISECOND;
                if random.percent(95) && !visit.lines.is_empty() && at < heal {
                    visits.push(Visit::new(place, at, visit.lines));
                }
            }
        }
        let part = random.percent(20);
        // Some hold half a line. Every other line is complete in less time, whatever goes wrong.
        if random.percent(15) {
            weather.limits.half_line = random.between(8, 12) * SECOND;
            let place = random.below(names.len());
            let at = random.between(0, heal);
            visits.push(Visit::dripping(place, at, &weather.limits));
        }
        if weather.journal.is_some() {
            visits.extend(movers(&mut disks, mover, heal));
        }
        let mut more = Random::new(seed ^ 0x7761_7463);
        let watchers = watchers(&mut more, names.len(), heal, &mut weather.limits);
        Plan {
            names,
            links,
            weather,
            faults,
            visits,
            watchers,
            heal,
            part,
        }
    }

    /// The places of each server's neighbours.
    pub fn neighbours(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new(); self.names.len()];
        for &(one, other) in &self.links {
            all[one].push(other);
            all[other].push(one);
        }
        all
    }
}

/// Names and links of a connected herd.
fn herd(random: &mut Random) -> (Vec<String>, Vec<(usize, usize)>) {
    if random.percent(30) {
        let (names, links) = random.pick(&HERDS);
        return (
            names.iter().map(|it| it.to_string()).collect(),
            links.to_vec(),
        );
    }
    // Small herds are quick, and most of what can go wrong between servers goes wrong there.
    let size = 2 + random.below(4) + [0, 0, 0, 2, 4, 6][random.below(6)];
    let size = size.min(NAMES.len());
    let mut links = Vec::new();
    let shape = random.below(4);
    for place in 1..size {
        let to = match shape {
            0 => place - 1,
            1 => 0,
            _ => random.below(place),
        };
        links.push((to, place));
    }
    let more = match shape {
        0 if size > 2 => {
            links.push((0, size - 1));
            0
        }
        _ => random.below(size),
    };
    for _ in 0..more {
        let (one, other) = (random.below(size), random.below(size));
        let link = (one.min(other), one.max(other));
        if one != other && !links.contains(&link) {
            links.push(link);
        }
    }
    (
        NAMES[..size].iter().map(|it| it.to_string()).collect(),
        links,
    )
}

impl Weather {
    fn draw(random: &mut Random) -> Weather {
        let rough = random.percent(50);
        let mut limits = Limits::default();
        if random.percent(60) {
            limits.client_line = random.scaled(64, 8 << 10) as usize;
            limits.lines_per_turn = random.scaled(1, 256) as usize;
            limits.outbox_high = random.scaled(1, 64 << 10) as usize;
            limits.outbox_low = random.between(1, limits.outbox_high as u64) as usize;
            limits.replies = random.scaled(1, 64) as usize;
            limits.lookups = random.scaled(1, 8) as usize;
            limits.link_outbox = random.scaled(1, 64 << 10) as usize;
            limits.link_unmarked = random.scaled(64, 4 << 10) as usize;
        }
        limits.lookup_wait = random.scaled(200, 2000) * MILLISECOND;
        Weather {
            limits,
            secret: random.percent(40),
            ack: random.pick(&[Ack::Local, Ack::Local, Ack::Herd]),
            journal: None,
            delay_max: random.pick(&[1, 5, 20, 100, 400]) * MILLISECOND,
            same_delay: random.percent(15),
            window: random.scaled(600, 64 << 10) as usize,
            split: if rough { random.pick(&[5, 30, 90]) } else { 0 },
            partial: if rough { random.pick(&[5, 30, 90]) } else { 0 },
            refused: random.pick(&[0, 0, 20, 60]),
            stale: random.pick(&[0, 4]),
            pool: random.pick(&[0, 1, 2, 68]),
            skew: random.pick(&[0, MILLISECOND, 5 * SECOND, 3600 * SECOND]),
        }
    }

    /// Some herds have journals, mostly such as are soon too long.
    fn draw_journal(&mut self, random: &mut Random) {
        if random.percent(65) {
            return;
        }
        let all = [Fsync::Always, Fsync::Always, Fsync::EverySecond, Fsync::Off];
        self.journal = Some(random.pick(&all));
        self.limits.journal_batch = random.scaled(1, 1 << 20) as usize;
        self.limits.journal_slice = random.scaled(1, 64 << 10) as usize;
        self.limits.journal_floor = random.pick(&[1, 300, 4 << 20]);
    }

    /// Some herds compare even small tables, if their links can carry that in time.
    fn draw_comparison(&mut self, random: &mut Random) {
        self.limits.link_steps = random.scaled(1, 16 << 10) as usize;
        self.limits.compare_ahead = random.pick(&[1, 8]);
        let floor = random.pick(&[0, 0, 3, 1024]);
        let bytes_per_second = self.window as u64 * SECOND / (2 * self.delay_max);
        if bytes_per_second >= 20_000 {
            self.limits.compare_floor = floor;
        }
    }

    /// Nothing ever goes wrong, and every link is as long as any other.
    pub fn fair(delay: u64) -> Weather {
        Weather {
            limits: Limits::default(),
            secret: false,
            ack: Ack::Local,
            journal: None,
            delay_max: delay,
            same_delay: true,
            window: 64 << 10,
            split: 0,
            partial: 0,
            refused: 0,
            stale: 0,
            pool: 68,
            skew: 0,
        }
    }
}

/// Some who move again and again: a journal is soon too long, and seldom at rest.
fn movers(random: &mut Random, place: usize, heal: u64) -> Vec<Visit> {
    let clients = random.pick(&[2, 8]);
    let mover = |random: &mut Random| {
        let at = random.between(100 * MILLISECOND, heal);
        let value = BASE + i128::from(at);
        let second = i128::from(SECOND);
        let text = format!("{}.{:09}", value / second, value % second);
        let line = Line::iamat(format!("j{}", random.below(clients)), "+1-1", text, value);
        Visit::new(place, at, vec![line])
    };
    let count = random.pick(&[0, 40, 80]);
    (0..count).map(|_| mover(random)).collect()
}
