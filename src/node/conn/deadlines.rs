//! The timestamps by which a client's time-outs are judged.

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
    /// The line is complete, or none had begun.
    pub fn line_ended(&mut self) {
        self.line = NEVER;
    }

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

    /// The socket took `count` bytes, and more are left or not.
    pub fn written(&mut self, now: Mono, count: usize, is_left: bool) {
        if !is_left {
            self.taken = NEVER;
        } else if count > 0 || self.taken == NEVER {
            self.taken = now;
        }
    }
}
