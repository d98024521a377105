//! Large herds in fair weather: how far and how long an update goes, what it costs, and what a
//! herd carries that was cut in half. All times are virtual.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use herd::units::{MILLISECOND, SECOND};

use super::Failure;
use super::guest::value;
use super::plan::{Plan, Weather};
use super::random::Random;
use super::world::World;
use crate::support::shell::Shell;

/// The time that every link takes, one way.
const LINK: u64 = 100 * MILLISECOND;
/// The things that may happen: heartbeats of a thousand servers for a minute.
const HAPPENINGS_MAX: u64 = 50_000_000;

/// The measurements of one herd.
#[derive(Debug)]
pub struct Row {
    /// Its shape.
    pub shape: String,
    /// Servers, and links.
    pub size: (usize, usize),
    /// Links from the first server to the farthest.
    pub hops: usize,
    /// Milliseconds from the first server's acknowledgement to the last server's knowledge.
    pub all_ms: u64,
    /// AT lines that the update took.
    pub lines: usize,
    /// AT lines that it may take at most: 2m − n + 1.
    pub lines_max: usize,
    /// Milliseconds from the healing of a cut through its middle to equal tables.
    pub heal_ms: u64,
    /// AT lines for each client that moved meanwhile, all links together, ten moves each.
    pub heal_lines: f64,
}

/// Two servers with a slow link between them, cut until this many clients have moved: how long it
/// takes to catch up, in milliseconds of virtual time, or why it never does.
pub fn catch_up(window: usize, delay: u64, clients: usize) -> Result<u64, Failure> {
    let mut plan = calm(2, &vec![(0, 1)]);
    plan.weather.window = window;
    plan.weather.delay_max = delay;
    let mut world = World::new(&plan, 1, None);
    world.heal();
    world.cut(0, 1);
    world.cut(1, 0);
    world.run_until(world.now + 5 * SECOND);
    world.moves(0, 0..clients, 1);
    world.run_until(world.now + SECOND);
    let healed = world.now;
    world.heal();
    match world.settle("the cut healed") {
        Some(()) => Ok((world.now - healed) / MILLISECOND),
        None => Err(world.failure.take().expect("it did not settle")),
    }
}

/// The questions of the public exercise about a broadcast: messages between servers per operation,
/// and milliseconds from an operation to each server's knowledge of it.
#[derive(Debug)]
pub struct Broadcast {
    /// Its shape.
    pub shape: &'static str,
    /// AT lines per operation; every other operation is a read.
    pub messages: f64,
    /// Heartbeats and their answers per operation.
    pub others: f64,
    /// Half are quicker.
    pub median_ms: u64,
    /// None is slower.
    pub most_ms: u64,
}

/// Links between places.
type Links = Vec<(usize, usize)>;

/// The herds of a thousand.
pub fn thousand() -> Vec<(&'static str, usize, Links)> {
    vec![
        ("ring", 1000, ring(1000)),
        ("tree", 1000, tree(1000, 3)),
        ("random 3-regular", 1000, regular(1000)),
        ("grid 40 × 25", 1000, grid(40, 25)),
    ]
}

/// Each linked to the next, and the last to the first.
pub fn ring(size: usize) -> Links {
    (0..size).map(|place| (place, (place + 1) % size)).collect()
}

/// Each linked to this many children.
pub fn tree(size: usize, children: usize) -> Links {
    (1..size)
        .map(|place| ((place - 1) / children, place))
        .collect()
}

/// A rectangle.
pub fn grid(width: usize, height: usize) -> Links {
    let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let links = all.flat_map(|(x, y)| {
        let here = y * width + x;
        let right = (x + 1 < width).then_some((here, here + 1));
        let down = (y + 1 < height).then_some((here, here + width));
        right.into_iter().chain(down)
    });
    links.collect()
}

/// Three links each, at random: a ring, and a pairing of all that no two are linked twice by.
pub fn regular(size: usize) -> Links {
    let mut random = Random::new(3);
    loop {
        let mut links = ring(size);
        let mut left: Vec<usize> = (0..size).collect();
        while left.len() > 1 {
            let one = left.swap_remove(random.below(left.len()));
            let apart = |other: &usize| {
                !matches!(one.abs_diff(*other), 1) && one.abs_diff(*other) != size - 1
            };
            let fine: Vec<usize> = (0..left.len()).filter(|&it| apart(&left[it])).collect();
            if fine.is_empty() {
                break;
            }
            links.push((one, left.swap_remove(fine[random.below(fine.len())])));
        }
        if links.len() == size / 2 * 3 {
            return links;
        }
    }
}

/// A herd in fair weather.
pub fn calm(size: usize, links: &Links) -> Plan {
    Plan {
        names: (0..size).map(|place| format!("s{place}")).collect(),
        links: links.clone(),
        weather: Weather::fair(LINK),
        faults: Vec::new(),
        visits: Vec::new(),
        watchers: Vec::new(),
        heal: 0,
        part: false,
    }
}

/// The same, with all links up.
fn fair(size: usize, links: &Links) -> (Plan, World) {
    let plan = calm(size, links);
    let mut world = World::new(&plan, 1, None);
    world.happenings_max = HAPPENINGS_MAX;
    world.heal();
    assert!(world.settle("the start").is_some(), "{:?}", world.failure);
    (plan, world)
}

