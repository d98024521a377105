//! A herd that never rests: its clients move all the time, so its tables are hardly ever equal. A
//! record that is silently lost or changed on its way is told again all the same.

use std::collections::BTreeSet;

use herd::units::{MILLISECOND, SECOND};

use super::Failure;
use super::scale::calm;
use super::troubles::Garbled;
use super::world::World;

/// Some clients move so often.
const GAP: u64 = 100 * MILLISECOND;
/// The client whose report is garbled: it moves once.
const LOST: usize = 1_000_000;

/// The seconds of virtual time after which all servers know the same of the client whose report was
/// garbled, and how many repairs there were by the end.
pub fn repaired(
    delay: u64,
    updates_per_second: usize,
    garbled: Option<Garbled>,
    seconds: u64,
) -> Result<(Option<u64>, u64), Failure> {
    // Each client moves every other second.
    let clients = 2 * updates_per_second;
    let together = (updates_per_second as u64 * GAP / SECOND) as usize;
    let mut plan = calm(3, &vec![(0, 1), (1, 2)]);
    plan.weather.delay_max = delay;
    let mut world = World::new(&plan, 1, None);
    world.happenings_max *= 20;
    world.heal();
    let Some(()) = world.settle("the start") else {
        return Err(world.failure.take().expect("it did not settle"));
    };
    // A line is garbled only while things go wrong.
    if let Some(garbled) = garbled {
        world.rough = true;
        world.garble.due.insert((0, 1), garbled);
    }
    world.moves(0, LOST..LOST + 1, 1);
    world.run_until(world.now + SECOND);
    world.rough = false;
    assert_eq!(world.garble.is_done, garbled.is_some());
    let (began, mut healed) = (world.now, None);
    for round in 0..(seconds * SECOND / GAP) as usize {
        let first = round * together % clients;
        world.moves(round % 3, first..first + together, 1);
        if !world.run_until(world.now + GAP) {
            return Err(world.failure.take().expect("it has failed"));
        }
        if healed.is_none() && round % 10 == 0 && world.agrees_on(LOST) {
            healed = Some((world.now - began) / SECOND);
        }
    }
    let hits = world.servers();
    let hits = hits.flat_map(|(_, server)| server.node.inspect().limits_hit());
    let repairs = hits.filter(|(name, _)| ["repair_after", "audit_after"].contains(name));
    Ok((healed, repairs.map(|(_, count)| count).sum()))
}

impl World {
    /// Whether all servers have the same line of a client, or none.
    fn agrees_on(&self, client: usize) -> bool {
        let name = format!(" m{client} ");
        let line = |lines: Vec<&[u8]>| {
            let is_its = |line: &&[u8]| line.windows(name.len()).any(|it| it == name.as_bytes());
            lines.into_iter().find(is_its).map(<[u8]>::to_vec)
        };
        let all = self.servers();
        let all = all.map(|(_, server)| line(server.node.inspect().lines()));
        all.collect::<BTreeSet<_>>().len() == 1
    }
}
