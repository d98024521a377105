//! The program itself: real processes on free ports of 127.0.0.1, and the providers that answer
//! its lookups.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod ask;
mod bench;
mod cli;
mod herd;
mod host;
mod journal;
mod load;
mod make;
mod offline;
mod places;
mod sample;
mod trace;
mod up;
mod watch;
mod web;
