//! The newest slices of time of the loop and its workers, in a ring in memory, where
//! `--trace-turns` keeps them until somebody wants to see them.
//!
//! A slice is a fixed number of bytes, and the ring is allocated before the first turn, so that
//! recording allocates nothing. It knows no file; `trace.rs` writes it down.

use super::clock::Clock;
use super::phase::Phase;
use super::threads;
use crate::limits::LIMITS;
use crate::node::Remote;
use crate::units::Mono;

/// The use of a slice of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A turn, from waking to the next wait.
    Turn,
    Wait,
    /// One connection, served once.
    Serve,
    /// A part of a turn.
    Phase(Phase),
    /// A job of a worker.
    Job,
}

/// The thread that spent it. Slices of one track never overlap, unless one is within the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Track {
    Loop,
    /// The worker with this number that looks places up.
    Places(u8),
    /// The worker that waits for the journal's disk.
    Journal,
    /// The worker that merges the journal's files.
    Merge,
}

/// A slice of time.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub what: What,
    pub track: Track,
    pub start: Mono,
    pub end: Mono,
    /// The connection that it was for, if it was for one.
    pub remote: Option<Remote>,
    /// The bytes that were read or written.
    pub bytes: u32,
    /// The lines that were handled; of a turn, its events.
    pub count: u32,
}

/// `trace_slices` says how much memory they take.
const _: () = assert!(size_of::<Slice>() <= 80);

/// The ring.
#[derive(Debug)]
pub struct Slices {
    ring: Vec<Slice>,
    max: usize,
    /// The place of the oldest, once the ring is full.
    oldest: usize,
    /// Slices that are lost, for newer ones took their places.
    lost: u64,
    /// The connection, and the bytes, of the present phase.
    carried: (Option<Remote>, u32),
    /// The connection that is being served, since when, and the lines handled before.
    serving: Option<(Option<Remote>, Mono, u64)>,
}

/// Slices that were taken out of the ring, in no order.
#[derive(Debug)]
pub struct Recording {
    pub slices: Vec<Slice>,
    pub lost: u64,
}

impl Slice {
    /// A part of a turn, or a turn, or a wait.
    fn of_loop(what: What, start: Mono, end: Mono) -> Slice {
        Slice {
            what,
            track: Track::Loop,
            start,
            end,
            remote: None,
            bytes: 0,
            count: 0,
        }
    }
}

impl Default for Slices {
    fn default() -> Slices {
        Slices::new(LIMITS.trace_slices)
    }
}

impl Slices {
    /// A ring of `max` slices.
    pub fn new(max: usize) -> Slices {
        Slices {
            ring: Vec::with_capacity(max),
            max,
            oldest: 0,
            lost: 0,
            carried: (None, 0),
            serving: None,
        }
    }

    /// Keeps a slice; the oldest makes room for it.
    pub fn push(&mut self, slice: Slice) {
        if self.ring.len() < self.max {
            self.ring.push(slice);
        } else {
            self.ring[self.oldest] = slice;
            self.oldest = (self.oldest + 1) % self.max;
            self.lost += 1;
        }
    }

    /// The loop waited.
    pub fn wait(&mut self, start: Mono, end: Mono) {
        self.push(Slice::of_loop(What::Wait, start, end));
    }

    /// A turn is over. It had this number of events.
    pub fn turn(&mut self, start: Mono, end: Mono, events: usize) {
        self.push(Slice {
            count: events as u32,
            ..Slice::of_loop(What::Turn, start, end)
        });
    }

    /// A phase is over.
    pub fn phase(&mut self, phase: Phase, start: Mono, end: Mono) {
        let (remote, bytes) = std::mem::take(&mut self.carried);
        self.push(Slice {
            remote,
            bytes,
            ..Slice::of_loop(What::Phase(phase), start, end)
        });
    }

