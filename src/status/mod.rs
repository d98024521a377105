//! How a herd is: a client that asks every server for its status, and the ways to show the answers.
//!
//! A server's answer is a stranger's: its length is bounded, and it is shown escaped.

mod answer;
mod call;
mod client;
mod dialogue;
mod table;

pub use answer::{Answer, differing, down, refused, skewed, staying_different, to_json};
pub use client::ask_all;
pub use table::to_tables;
