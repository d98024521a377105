//! A book about event loops, taught beside asyncio's.
//!
//! Each chapter is a question. It says what asyncio does, in the words of your own installation,
//! then what this program does, in its own code. It has an experiment, a program that gets it
//! wrong, and exercises that say when they are solved.
//!
//! - 0\. [A dictionary](c00_dictionary): the words of asyncio, and what they are here.
//! - 4\. [Lines](c04_lines): where does a message end?
//! - 5\. [Writing, and the end](c05_writing): when has an answer been sent?
//! - 7\. [Fairness](c07_fairness): how long may one client keep all others waiting?
//! - 8\. [Names](c08_names): whose event is this?
//! - 9\. [Time](c09_time): how does a server wake for something that nobody sends?
//! - 13\. [The flood](c13_flood): how does news reach every server, and how does it ever end?

#[doc = include_str!("c00_dictionary.md")]
///
/// ---
/// [Contents](self) · next: [lines](c04_lines)
pub mod c00_dictionary {}

#[doc = include_str!("c04_lines.md")]
///
/// ---
/// [Contents](self) · before: [a dictionary](c00_dictionary) · next: [writing](c05_writing)
pub mod c04_lines {}

#[doc = include_str!("c05_writing.md")]
///
/// ---
/// [Contents](self) · before: [lines](c04_lines) · next: [fairness](c07_fairness)
pub mod c05_writing {}

#[doc = include_str!("c07_fairness.md")]
///
/// ---
/// [Contents](self) · before: [writing](c05_writing) · next: [names](c08_names)
pub mod c07_fairness {}

#[doc = include_str!("c08_names.md")]
///
/// ---
/// [Contents](self) · before: [fairness](c07_fairness) · next: [time](c09_time)
pub mod c08_names {}

#[doc = include_str!("c09_time.md")]
///
/// ---
/// [Contents](self) · before: [names](c08_names) · next: [the flood](c13_flood)
pub mod c09_time {}

#[doc = include_str!("c13_flood.md")]
///
/// ---
/// [Contents](self) · before: [time](c09_time)
pub mod c13_flood {}
