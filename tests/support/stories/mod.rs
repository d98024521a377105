//! The stories of `tests/scripts`: the interpreter of their commands, and the world in which they
//! happen. The test `node` holds each story to its output, and the example `play` shows one step by
//! step.

pub mod blocks;
pub mod net;
pub mod story;
pub mod tokens;
pub mod world;
