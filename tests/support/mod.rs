//! What several test programs share.

// Each test program compiles all of it and uses only a part.
#![allow(dead_code)]
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

pub mod endpoint;
pub mod net;
pub mod script;
pub mod shell;
pub mod sim;
pub mod story;
pub mod world;
