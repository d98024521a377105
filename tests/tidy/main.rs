//! The house rules that a compiler does not know: who may use whom, which words belong in which
//! room, how large a file, a function and a type may be, how a comment reads, and that what prose
//! names is there.

#![allow(clippy::unwrap_used)] // A test that cannot read its files fails, and says where.

mod circles;
mod names;
mod paths;
mod prose;
mod rooms;
mod sizes;
mod source;
mod syntax;
