//! The simulator: a herd of real `Node`s, hours of bad weather in a millisecond, and everything
//! that must be true whatever happened.
//!
//! A seed decides all of it ([`Plan`]): the herd, the limits, delays, what is cut, killed, frozen
//! and forgotten, and what clients say. [`run`] lets it happen, heals everything, and checks that
//! the herd agrees, that nothing was lost and nothing leaks. The same seed is the same run.
//!
//! The stories of `tests/scripts` have a world of their own, where nothing takes time and every
//! server has a turn in every round, so that a person can foresee it. Here things take time, and
//! only whom something happened to has a turn, so that a thousand runs take seconds.

mod acting;
mod checks;
mod clock;
mod faults;
mod guest;
mod journals;
mod network;
mod plan;
mod random;
pub mod runner;
pub mod scale;
mod server;
mod trace;
mod visit;
mod visiting;
mod wire;
mod world;

use std::fmt;

pub use checks::run;
pub use plan::Plan;

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which check.
    pub check: &'static str,
    /// What it saw.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}
