//! A hub with many neighbours far away, which is killed and comes back: all of them shake hands
//! with it at once.

use herd::units::{MILLISECOND, SECOND};

use super::Failure;
use super::scale::calm;
use super::troubles::Fault;
use super::world::World;

/// The milliseconds of virtual time from the start of a hub, which was away for a while, until all
/// links with its neighbours are up both ways. All share a secret, and every way takes `delay`.
pub fn whole_again(neighbours: usize, delay: u64, away: u64) -> Result<u64, Failure> {
    let links = (1..=neighbours).map(|place| (0, place)).collect();
    let mut plan = calm(neighbours + 1, &links);
    plan.weather.delay_max = delay;
    plan.weather.secret = true;
    let mut world = World::new(&plan, 1, None);
    world.happenings_max *= 10;
    world.heal();
    if world.settle("the start").is_some() {
        world.run_until(world.now + SECOND);
        world.rough = true;
        world.go_wrong(Fault::Crash(0, away));
        world.rough = false;
        let started = world.now + away;
        world.run_until(started);
        while world.failure.is_none() && world.now < started + 60 * SECOND {
            if world.is_linked() {
                return Ok((world.now - started) / MILLISECOND);
            }
            world.run_until(world.now + MILLISECOND);
        }
    }
    Err(world.failure.take().expect("it is never whole again"))
}
