//! Bad lines: how often a link ends although its neighbour lives, how soon the herd agrees when
//! nobody moves any more, and how soon a neighbour is found dead. Three servers in a row; the line
//! between the first two is bad, the other one is good. All times are virtual.

use std::fmt;

use herd::limits::Limits;
use herd::units::{MILLISECOND, SECOND};

use super::cable::{Cable, Flood};
use super::random::Random;
use super::scale;
use super::world::World;

/// A kind of line, and what must hold on it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    /// Milliseconds one way.
    pub delay: u64,
    /// Lost packets, of a thousand.
    pub loss: u64,
    /// Bytes a second; 0: any number.
    pub rate: u64,
    pub floods: Floods,
    /// How often links may end in a run, both ways together.
    pub ended_max: u32,
    /// Milliseconds in which a dead neighbour must be found.
    pub found_max: u64,
}

/// Downloads of others over the same line towards the second server, each of which fills 8 s of
/// queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Floods {
    Never,
    /// Again and again; each fills the queue in 8 s, as TCP does, which begins slowly.
    Slow,
    /// Again and again; each fills it at once.
    Sudden,
    /// Once, in the beginning, and at once.
    Once,
}

/// A dead neighbour is found after `dead` on a good line, and a turn later.
const SOON: u64 = Limits::PRODUCT.dead / MILLISECOND + 100;
/// On any other line.
const LATE: u64 = Limits::PRODUCT.patience / MILLISECOND + 100;
/// Anything that takes longer never comes.
const NEVER: u64 = 180 * SECOND;

/// The rows of the table.
pub const KINDS: [Kind; 14] = [
    good(kind("20 ms", 20, 0, 0)),
    good(kind("100 ms", 100, 0, 0)),
    kind("400 ms", 400, 0, 0),
    kind("2 s", 2000, 0, 0),
    kind("20 ms, 1 % lost", 20, 10, 0),
    kind("20 ms, 5 % lost", 20, 50, 0),
    // Five losses in a row take TCP 6 s, and are to be expected once in half an hour.
    ends(1, kind("20 ms, 15 % lost", 20, 150, 0)),
    ends(2, kind("20 ms, 30 % lost", 20, 300, 0)),
    kind("400 ms, 5 % lost", 400, 50, 0),
    kind("128 kbit/s", 20, 0, 16_000),
    flooded(
        Floods::Slow,
        kind("128 kbit/s, 8 s of queue", 20, 0, 16_000),
    ),
    ends(
        4,
        flooded(
            Floods::Sudden,
            kind("the same, full at once", 20, 0, 16_000),
        ),
    ),
    good(ends(
        4,
        flooded(Floods::Once, kind("the same, minutes ago", 20, 0, 16_000)),
    )),
    flooded(
        Floods::Slow,
        kind("100 ms, 5 %, 128 kbit/s, 8 s", 100, 50, 16_000),
    ),
];

const fn kind(name: &'static str, delay: u64, loss: u64, rate: u64) -> Kind {
    Kind {
        name,
        delay,
        loss,
        rate,
        floods: Floods::Never,
        ended_max: 0,
        found_max: LATE,
    }
}

const fn good(kind: Kind) -> Kind {
    Kind {
        found_max: SOON,
        ..kind
    }
}

const fn ends(ended_max: u32, kind: Kind) -> Kind {
    Kind { ended_max, ..kind }
}

const fn flooded(floods: Floods, kind: Kind) -> Kind {
    Kind { floods, ..kind }
}

/// The measurements of a row: sums, and the worst of all runs.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: &'static str,
    pub minutes: u64,
    pub ended: u32,
    pub agreed_ms: u64,
    pub found_ms: u64,
}

