//! Pages to read beside the code.

#[doc = include_str!("protocol.md")]
pub mod protocol {}
