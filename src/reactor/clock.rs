//! The only room that reads clocks. Both are read through the vDSO: no system call (vdso(7)).

use std::io;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::units::{Mono, Now, SECOND, Wall};

/// The clocks of this process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// Wall-clock time at monotonic zero, as of the last [`Clock::set`].
    wall: Wall,
}

/// The monotonic clock in microseconds, as the other processes of this machine read it.
///
/// # Errors
/// The kernel's.
pub fn machine_us() -> io::Result<i64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
    Ok(now.tv_sec() * 1_000_000 + now.tv_nsec() / 1_000)
}

/// The processor time that this thread has used, in nanoseconds. This is a system call.
///
/// # Errors
/// The kernel's.
pub fn thread_ran() -> io::Result<u64> {
    let ran = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    Ok(ran.tv_sec() as u64 * SECOND + ran.tv_nsec() as u64)
}

/// The wall clock, for a line of the log that no event of the loop has a time for.
pub fn wall() -> Wall {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Wall(since.as_nanos() as i128),
        Err(before) => Wall(-(before.duration().as_nanos() as i128)),
    }
}

impl Clock {
    /// Monotonic time begins here, at 0.
    pub fn start() -> Clock {
        let mut clock = Clock {
            start: Instant::now(),
            wall: Wall(0),
        };
        clock.set();
        clock
    }

    /// Reads the monotonic clock.
    pub fn mono(&self) -> Mono {
        Mono(self.start.elapsed().as_nanos() as u64)
    }

    /// Where zero of the monotonic clock is on that of the machine, in nanoseconds. All processes
    /// have the latter.
    ///
    /// # Errors
    /// The kernel's.
    pub fn zero(&self) -> io::Result<i64> {
        let mut zero = i64::MIN;
        // The process may be interrupted between the two readings, but not each time.
        for _ in 0..5 {
            let machine = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
            let machine = machine.tv_sec() * SECOND as i64 + machine.tv_nsec();
            zero = zero.max(machine - self.mono().0 as i64);
        }
        Ok(zero)
    }

    /// Reads the monotonic clock, and derives the wall clock from it: both have gone on alike since
    /// [`Clock::set`]. That is half the price of reading both.
    pub fn now(&self) -> Now {
        let mono = self.mono();
        let wall = Wall(self.wall.0 + i128::from(mono.0));
        Now { mono, wall }
    }

    /// Reads both clocks. The wall clock may have been put forward or back.
    pub fn set(&mut self) -> Now {
        let wall = wall();
        let mono = self.mono();
        self.wall = Wall(wall.0 - i128::from(mono.0));
        Now { mono, wall }
    }
}