    /// The present phase has read bytes from a connection, or written them to it.
    pub fn carry(&mut self, remote: Option<Remote>, bytes: usize) {
        self.carried = (remote, bytes as u32);
    }

    /// A connection begins to be served; the node has handled `lines` so far.
    pub fn begin_serving(&mut self, remote: Option<Remote>, now: Mono, lines: u64) {
        self.serving = Some((remote, now, lines));
    }

    /// It is served: `bytes` were read from it.
    pub fn end_serving(&mut self, now: Mono, bytes: usize, lines: u64) {
        if let Some((remote, start, before)) = self.serving.take() {
            self.push(Slice {
                remote,
                bytes: bytes as u32,
                count: (lines - before) as u32,
                ..Slice::of_loop(What::Serve, start, now)
            });
        }
    }

    /// Takes everything out, and leaves a ring with this room, or with new room if there is none.
    pub fn take(&mut self, room: Option<Vec<Slice>>) -> Recording {
        let mut room = room.unwrap_or_else(|| Vec::with_capacity(self.max));
        room.clear();
        let slices = std::mem::replace(&mut self.ring, room);
        let lost = std::mem::take(&mut self.lost);
        self.oldest = 0;
        Recording { slices, lost }
    }
}

/// When a worker did a job, and which worker.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    track: Track,
    start: Mono,
    end: Mono,
}

impl From<Span> for Slice {
    fn from(span: Span) -> Slice {
        Slice {
            what: What::Job,
            track: span.track,
            ..Slice::of_loop(What::Job, span.start, span.end)
        }
    }
}

/// Work for a pool that says when it was done, if there is a clock to read. `track` is asked on the
/// worker.
pub fn timed<J, R>(
    clock: Option<Clock>,
    track: impl Fn() -> Track,
    work: impl Fn(&J) -> R,
) -> impl Fn(&J) -> (R, Option<Span>) {
    move |job| {
        let start = clock.map(|clock| clock.mono());
        let result = work(job);
        let span = clock.zip(start).map(|(clock, start)| Span {
            track: track(),
            start,
            end: clock.mono(),
        });
        (result, span)
    }
}

/// The track of the worker that calls this.
pub fn of_places() -> Track {
    Track::Places(threads::number())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(recording: &Recording) -> Vec<u64> {
        let mut starts: Vec<u64> = recording.slices.iter().map(|it| it.start.0).collect();
        starts.sort_unstable();
        starts
    }

    #[test]
    fn a_ring_keeps_the_newest_and_says_how_many_it_lost() {
        let mut slices = Slices::new(4);
        let room = slices.ring.capacity();
        (0..3).for_each(|at| slices.wait(Mono(at), Mono(at)));
        let first = slices.take(None);
        assert_eq!((starts(&first), first.lost), (vec![0, 1, 2], 0));
        (0..1000).for_each(|at| slices.wait(Mono(at), Mono(at)));
        assert_eq!(slices.ring.capacity(), room, "it does not grow");
        let second = slices.take(Some(first.slices));
        assert_eq!(starts(&second), [996, 997, 998, 999]);
        assert_eq!(second.lost, 996);
        // The room of the first is used again, and nothing of the second is left.
        assert_eq!(slices.ring.capacity(), room);
        slices.wait(Mono(7), Mono(7));
        let third = slices.take(None);
        assert_eq!((starts(&third), third.lost), (vec![7], 0));
    }

    #[test]
    fn what_was_carried_belongs_to_one_phase() {
        let mut slices = Slices::new(4);
        let remote = Some(Remote::Neighbour(crate::units::PeerId(1)));
        slices.carry(remote, 70);
        slices.phase(Phase::Read, Mono(0), Mono(1));
        slices.phase(Phase::Node, Mono(1), Mono(2));
        let slices = slices.take(None).slices;
        assert_eq!((slices[0].remote, slices[0].bytes), (remote, 70));
        assert_eq!((slices[1].remote, slices[1].bytes), (None, 0));
    }
}
