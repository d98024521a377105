//! A book about event loops, taught beside asyncio's.
//!
//! Each chapter is a question. It says what asyncio does, in the words of your own installation,
//! then what this program does, in its own code. It has an experiment, a program that gets it
//! wrong, and exercises that say when they are solved.
//!
//! Twelve small servers lead up to the loop: [the steps](steps).
//!
//! - 0\. [A dictionary](c00_dictionary): the words of asyncio, and what they are here.
//! - 13\. [The flood](c13_flood): how does news reach every server, and how does it ever end?
//! - [Exercises](exercises): each with its time, and a grader.

#[doc = include_str!("c00_dictionary.md")]
///
/// ---
/// [Contents](self) · next: [the flood](c13_flood)
pub mod c00_dictionary {}

#[doc = include_str!("c13_flood.md")]
///
/// ---
/// [Contents](self) · before: [a dictionary](c00_dictionary) · next: [exercises](exercises)
pub mod c13_flood {}

#[doc = include_str!("exercises.md")]
///
/// ---
/// [Contents](self) · before: [the flood](c13_flood)
pub mod exercises {}

#[doc = include_str!("steps.md")]
///
/// ---
/// [Contents](self) · first chapter: [a dictionary](c00_dictionary)
pub mod steps {}
