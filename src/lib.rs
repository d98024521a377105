//! The herd.

pub mod buffers;
pub mod cli;
pub mod logging;
pub mod node;
pub mod places;
pub mod reactor;
pub mod topology;
pub mod units;
pub mod wire;
