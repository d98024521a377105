//! The log: a file that is appended to, one line per event, flushed once per turn of the loop.
//!
//! Two kinds of lines meet in it: the node's, which come as text, and those of everything else,
//! which go through the `log` macros. Both are RFC 3339 UTC, `[LEVEL]`, text. The file stands
//! behind a buffer, because simplelog over a bare file makes a system call of every word.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use log::LevelFilter;
use simplelog::{ConfigBuilder, LevelPadding, WriteLogger};

/// Lines of one turn that are gathered before they are written, in bytes. A turn with more writes
/// more often.
const BUFFER: usize = 64 << 10;

/// A handle of the log file. All handles write to the same buffer.
#[derive(Clone)]
pub struct Log(Arc<Mutex<BufWriter<File>>>);

/// Opens the log at `path` and sends the `log` macros there from now on. Lines of `level` and
/// above are kept; the HTTP client's, whose trace shows keys, never are.
///
/// # Errors
/// When the file cannot be written, or a log is open already.
pub fn open(path: &Path, level: LevelFilter) -> io::Result<Log> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let log = Log(Arc::new(Mutex::new(BufWriter::with_capacity(BUFFER, file))));
    let config = ConfigBuilder::new()
        .set_time_format_rfc3339()
        .set_thread_level(LevelFilter::Off)
        .set_target_level(LevelFilter::Off)
        .set_location_level(LevelFilter::Off)
        .set_level_padding(LevelPadding::Off)
        .add_filter_ignore_str("ureq")
        .add_filter_ignore_str("rustls")
        .build();
    WriteLogger::init(level, config, log.clone()).map_err(io::Error::other)?;
    Ok(log)
}

/// A panic is a line of the log, not a text on somebody's terminal; and the lines before it are
/// written, for the logger is never dropped.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string().replace('\n', " ");
        log::error!("{text}");
        log::logger().flush();
    }));
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()
    }
}
