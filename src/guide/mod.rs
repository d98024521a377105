//! Pages to read beside the code.
//!
//! The [book](book) teaches an event loop beside asyncio's: fourteen chapters, each a question, an
//! experiment and a program that gets it wrong.
//!
//! The manual says how to use this program, and how it is made:
//!
//! 1. [The way of a command](way): an IAMAT and a WHATSAT, function by function.
//! 2. [The protocol](protocol): the words on the wire, and what each side may rely on.
//! 3. [Running a herd](running): the topology, keys, the secret, the journal, signals, status.
//! 4. [Watching it](watching): each change as it happens, and its way from server to server.
//! 5. [The way of an update](trace): which server heard it when, and from whom.
//! 6. [Turns](turns): where the time of the loop goes, and what made a turn slow.
//! 7. [The page and HTTP](web): a herd in a browser, and for programs that speak HTTP.
//! 8. [Limits](limits): the bounds of a server, why each exists, and what happens at it.
//! 9. [Performance](performance): the figures, beside asyncio, Redis and a bare echo.
//! 10. [The simulator](simulator): the herd in bad weather, and the bugs planted to test it.
//! 11. [Faults](faults): the herd under attack, and what was measured.
//! 12. [Playing a story](playing): what a server holds after each step, in slow motion.
//! 13. [Changing it](changing): the files of a new command, limit, verb and so on, in order.
//! 14. [Words](words): what a door, a feed or a wave is.
//!
//! The tour of the code begins at the [root of the crate](crate). The picture shows the five
//! servers of `topology.txt` and an update that floods from one of them: the numbers count hops,
//! solid lines carry news, dashed lines carry what the other side knew already.
//!
#![doc = include_str!("herd.svg")]

pub mod book;

#[doc = include_str!("way.md")]
///
/// ---
/// [Contents](self) · next: [the protocol](protocol)
pub mod way {}

#[doc = include_str!("protocol.md")]
///
/// ---
/// [Contents](self) · before: [the way of a command](way) · next: [running a herd](running)
pub mod protocol {}

#[doc = include_str!("running.md")]
///
/// ---
/// [Contents](self) · before: [the protocol](protocol) · next: [watching it](watching)
pub mod running {}

#[doc = include_str!("watching.md")]
///
#[doc = include_str!("book/pictures/skipped.svg")]
///
/// ---
/// [Contents](self) · before: [running a herd](running) · next: [the way of an update](trace)
pub mod watching {}

#[doc = include_str!("trace.md")]
///
#[doc = include_str!("trace.svg")]
///
/// ---
/// [Contents](self) · before: [watching it](watching) · next: [turns](turns)
pub mod trace {}

#[doc = include_str!("turns.md")]
///
#[doc = include_str!("turns.svg")]
///
/// ---
/// [Contents](self) · before: [the way of an update](trace) · next: [the page and HTTP](web)
pub mod turns {}

#[doc = include_str!("web.md")]
///
/// ---
/// [Contents](self) · before: [turns](turns) · next: [limits](limits)
pub mod web {}

#[doc = include_str!("limits.md")]
///
/// ---
/// [Contents](self) · before: [the page and HTTP](web) · next: [performance](performance)
pub mod limits {}

#[doc = include_str!("performance.md")]
///
/// ---
/// [Contents](self) · before: [limits](limits) · next: [the simulator](simulator)
pub mod performance {}

#[doc = include_str!("simulator.md")]
///
/// ---
/// [Contents](self) · before: [performance](performance) · next: [faults](faults)
pub mod simulator {}

#[doc = include_str!("faults.md")]
///
/// ---
/// [Contents](self) · before: [the simulator](simulator) · next: [playing a story](playing)
pub mod faults {}

#[doc = include_str!("playing.md")]
///
#[doc = include_str!("book/pictures/slots.svg")]
///
/// ---
/// [Contents](self) · before: [faults](faults) · next: [changing it](changing)
pub mod playing {}

#[doc = include_str!("changing.md")]
///
/// ---
/// [Contents](self) · before: [playing a story](playing) · next: [words](words)
pub mod changing {}

#[doc = include_str!("words.md")]
///
/// ---
/// [Contents](self) · before: [changing it](changing)
pub mod words {}
