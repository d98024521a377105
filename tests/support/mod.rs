//! What the tests share.

#![allow(dead_code)] // each test binary uses only a part

pub mod net;
pub mod script;
pub mod shell;
pub mod story;
pub mod world;
