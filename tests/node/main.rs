//! A node, or a few of them, without any I/O: the stories of `tests/scripts`, and what is easier to
//! try by hand.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod foreign;
mod idle;
mod link;
mod names;
mod patience;
mod refusal;
mod relink;
mod secret;
mod stories;
mod undelayed;
mod watch;
