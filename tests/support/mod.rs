//! What several test programs share.

// Each test program compiles all of it and uses only a part, and none exports anything.
#![allow(dead_code, unreachable_pub)]
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

pub mod endpoint;
pub mod fuzz;
pub mod model;
pub mod random;
