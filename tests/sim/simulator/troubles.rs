//! The troubles of a run, and when they come.

use herd::units::MILLISECOND;

use super::plan::Weather;
use super::random::Random;

/// A fault. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing gets from the first to the second for this long.
    Cut(usize, usize, u64),
    /// Nothing gets through either way for this long.
    CutBoth(usize, usize, u64),
    /// The connection that the first dialled to the second dies; who learns of it.
    Kill(usize, usize, Learns),
    /// A process is gone, and all that it knew; another starts after this long.
    Crash(usize, u64),
    /// A process ends as it was asked to; another starts after this long.
    Stop(usize, u64),
    /// A process stands still for this long, and forgets nothing.
    Freeze(usize, u64),
    /// Bytes from the first to the second are not taken for this long.
    Block(usize, usize, u64),
    /// A wall clock jumps, by this many nanoseconds.
    Jump(usize, i64),
    /// A disk has no room for this long, or does not work at all.
    Disk(usize, DiskFault, u64),
    /// A process is killed in the middle of its next turn, after this many actions; another starts
    /// after this long.
    KillWithin(usize, u32, u64),
    /// A process is gone, and what is left of its journal; another starts after this long.
    Relapse(usize, Left, u64),
    /// The next AT line from the first to the second does not arrive as it was sent, and nobody
    /// notices.
    Garble(usize, usize, Garbled),
}

/// The rest of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// As much as outlives a loss of power.
    Safe,
    /// An older copy: so much of a hundred.
    Old(u64),
    /// Nothing.
    Nothing,
}

/// A line's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbled {
    /// It is lost.
    Dropped,
    /// A digit of its difference is another one.
    Flipped,
}

/// The state of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// It has no room.
    Full,
    /// Nothing can be made safe.
    Broken,
    /// It takes its time.
    Hangs,
}

/// The side that learns that a connection is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learns {
    /// Both.
    Both,
    /// The dialler, and the other when it writes.
    Dialler,
    /// The acceptor, and the dialler when it writes.
    Dialled,
}

/// Disks fill up and break, most of all where somebody moves, and now and then the whole herd is
/// killed at once.
pub fn disk_faults(
    random: &mut Random,
    (size, mover): (usize, usize),
    heal: u64,
    faults: &mut Vec<(u64, Fault)>,
) {
    for _ in 0..random.pick(&[0, 1, 2, 4]) {
        let place = match random.percent(70) {
            true => mover,
            false => random.below(size),
        };
        let at = random.between(0, heal);
        let long = random.scaled(1, 2000) * MILLISECOND;
        let what = random.pick(&[
            DiskFault::Full,
            DiskFault::Full,
            DiskFault::Broken,
            DiskFault::Hangs,
        ]);
        faults.push((at, Fault::Disk(place, what, long)));
    }
    if random.percent(40) {
        let at = random.between(200 * MILLISECOND, heal);
        for place in 0..size {
            let long = random.scaled(20, 1000) * MILLISECOND;
            faults.push((at, Fault::Crash(place, long)));
        }
    }
    faults.sort_by_key(|(at, _)| *at);
}

/// Servers are killed between two writes, or come back with less than they had; lines are garbled.
pub fn relapses(
    random: &mut Random,
    links: &[(usize, usize)],
    weather: &Weather,
    heal: u64,
    faults: &mut Vec<(u64, Fault)>,
) {
    let kills = random.pick(&[0, 0, 1, 3]);
    let garbles = random.pick(&[0, 0, 0, 0, 1, 3]);
    for number in 0..kills + garbles {
        let (mut one, mut other) = random.pick(links);
        if random.percent(50) {
            (one, other) = (other, one);
        }
        let at = random.between(0, heal);
        let long = random.scaled(1, 1000) * MILLISECOND;
        let what = random.pick(&[Garbled::Dropped, Garbled::Flipped]);
        let left = random.pick(&[Left::Safe, Left::Old(50), Left::Old(90), Left::Nothing]);
        let actions = random.below(6) as u32;
        let fault = match random.percent(50) {
            _ if number >= kills => Fault::Garble(one, other, what),
            true if weather.journal.is_some() => Fault::Relapse(one, left, long),
            _ => Fault::KillWithin(one, actions, long),
        };
        faults.push((at, fault));
    }
    faults.sort_by_key(|(at, _)| *at);
}

/// Troubles of any herd.
pub fn faults(
    random: &mut Random,
    links: &[(usize, usize)],
    size: usize,
    heal: u64,
) -> Vec<(u64, Fault)> {
    let count = [0, 1, 2, 4, 8][random.below(5)];
    // WriteError seldom comes alone: most of it is about one link and its servers.
    let focus = random.pick(links);
    let mut faults: Vec<(u64, Fault)> = (0..count)
        .map(|_| {
            let at = random.between(200 * MILLISECOND, heal);
            let long = random.scaled(20, 4000) * MILLISECOND;
            let near = random.percent(70);
            let (mut one, mut other) = if near { focus } else { random.pick(links) };
            if random.percent(50) {
                (one, other) = (other, one);
            }
            let place = if near { one } else { random.below(size) };
            let fault = match random.below(10) {
                0 => Fault::Cut(one, other, long),
                1 => Fault::CutBoth(one, other, long),
                2 => Fault::Kill(one, other, Learns::Both),
                3 => Fault::Kill(one, other, Learns::Dialler),
                4 => Fault::Kill(one, other, Learns::Dialled),
                5 | 6 => Fault::Crash(place, long),
                7 => match random.percent(50) {
                    true => Fault::Stop(place, long),
                    false => Fault::Freeze(place, long),
                },
                8 => Fault::Block(one, other, long),
                _ => Fault::Jump(
                    place,
                    random.between(0, 7_200) as i64 * 1_000_000_007 - 3_600_000_000_000,
                ),
            };
            (at, fault)
        })
        .collect();
    // Bytes that were not taken yet are lost, too.
    for (at, fault) in faults.clone() {
        if let (Fault::Block(one, other, long), true) = (fault, random.percent(50)) {
            let late = random.between(0, 2) * MILLISECOND;
            faults.push((at + long + late, Fault::Kill(one, other, Learns::Both)));
        }
    }
    faults.sort_by_key(|(at, _)| *at);
    faults
}
