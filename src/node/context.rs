//! The surroundings of every part of the node: the server's identity, its limits, the time, and the
//! places where effects go. No part touches another part's state through it.

use super::admin::Counters;
use super::api::{Ack, Config};
use super::clocks::Clocks;
use super::effects::Effects;
use super::log_lines::LogLines;
use super::random::Random;
use crate::buffers::{BufferPool, Timers};
use crate::limits::{Limit, Limits};
use crate::secret::Secrets;
use crate::units::Now;
use crate::wire::Run;

pub use super::log_lines::Level;
pub use super::timer::Timer;

/// The surroundings of a handler, and its outputs.
#[derive(Debug)]
pub struct Context {
    pub me: Identity,
    pub limits: Limits,
    /// The time of the event that is being handled.
    pub now: Now,
    pub timers: Timers<Timer>,
    pub effects: Effects,
    pub log: LogLines,
    pub counters: Counters,
    pub clocks: Clocks,
    pub random: Random,
    pub pools: Pools,
    /// The process was asked to end.
    pub is_shutting_down: bool,
    /// The grace period of the shutdown is over.
    pub is_grace_over: bool,
}

/// The identity of this server.
#[derive(Debug)]
pub struct Identity {
    pub name: String,
    pub version: String,
    pub run: Run,
    pub ack: Ack,
    pub secret: Option<Secrets>,
}

/// Memory that connections lend each other.
#[derive(Debug)]
pub struct Pools {
    pub outboxes: BufferPool,
    /// Line buffers are smaller than outboxes, so they do not share their memory.
    pub lines: BufferPool,
}

impl Context {
    /// The surroundings of a node that has just started.
    pub fn new(config: Config) -> Context {
        let limits = config.limits;
        assert!(
            0 < limits.outbox_low && limits.outbox_low <= limits.outbox_high,
            "a paused connection would never go on"
        );
        Context {
            me: Identity {
                name: config.name,
                version: config.version,
                run: Run(config.run),
                ack: config.ack,
                secret: config.secret,
            },
            now: Now::default(),
            timers: Timers::default(),
            effects: Effects::default(),
            log: LogLines::new(config.level),
            counters: Counters::default(),
            clocks: Clocks::default(),
            random: Random(config.seed),
            pools: Pools {
                outboxes: BufferPool::new(limits.buffer_pool),
                lines: BufferPool::new(limits.buffer_pool),
            },
            is_shutting_down: false,
            is_grace_over: false,
            limits,
        }
    }

    /// Sets the time of the event that is handled next.
    pub fn set_now(&mut self, now: Now) {
        self.now = now;
        self.log.set_time(now.wall);
    }

    /// Arms a timer to expire `wait` nanoseconds from now.
    pub fn arm(&mut self, timer: Timer, wait: u64) {
        self.timers.set(timer, self.now.mono + wait);
    }

    /// Counts that a limit was met.
    pub fn hit(&mut self, limit: Limit) {
        self.counters.hits.add(limit, self.now.mono);
    }

    /// A number that is used once: 128 bits, 32 hex digits.
    pub fn nonce(&mut self) -> String {
        let number = [self.random.next(), self.random.next()];
        match &self.me.secret {
            Some(secret) => secret.nonce(number),
            None => format!("{:016x}{:016x}", number[0], number[1]),
        }
    }

    /// Logs a line at level INFO.
    pub fn info(&mut self, line: std::fmt::Arguments<'_>) {
        self.log.write(Level::Info, line);
    }
}
