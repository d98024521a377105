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
//! - 4\. [Lines](c04_lines): where does a message end?
//! - 5\. [Writing, and the end](c05_writing): when has an answer been sent?
//! - 6\. [Water marks](c06_marks): the client does not read. Who waits?
//! - 7\. [Fairness](c07_fairness): how long may one client keep all others waiting?
//! - 8\. [Names](c08_names): whose event is this?
//! - 9\. [Time](c09_time): how does it wake for what nobody sends?
//! - 10\. [Threads for what blocks](c10_threads): the answer takes four seconds. Who waits for it?
//! - 11\. [Order](c11_order): are the answers in the order of the questions?
//! - 12\. [A core without I/O](c12_core): how does one test a loop?
//! - 13\. [The flood](c13_flood): how does news reach every server, and how does it ever end?
//! - 14\. [Cores](c14_cores): would it be faster with threads?
//! - [The steps](steps): twelve programs, from one epoll_wait to two servers, and a probe.
//! - [Exercises](exercises): each with its time, and a grader.

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
#[doc = include_str!("pictures/edges.svg")]
///
/// ---
/// [Contents](self) · before: [the door](c02_door) · next: [lines](c04_lines)
pub mod c03_edges {}

#[doc = include_str!("c04_lines.md")]
///
/// ---
/// [Contents](self) · before: [edges](c03_edges) · next: [writing](c05_writing)
pub mod c04_lines {}

#[doc = include_str!("c05_writing.md")]
///
/// ---
/// [Contents](self) · before: [lines](c04_lines) · next: [water marks](c06_marks)
pub mod c05_writing {}

#[doc = include_str!("c06_marks.md")]
///
#[doc = include_str!("pictures/marks.svg")]
///
/// ---
/// [Contents](self) · before: [writing](c05_writing) · next: [fairness](c07_fairness)
pub mod c06_marks {}

#[doc = include_str!("c07_fairness.md")]
///
#[doc = include_str!("pictures/taking_turns.svg")]
///
/// ---
/// [Contents](self) · before: [water marks](c06_marks) · next: [names](c08_names)
pub mod c07_fairness {}

#[doc = include_str!("c08_names.md")]
///
/// ---
/// [Contents](self) · before: [fairness](c07_fairness) · next: [time](c09_time)
pub mod c08_names {}

#[doc = include_str!("c09_time.md")]
///
#[doc = include_str!("pictures/deadline.svg")]
///
/// ---
/// [Contents](self) · before: [names](c08_names) · next: [threads](c10_threads)
pub mod c09_time {}

#[doc = include_str!("c10_threads.md")]
///
/// ---
/// [Contents](self) · before: [time](c09_time) · next: [order](c11_order)
pub mod c10_threads {}

#[doc = include_str!("c11_order.md")]
///
#[doc = include_str!("pictures/slots.svg")]
///
/// ---
/// [Contents](self) · before: [threads](c10_threads) · next: [a core without I/O](c12_core)
pub mod c11_order {}

#[doc = include_str!("c12_core.md")]
///
/// ---
/// [Contents](self) · before: [order](c11_order) · next: [the flood](c13_flood)
pub mod c12_core {}

#[doc = include_str!("c13_flood.md")]
///
#[doc = include_str!("pictures/floods.svg")]
///
#[doc = include_str!("pictures/ladder.svg")]
///
#[doc = include_str!("pictures/calls.svg")]
///
/// ---
/// [Contents](self) · before: [a core without I/O](c12_core) · next: [cores](c14_cores)
pub mod c13_flood {}

#[doc = include_str!("c14_cores.md")]
///
#[doc = include_str!("pictures/cpu.svg")]
///
#[doc = include_str!("pictures/flame_herd.svg")]
///
#[doc = include_str!("pictures/flame_asyncio.svg")]
///
/// ---
/// [Contents](self) · before: [the flood](c13_flood) · next: [the steps](steps)
pub mod c14_cores {}

#[doc = include_str!("steps.md")]
///
/// ---
/// [Contents](self) · before: [cores](c14_cores) · next: [exercises](exercises)
pub mod steps {}

#[doc = include_str!("exercises.md")]
///
/// ---
/// [Contents](self) · before: [the steps](steps)
pub mod exercises {}