/// One herd of a thousand: an update, then half the herd is cut off while ten clients move.
pub fn measure(shape: &str, size: usize, links: &Links) -> Row {
    let (plan, mut world) = fair(size, links);
    let hops = distances(&plan, 0).into_iter().max().unwrap_or(0);
    world.carried.clear();
    let began = world.now;
    world.moves(0, 0..1, 1);
    let all = until_all_have(&mut world, 1);
    let all_ms = (all.last().copied().unwrap_or(0) - began) / MILLISECOND;
    // Duplicates that are still under way are paid for, too.
    world.run_until(world.now + 4 * LINK);
    let lines = world.carried.values().sum();

    let half: BTreeSet<usize> = near_half(&plan);
    let crosses = |(one, other): &(usize, usize)| half.contains(one) != half.contains(other);
    let crossing: Vec<(usize, usize)> = links.iter().copied().filter(crosses).collect();
    world.run_until(world.now + 2 * SECOND);
    for &(one, other) in &crossing {
        world.cut(one, other);
        world.cut(other, one);
    }
    world.run_until(world.now + 5 * SECOND);
    world.moves(0, 10..20, 10);
    world.run_until(world.now + SECOND + 2 * hops as u64 * LINK);
    world.carried.clear();
    let healed = world.now;
    world.heal();
    let known = until_all_have(&mut world, 11);
    let heal_ms = (known.last().copied().unwrap_or(0) - healed) / MILLISECOND;
    world.run_until(world.now + 4 * LINK);
    let healing: usize = world.carried.values().sum();
    assert!(world.failure.is_none(), "{:?}", world.failure);
    Row {
        shape: shape.to_string(),
        size: (size, links.len()),
        hops,
        all_ms,
        lines,
        lines_max: 2 * links.len() + 1 - size,
        heal_ms,
        heal_lines: healing as f64 / 10.0,
    }
}

/// The public exercise: 25 servers, an operation every 10 ms at some server. Half of its operations
/// are reads, which need no message.
pub fn broadcast(shape: &'static str, links: &Links) -> Broadcast {
    let (size, count) = (25, 500);
    let (_, mut world) = fair(size, links);
    let mut random = Random::new(25);
    world.run_until(world.now + SECOND);
    world.carried.clear();
    world.spoken.clear();
    let (mut began, mut late) = (Vec::new(), Vec::new());
    let mut known = vec![BTreeSet::new(); size];
    let mut read_or_told = 0;
    while late.len() < size * count {
        world.run_until(world.now + MILLISECOND);
        if began.len() < count && world.now % (10 * MILLISECOND) < MILLISECOND {
            read_or_told += 1;
            if read_or_told % 2 == 0 {
                world.moves(random.below(size), began.len()..began.len() + 1, 1);
                began.push(world.now);
            }
        }
        for (place, server) in world.servers() {
            if server.node.inspect().table().count as usize > known[place].len() {
                let news = moved(server);
                let now = world.now;
                late.extend(news.difference(&known[place]).map(|it| now - began[*it]));
                known[place] = news;
            }
        }
        assert!(world.failure.is_none(), "{:?}", world.failure);
    }
    late.sort_unstable();
    let per = |counts: &BTreeMap<(usize, usize), usize>| {
        counts.values().sum::<usize>() as f64 / f64::from(read_or_told)
    };
    Broadcast {
        shape,
        messages: per(&world.carried),
        others: per(&world.spoken),
        median_ms: late[late.len() / 2] / MILLISECOND,
        most_ms: late[late.len() - 1] / MILLISECOND,
    }
}

/// The numbers of the clients that a server knows.
fn moved(server: &Shell) -> BTreeSet<usize> {
    let lines = server.node.inspect().lines().into_iter();
    let names = lines.filter_map(|line| value(line).map(|(name, _)| name));
    names
        .filter_map(|name| name.strip_prefix('m')?.parse().ok())
        .collect()
}

/// When each server had this many records, in order of time.
fn until_all_have(world: &mut World, records: u64) -> Vec<u64> {
    let mut when = Vec::new();
    let mut missing: BTreeSet<usize> = (0..world.places.len()).collect();
    while !missing.is_empty() && world.failure.is_none() {
        world.run_until(world.now + MILLISECOND);
        let now = world.now;
        let has = |server: &Shell| server.node.inspect().table().count >= records;
        for (place, server) in world.servers() {
            if has(server) && missing.remove(&place) {
                when.push(now);
            }
        }
    }
    when
}

/// Links from one server to each other.
fn distances(plan: &Plan, from: usize) -> Vec<usize> {
    let neighbours = plan.neighbours();
    let mut all = vec![usize::MAX; neighbours.len()];
    let mut queue = VecDeque::from([from]);
    all[from] = 0;
    while let Some(place) = queue.pop_front() {
        for &next in &neighbours[place] {
            if all[next] == usize::MAX {
                all[next] = all[place] + 1;
                queue.push_back(next);
            }
        }
    }
    all
}

/// The half of the herd that is nearest to the first server.
fn near_half(plan: &Plan) -> BTreeSet<usize> {
    let distances = distances(plan, 0);
    let mut places: Vec<usize> = (0..distances.len()).collect();
    places.sort_by_key(|&place| distances[place]);
    places.into_iter().take(distances.len() / 2).collect()
}
