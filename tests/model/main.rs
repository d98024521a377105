//! Pure functions of the program, tried against slow and obvious models and on whatever a fuzzer
//! once found: no node, no socket, no clock.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod buffers;
mod conn;
mod corpus;
mod feed;
mod wire;
