//! A book about event loops, taught beside asyncio's.
//!
//! Each chapter is a question. It says what asyncio does, in the words of your own installation,
//! then what this program does, in its own code. It has an experiment, a program that gets it
//! wrong, and exercises that say when they are solved.
//!
//! - 0\. [A dictionary](c00_dictionary): the words of asyncio, and what they are here.
//! - 1\. [Waiting](c01_waiting): what does a server do while nothing happens?
//! - 2\. [The door](c02_door): twenty clients come at once. How many come in?
//! - 3\. [Edges](c03_edges): the kernel says "readable". How often does it say so?
//! - 6\. [Who waits for whom](c06_marks): the client does not read. Who waits?
//! - 13\. [The flood](c13_flood): how does news reach every server, and how does it ever end?

#[doc = include_str!("c00_dictionary.md")]
///
/// ---
/// [Contents](self) · next: [waiting](c01_waiting)
pub mod c00_dictionary {}

#[doc = include_str!("c01_waiting.md")]
///
/// ---
/// [Contents](self) · before: [a dictionary](c00_dictionary) · next: [the door](c02_door)
pub mod c01_waiting {}

#[doc = include_str!("c02_door.md")]
///
/// ---
/// [Contents](self) · before: [waiting](c01_waiting) · next: [edges](c03_edges)
pub mod c02_door {}

#[doc = include_str!("c03_edges.md")]
///
/// ---
/// [Contents](self) · before: [the door](c02_door) · next: [who waits for whom](c06_marks)
pub mod c03_edges {}

#[doc = include_str!("c06_marks.md")]
///
/// ---
/// [Contents](self) · before: [edges](c03_edges) · next: [the flood](c13_flood)
pub mod c06_marks {}

#[doc = include_str!("c13_flood.md")]
///
#[doc = include_str!("pictures/floods.svg")]
///
#[doc = include_str!("pictures/ladder.svg")]
///
/// ---
/// [Contents](self) · before: [who waits for whom](c06_marks)
pub mod c13_flood {}
