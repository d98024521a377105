//! The log: a file that is appended to, one line per event, written once per turn of the loop; or
//! standard error in its place.
//!
//! Two kinds of lines meet in it: the node's, which come as text, and those of everything else,
//! which go through the `log` macros. Both are RFC 3339 UTC, `[LEVEL]`, text; in systemd's journal,
//! which has a time and a level of its own for each line, the level as `<4>` and text.
//!
//! A log that cannot be written stops nobody. The failure is said once, on standard error, and kept
//! for [`Log::state`]. Meanwhile lines that do not fit the buffer are dropped whole and counted; a
//! line that the disk took half of is finished first when there is room again. A reader that is
//! slow is no failure until the buffer is full. The log keeps no deadline: its owner calls
//! [`Log::check`] now and then.

mod logger;
mod older;
mod output;
mod place;
mod sink;

use std::io;
use std::path::Path;

use log::LevelFilter;

use crate::units::Wall;
use logger::Logger;
use place::Place;
pub use place::Target;
pub use sink::Log;

/// Opens the log and sends the `log` macros there from now on; without a target, nowhere. Lines of
/// `level` and above are kept, but never those of the HTTP client, whose trace shows keys. `now`
/// reads the wall clock.
///
/// # Errors
/// When the file cannot be written, or a log is open already. A pipe that nobody reads is no error.
pub fn open(target: Option<Target>, level: LevelFilter, now: fn() -> Wall) -> io::Result<Log> {
    let is_for_journal = target.as_ref().is_some_and(is_for_journal);
    let log = Log::new(target.map(Place::open).transpose()?);
    let logger = Logger {
        log: log.clone(),
        level,
        is_for_journal,
        now,
    };
    log::set_boxed_logger(Box::new(logger)).map_err(io::Error::other)?;
    log::set_max_level(level);
    Ok(log)
}

/// Whether lines go to systemd's journal, and have its form.
pub fn is_for_journal(target: &Target) -> bool {
    *target == Target::StandardError && output::is_journal()
}

/// Whether the log at `path` can be written, which makes the file if there is none.
///
/// # Errors
/// When it cannot.
pub fn try_open(path: &Path) -> io::Result<()> {
    let path = path.to_path_buf();
    Place::open(Target::File {
        path,
        max: u64::MAX,
    })
    .map(drop)
}

/// Makes a panic a line of the log instead of a text on the terminal, and writes the lines before
/// it, for the logger is never dropped.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        log::error!("{panic}");
        log::logger().flush();
    }));
}
