//! Helpers that several test programs share.

// Each test program compiles all of it and uses only a part, and none exports anything.
#![allow(dead_code, unreachable_pub)]
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

pub mod client;
pub mod disk;
pub mod endpoint;
pub mod fuzz;
pub mod herd;
pub mod kernel;
pub mod manager;
pub mod mixed;
pub mod model;
pub mod order;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod random;
pub mod relay;
pub mod screen;
pub mod sheet;
pub mod shell;
pub mod shown;
pub mod space;
pub mod stories;
pub mod tls;
pub mod trace;
pub mod wait;
pub mod wire;
