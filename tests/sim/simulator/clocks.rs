//! Every server sees which of its neighbours' clocks are wrong, and sees no other.

use herd::units::{MILLISECOND, SECOND};

use super::world::World;

impl World {
    /// Checks what servers have found out about clocks, some seconds after the last jump of one.
    pub fn check_clocks(&mut self) -> Option<()> {
        // A comparison each second, and its answer.
        self.after(2 * SECOND + 4 * self.weather.delay_max)?;
        let (limit, mut wrong) = (i128::from(self.weather.limits.clock_skew), None);
        // Both ways, each with its jitter, and the turns at both ends.
        let blur = i128::from(3 * self.weather.delay_max + 10 * MILLISECOND);
        for (place, server) in self.servers() {
            let wall = |place: usize| self.places[place].clock.wall(self.now);
            let neighbours = &self.places[place].neighbours;
            for (&other, found) in neighbours.iter().zip(server.node.inspect().skews()) {
                let truth = wall(other) - wall(place);
                let is_right = match found {
                    None => truth.abs() <= limit + blur,
                    Some(found) => {
                        2 * truth.abs() >= limit - 2 * blur && (found - truth).abs() <= blur
                    }
                };
                if !is_right {
                    wrong = Some((place, other, truth, found));
                }
            }
        }
        self.demand("clocks", wrong.is_none(), || format!("{wrong:?}"))?;
        let hits = self.servers();
        let hits = hits.flat_map(|(_, server)| server.node.inspect().limits_hit());
        let warned = hits.filter(|(name, _)| *name == "clock_skew").count();
        let right = warned == 0 || !self.had_right_clocks();
        self.demand("clocks", right, || {
            "all were right, and somebody warned".to_string()
        })
    }

    /// No clock ever differed from another by more than a server accepts.
    fn had_right_clocks(&self) -> bool {
        let skews = self.places.iter().map(|place| place.clock.wall(0));
        let (least, most) = (skews.clone().min(), skews.max());
        let differ = most.zip(least).map_or(0, |(most, least)| most - least);
        let limit = i128::from(self.weather.limits.clock_skew);
        differ <= limit && !self.places.iter().any(|place| place.clock.has_jumped())
    }
}
