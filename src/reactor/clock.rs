//! The only room that reads clocks. Both are read through the vDSO: no system call (vdso(7)).

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::units::{Mono, Now, Wall};

/// The clocks of this process.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Monotonic time begins here, at 0.
    pub fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// What the monotonic one says: half the price.
    pub fn mono(&self) -> Mono {
        Mono(self.start.elapsed().as_nanos() as u64)
    }

    /// What both clocks say.
    pub fn now(&self) -> Now {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        };
        Now {
            mono: self.mono(),
            wall: Wall(wall),
        }
    }
}
