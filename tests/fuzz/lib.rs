//! The bodies of the targets, as `cargo test` runs them over the corpora too.

// The lints of tests.
#![allow(clippy::unwrap_used)]

#[path = "../support/fuzz/mod.rs"]
pub mod fuzz;
#[path = "../support/model.rs"]
pub mod model;