/// One run: traffic for this many seconds, then silence, then death.
///
/// # Errors
/// What did not hold.
pub fn run(kind: &Kind, seed: u64, seconds: u64) -> Result<Row, String> {
    let mut world = begin(kind, seed, seconds);
    let until = |world: &mut World, what: &str, is_so: &dyn Fn(&World) -> bool| {
        let since = world.now;
        while !is_so(world) {
            world.run_until(world.now + 10 * MILLISECOND);
            if world.now > since + NEVER || world.failure.is_some() {
                return Err(format!(
                    "{kind:?}, seed {seed}: not {what}; {:?}",
                    world.failure
                ));
            }
        }
        Ok((world.now - since) / MILLISECOND)
    };
    until(&mut world, "linked", &World::is_linked)?;
    let ended = traffic(&mut world, kind, seconds);
    let agreed_ms = until(&mut world, "equal", &World::is_equal)?;
    if kind.floods == Floods::Once {
        world.run_until(world.now + 400 * SECOND);
    }
    until(&mut world, "linked again", &World::is_linked)?;
    world.cut(0, 1);
    world.cut(1, 0);
    let is_found = |world: &World| {
        let mut servers = world.servers().take(2);
        servers.all(|(_, server)| server.node.inspect().links_up() & 1 == 0)
    };
    let found_ms = until(&mut world, "found dead", &is_found)?;
    let row = Row {
        name: kind.name,
        minutes: seconds / 60,
        ended,
        agreed_ms,
        found_ms,
    };
    match ended <= kind.ended_max && found_ms <= kind.found_max {
        true => Ok(row),
        false => Err(format!("{kind:?}, seed {seed}: {row:?}")),
    }
}

fn begin(kind: &Kind, seed: u64, seconds: u64) -> World {
    let mut plan = scale::calm(3, &vec![(0, 1), (1, 2)]);
    plan.weather.delay_max = MILLISECOND;
    // As much as the queue.
    plan.weather.window = 128 << 10;
    let mut world = World::new(&plan, seed, None);
    world.happenings_max = u64::MAX;
    let mut luck = Random::new(seed);
    let floods = floods(kind.floods, &mut luck, seconds * SECOND);
    for (way, floods) in [((0, 1), floods), ((1, 0), Vec::new())] {
        let mut cable = Cable::new(kind.delay * MILLISECOND);
        cable.is_tcp = true;
        (cable.loss, cable.rate, cable.floods) = (kind.loss, kind.rate, floods);
        world.cables.insert(way, cable);
    }
    world.heal();
    world
}

fn floods(kind: Floods, luck: &mut Random, end: u64) -> Vec<Flood> {
    let mut all = Vec::new();
    let mut from = luck.between(5, 20) * SECOND;
    while kind != Floods::Never && from < end {
        let until = from + luck.between(15, 60) * SECOND;
        let ramp = match kind {
            Floods::Slow => 8 * SECOND,
            _ => 0,
        };
        let queue = 8 * SECOND;
        all.push(Flood {
            from,
            until,
            queue,
            ramp,
        });
        if kind == Floods::Once {
            break;
        }
        from = until + luck.between(10, 60) * SECOND;
    }
    all
}

/// A client moves every half second, at either end of the bad line, and over a slow one a crowd
/// now and then. How often links ended.
fn traffic(world: &mut World, kind: &Kind, seconds: u64) -> u32 {
    let up = |world: &World| -> Vec<u64> {
        let servers = world.servers();
        servers
            .map(|(_, it)| it.node.inspect().links_up())
            .collect()
    };
    let (mut ended, mut before) = (0, up(world));
    for step in 0..seconds * 20 {
        if step % 10 == 0 {
            let number = (step / 10) as usize;
            let client = number % 50;
            let crowd = if client == 25 && kind.rate > 0 {
                400
            } else {
                1
            };
            world.moves(number % 2, client..client + crowd, 1);
        }
        world.run_until(world.now + 50 * MILLISECOND);
        let now = up(world);
        let lost = before.iter().zip(&now).map(|(before, now)| before & !now);
        ended += lost.map(u64::count_ones).sum::<u32>();
        before = now;
        assert!(world.failure.is_none(), "{:?}", world.failure);
    }
    ended
}

impl Row {
    /// Both.
    pub fn with(self, other: Row) -> Row {
        Row {
            name: self.name,
            minutes: self.minutes + other.minutes,
            ended: self.ended + other.ended,
            agreed_ms: self.agreed_ms.max(other.agreed_ms),
            found_ms: self.found_ms.max(other.found_ms),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row {
            name,
            minutes,
            ended,
            agreed_ms,
            found_ms,
        } = self;
        write!(
            f,
            "| {name} | {minutes} | {ended} | {agreed_ms} ms | {found_ms} ms |"
        )
    }
}
