//! The house rules that a compiler does not know: who may use whom, which words belong in which
//! room, how large a file, a function and a type may be, how a comment reads, that what prose
//! names is there, that a command is wherever commands are, and that every limit is read.

#![allow(clippy::unwrap_used)] // A test that cannot read its files fails, and says where.

mod circles;
mod commands;
mod items;
mod limits;
mod names;
mod pages;
mod paths;
mod prose;
mod rooms;
mod sizes;
mod source;
mod syntax;
