//! The log behind the feed: slots in the order of their clients' changes. It knows no numbers of
//! changes but the first of each segment, no followers and no records.
//!
//! The log is cut into segments of equal size. A change that is not the newest of its client any
//! more leaves a stale place behind. Two neighbouring segments become one as soon as one has room
//! for what is not stale in them. That bounds every cost:
//!
//! - Memory: any two neighbours hold more than three quarters of a segment of changes.
//! - Appending: a full segment is followed by a new one, and each merge frees one. So in the long
//!   run there is one merge for each segment's length of changes, and it reads two segments.
//! - Reading: between two changes there are less than two segments of stale places.

/// The slot in a stale place.
const STALE: u32 = u32::MAX;
/// A segment looks for a neighbour to merge with each time that this part of it has become stale.
const PART: usize = 8;

/// The log.
#[derive(Debug)]
pub struct Log {
    /// The segments' places, one segment after the other.
    slots: Vec<u32>,
    /// The places of a segment.
    size: usize,
    /// Segment `n` has the places from `n * size` on.
    segments: Vec<Segment>,
    /// The segments that are in use, in the order of their changes. Only the last is appended to.
    order: Vec<u32>,
    /// The segments that are not in use.
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// The number of its first change, which may be stale and left out by now.
    first: u64,
    /// Its places that are taken.
    len: u32,
    /// Those of them that are not stale.
    live: u32,
}

/// A point between two places of the log.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    segment: u32,
    /// The places of the segment that are before it.
    passed: u32,
}

/// Two neighbouring segments that have room in the first.
#[derive(Clone, Copy, Debug)]
pub struct Pair(u32, u32);

impl Log {
    /// An empty log in segments of `size` places.
    pub fn new(size: usize) -> Log {
        let mut log = Log {
            slots: Vec::new(),
            size,
            segments: Vec::new(),
            order: Vec::new(),
            free: Vec::new(),
        };
        log.begin_segment(0);
        log
    }

    /// The point before everything.
    pub fn start(&self) -> Point {
        Point {
            segment: self.order[0],
            passed: 0,
        }
    }

    /// The point after the change `seq`: after the last slot for which `is_passed` holds.
    pub fn find(&self, seq: u64, is_passed: impl Fn(u32) -> bool) -> Point {
        let has_begun = |id: &u32| self.segments[*id as usize].first <= seq;
        let rank = self.order.partition_point(has_begun).saturating_sub(1);
        let mut slots = self.taken(self.order[rank]).iter();
        let passed = slots.rposition(|&slot| slot != STALE && is_passed(slot));
        Point {
            segment: self.order[rank],
            passed: passed.map_or(0, |passed| passed as u32 + 1),
        }
    }

    /// The first slot after a point, and the point after it.
    pub fn next(&self, mut point: Point) -> Option<(u32, Point)> {
        loop {
            let slots = &self.taken(point.segment)[point.passed as usize..];
            if let Some(stale) = slots.iter().position(|slot| *slot != STALE) {
                point.passed += stale as u32 + 1;
                return Some((slots[stale], point));
            }
            point.segment = *self.order.get(self.rank(point.segment) + 1)?;
            point.passed = 0;
        }
    }

    /// The last slot before a point, in its segment.
    pub fn before(&self, point: Point) -> Option<u32> {
        let slots = &self.taken(point.segment)[..point.passed as usize];
        slots.iter().rfind(|slot| **slot != STALE).copied()
    }

    /// The slot in a place.
    pub fn at(&self, place: u32) -> u32 {
        self.slots[place as usize]
    }

    /// Makes a place stale. Segments that can merge now are returned.
    pub fn outdate(&mut self, place: u32) -> Option<Pair> {
        self.slots[place as usize] = STALE;
        let id = place as usize / self.size;
        let segment = &mut self.segments[id];
        segment.live -= 1;
        let is_due = (segment.live as usize).is_multiple_of(self.size.div_ceil(PART));
        is_due.then(|| self.pair_around(id as u32)).flatten()
    }

    /// Makes room for the change `seq`. Segments that can merge now are returned.
    pub fn make_room(&mut self, seq: u64) -> Option<Pair> {
        let last = self.last();
        if (self.segments[last as usize].len as usize) < self.size {
            return None;
        }
        self.begin_segment(seq);
        self.pair_around(last)
    }

    /// Appends a slot where room was made, and returns its place.
    pub fn append(&mut self, slot: u32) -> u32 {
        let last = self.last();
        let start = self.start_of(last);
        let segment = &mut self.segments[last as usize];
        let place = start + segment.len as usize;
        segment.len += 1;
        segment.live += 1;
        self.slots[place] = slot;
        place as u32
    }

    /// The point that a point becomes when two segments merge.
    pub fn moved(&self, point: Point, Pair(left, right): Pair) -> Point {
        if point.segment != left && point.segment != right {
            return point;
        }
        let passed = &self.taken(point.segment)[..point.passed as usize];
        let live = passed.iter().filter(|slot| **slot != STALE).count() as u32;
        let is_right = u32::from(point.segment == right);
        Point {
            segment: left,
            passed: self.segments[left as usize].live * is_right + live,
        }
    }

