//! The lines of everything but the node, which come through the `log` macros, in the shape that the
//! node gives its own: RFC 3339 UTC with nine digits, `[LEVEL]`, text; or for systemd's journal the
//! level as `<4>`, and text.

use log::{Level, LevelFilter, Metadata, Record};

use super::sink::Log;
use crate::units::Wall;

/// Crates that never write to the log: the trace of the HTTP client shows keys.
const SILENT: [&str; 2] = ["ureq", "rustls"];

/// The sink of the `log` macros.
pub struct Logger {
    pub log: Log,
    /// Lines of this level and above are kept.
    pub level: LevelFilter,
    /// They have the form that systemd's journal reads.
    pub is_for_journal: bool,
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
            let now = (!self.is_for_journal).then(self.now);
            let line = line(now, record);
            self.log.push(line.as_bytes());
        }
    }

    fn flush(&self) {
        self.log.write_out(b"");
    }
}

/// A record as one line, whatever its text holds. Without a time it is one for the journal.
fn line(now: Option<Wall>, record: &Record<'_>) -> String {
    let text = record.args().to_string().replace(['\r', '\n'], " ");
    let level = record.level();
    match now {
        Some(now) => format!("{now} [{level}] {text}\n"),
        None => format!("<{}>{text}\n", priority(level)),
    }
}

/// As in sd-daemon(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use log::Log as _;

    use super::*;

    #[test]
    fn a_line_has_nine_digits_a_level_and_one_end() {
        let args = format_args!("two\nlines");
        let record = Record::builder().level(Level::Warn).args(args).build();
        let now = Wall(1_520_023_935_182_000_000);
        let want = "2018-03-02T20:52:15.182000000Z [WARN] two lines\n";
        assert_eq!(line(Some(now), &record), want);
        assert_eq!(line(None, &record), "<4>two lines\n");
    }

    #[test]
    fn the_http_client_and_lower_levels_are_silent() {
        let logger = Logger {
            log: Log::default(),
            level: LevelFilter::Info,
            is_for_journal: false,
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
