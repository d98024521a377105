//! How a herd is: a client that asks every server for its status, the judgement on the answers, and
//! the ways to show both.
//!
//! A server's answer is a stranger's: its length is bounded, and it is shown escaped.

mod answer;
mod client;
mod comparison;
mod dialogue;
mod health;
mod layout;
mod links;
mod prometheus;
mod summary;
mod survey;
mod table;

pub use client::wait_for;
pub use health::{Health, Level};
pub use survey::Survey;