    /// Moves what is not stale in two segments to the front of the first. `moved` is told the new
    /// place of each slot.
    pub fn merge(&mut self, Pair(left, right): Pair, mut moved: impl FnMut(u32, u32)) {
        let start = self.start_of(left);
        let mut to = start;
        for id in [left, right] {
            let from = self.start_of(id);
            for place in from..from + self.segments[id as usize].len as usize {
                let slot = self.slots[place];
                if slot != STALE {
                    self.slots[to] = slot;
                    moved(slot, to as u32);
                    to += 1;
                }
            }
        }
        let live = (to - start) as u32;
        let merged = &mut self.segments[left as usize];
        (merged.len, merged.live) = (live, live);
        self.order.remove(self.rank(right));
        self.free.push(right);
    }

    /// A segment and a neighbour, if both are full and one has room for both.
    fn pair_around(&self, id: u32) -> Option<Pair> {
        let rank = self.rank(id);
        // The last one is not full yet.
        let full = &self.order[..self.order.len() - 1];
        let live = |id: u32| self.segments[id as usize].live as usize;
        let around = &full[rank.saturating_sub(1)..full.len().min(rank + 2)];
        let mut pairs = around.windows(2).map(|pair| Pair(pair[0], pair[1]));
        pairs.find(|pair| live(pair.0) + live(pair.1) <= self.size)
    }

    /// A new last segment, which begins with the change `first`.
    fn begin_segment(&mut self, first: u64) {
        let segment = Segment {
            first,
            len: 0,
            live: 0,
        };
        let id = self.free.pop().unwrap_or(self.segments.len() as u32);
        match self.segments.get_mut(id as usize) {
            Some(free) => *free = segment,
            None => {
                self.segments.push(segment);
                self.slots.resize(self.segments.len() * self.size, STALE);
            }
        }
        self.order.push(id);
    }

    fn last(&self) -> u32 {
        self.order[self.order.len() - 1]
    }

    /// The index of a segment in `order`.
    fn rank(&self, id: u32) -> usize {
        if self.last() == id {
            return self.order.len() - 1;
        }
        let first = |id: u32| self.segments[id as usize].first;
        (self.order).partition_point(|it| first(*it) < first(id))
    }

    /// The places of a segment that are taken.
    fn taken(&self, id: u32) -> &[u32] {
        &self.slots[self.start_of(id)..][..self.segments[id as usize].len as usize]
    }

    fn start_of(&self, id: u32) -> usize {
        id as usize * self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log whose clients' places are known.
    struct World {
        log: Log,
        places: Vec<u32>,
        last: u64,
        merges: u64,
    }

    impl World {
        fn new(size: usize) -> World {
            World {
                log: Log::new(size),
                places: Vec::new(),
                last: 0,
                merges: 0,
            }
        }

        fn publish(&mut self, slot: u32) {
            self.last += 1;
            if let Some(place) = self.places.get(slot as usize).copied() {
                let pair = self.log.outdate(place);
                self.merge(pair);
            }
            let pair = self.log.make_room(self.last);
            self.merge(pair);
            let place = self.log.append(slot);
            match self.places.get_mut(slot as usize) {
                Some(known) => *known = place,
                None => self.places.push(place),
            }
        }

        fn merge(&mut self, pair: Option<Pair>) {
            let Some(pair) = pair else { return };
            self.merges += 1;
            let places = &mut self.places;
            (self.log).merge(pair, |slot, place| places[slot as usize] = place);
        }

        /// Checks what the head of this file promises.
        fn check(&self) {
            let Log { size, order, .. } = &self.log;
            let live = |id: &u32| self.log.segments[*id as usize].live as usize;
            for pair in order[..order.len() - 1].windows(2) {
                let both = live(&pair[0]) + live(&pair[1]);
                assert!(both > size * 3 / 4, "{both} of {size}");
            }
            let slots = order.iter().flat_map(|id| self.log.taken(*id));
            let slots: Vec<u32> = slots.copied().collect();
            let stale = slots.split(|slot| *slot != STALE).map(<[u32]>::len);
            assert!(stale.max().is_some_and(|most| most < 2 * size));
            assert!(self.merges <= self.last / *size as u64);
            assert!(
                (0..)
                    .zip(&self.places)
                    .all(|(slot, it)| self.log.slots[*it as usize] == slot)
            );
        }
    }

    #[test]
    fn stale_places_are_few_whoever_moves() {
        const SIZE: usize = 64;
        let mut world = World::new(SIZE);
        (0..4000).for_each(|slot| world.publish(slot));
        let mut random = 1u32;
        // All of them, a few, one alone, and every second one in turn.
        for (round, kind) in (0..40_000).zip([0u32, 1, 2, 3].repeat(10_000)) {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slot = match kind {
                0 => (random >> 8) % 4000,
                1 => (random >> 8) % 5,
                2 => 7,
                _ => round * 2 % 4000,
            };
            world.publish(slot);
            if round % 100 == 0 {
                world.check();
            }
        }
        assert!(world.log.segments.len() < 4000 * 8 / 3 / SIZE + 4);
        let before = world.log.segments.len();
        (0..100_000).for_each(|_| world.publish(7));
        assert!(
            world.log.segments.len() <= before + 1,
            "one client alone moves"
        );
        world.check();
    }
}
