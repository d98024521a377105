//! The simulator: a herd of real `Node`s, hours of bad weather in a millisecond, and everything
//! that must be true whatever happened.
//!
//! A seed decides all of it ([`Plan`]): the herd, the limits, delays, what is cut, killed, frozen
//! and forgotten, and what clients say. [`run`] lets it happen, heals everything, and checks that
//! the herd agrees, that nothing was lost and nothing leaks. The same seed is the same run.
//!
//! The stories of `tests/scripts` run the same [`Shell`](crate::support::shell::Shell) over the
//! same [`Network`](crate::support::wire::Network), where nothing takes time and every server has a
//! turn in every round, so that a person can foresee it. Here things take time, and a server has a
//! turn only when something happened to it, so that a thousand runs take seconds.

mod acting;
pub mod bad_lines;
mod cable;
mod checks;
mod clock;
mod clocks;
mod entry;
mod faults;
mod garble;
mod guest;
pub mod hub;
mod journals;
mod network;
mod plan;
mod random;
pub mod runner;
pub mod scale;
mod shows;
pub mod steady;
mod trace;
pub mod troubles;
mod visit;
mod visiting;
mod watcher;
mod watching;
mod whole;
mod words;
mod world;

use std::fmt;

pub use checks::run;
pub use plan::Plan;

/// A check that failed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The name of the check.
    pub check: &'static str,
    /// The evidence.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.what)
    }
}
