//! What several test programs share.

// Each test program compiles all of it and uses only a part.
#![allow(dead_code)]
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

pub mod client;
pub mod endpoint;
pub mod fuzz;
pub mod herd;
pub mod model;
pub mod net;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod random;
pub mod script;
pub mod shell;
pub mod story;
pub mod wait;
pub mod world;
