//! The timestamps by which a client's time-outs and its idleness are judged.

use crate::units::Mono;

/// The timestamps of one connection.
#[derive(Debug)]
pub struct Deadlines {
    /// When the incomplete line began. While reading is paused this holds the line's age instead:
    /// time spent paused does not count against the client.
    pub line: Mono,
    /// When the socket last took a part of the unsent bytes, or first took none.
    pub taken: Mono,
    /// When the timer expires.
    pub timer: Mono,
}

/// A coarse time: in steps of 17 ms it takes four bytes for two years, and idle connections are to
/// be small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(u32);

impl Stamp {
    const SHIFT: u32 = 24;

    /// The step of a time.
    pub fn of(at: Mono) -> Stamp {
        Stamp((at.0 >> Stamp::SHIFT) as u32)
    }

    /// Nanoseconds since then, to a step.
    pub fn age(self, now: Mono) -> u64 {
        let steps = Stamp::of(now).0.wrapping_sub(self.0);
        u64::from(steps) << Stamp::SHIFT
    }
}

/// There is nothing to wait for.
pub const NEVER: Mono = Mono(u64::MAX);

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            line: NEVER,
            taken: NEVER,
            timer: NEVER,
        }
    }
}

impl Deadlines {
    /// A line has begun, unless it had before.
    pub fn line_began(&mut self, now: Mono, paused: bool) {
        if self.line == NEVER {
            self.line = if paused { Mono(0) } else { now };
        }
    }

    /// Reading was paused or resumed: the line's time becomes its age, or its age a time. Either
    /// is how far the other is from now.
    pub fn turned(&mut self, now: Mono) {
        if self.line != NEVER {
            self.line = Mono(now.since(self.line));
        }
    }

    /// The last write left bytes that the socket did not take.
    pub fn is_blocked(&self) -> bool {
        self.taken != NEVER
    }

    /// The socket took `count` bytes, and more are left or not.
    pub fn written(&mut self, now: Mono, count: usize, is_left: bool) {
        if !is_left {
            self.taken = NEVER;
        } else if count > 0 || self.taken == NEVER {
            self.taken = now;
        }
    }
}
