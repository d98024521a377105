//! The lines of everything but the node, which come through the `log` macros, in the shape that the
//! node gives its own: RFC 3339 UTC with nine digits, `[LEVEL]`, text.

use log::{LevelFilter, Metadata, Record};

use super::Log;
use crate::units::Wall;

/// Crates that never write to the log: the trace of the HTTP client shows keys.
const SILENT: [&str; 2] = ["ureq", "rustls"];

/// The sink of the `log` macros.
pub struct Logger {
    pub log: Log,
    /// Lines of this level and above are kept.
    pub level: LevelFilter,
    /// The time of a line.
    pub now: fn() -> Wall,
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.level() <= self.level && !SILENT.iter().any(|it| target.starts_with(it))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = line((self.now)(), record);
            self.log.push(line.as_bytes());
        }
    }

    fn flush(&self) {
        self.log.write_out(b"");
    }
}

/// A record as one line, whatever its text holds.
fn line(now: Wall, record: &Record<'_>) -> String {
    let text = record.args().to_string().replace(['\r', '\n'], " ");
    format!("{now} [{}] {text}\n", record.level())
}

#[cfg(test)]
mod tests {
    use log::{Level, Log as _};

    use super::*;

    #[test]
    fn a_line_has_nine_digits_a_level_and_one_end() {
        let args = format_args!("two\nlines");
        let record = Record::builder().level(Level::Warn).args(args).build();
        let now = Wall(1_520_023_935_182_000_000);
        let want = "2018-03-02T20:52:15.182000000Z [WARN] two lines\n";
        assert_eq!(line(now, &record), want);
    }

    #[test]
    fn the_http_client_and_lower_levels_are_silent() {
        let logger = Logger {
            log: Log::default(),
            level: LevelFilter::Info,
            now: || Wall(0),
        };
        for (target, level, want) in [
            ("herd::reactor", Level::Info, true),
            ("herd::reactor", Level::Debug, false),
            ("ureq::run", Level::Error, false),
            ("rustls", Level::Warn, false),
        ] {
            let metadata = Metadata::builder().target(target).level(level).build();
            assert_eq!(logger.enabled(&metadata), want, "{target} {level}");
        }
    }
}
