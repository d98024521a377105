//! The log of a node, as text: a line per event, RFC 3339 UTC, strangers' bytes escaped.
//!
//! The node knows no log sink. Its lines gather here, in the order of the events, and the shell
//! takes them all once per turn. Below the level nothing is formatted.

use std::fmt::{self, Write};

use crate::units::Wall;

/// How much a line matters, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Somebody should look at it.
    Warn,
    /// What came, what went, and why.
    Info,
    /// Heartbeats that say nothing new.
    Debug,
}

/// Lines that are not taken yet.
#[derive(Debug)]
pub struct Notes {
    text: String,
    /// The least that is noted; none: nothing at all.
    level: Option<Level>,
    wall: Wall,
}

impl Notes {
    /// Notes of `level` and above.
    pub fn new(level: Option<Level>) -> Notes {
        Notes {
            text: String::new(),
            level,
            wall: Wall(0),
        }
    }

    /// What follows happens at `wall`.
    pub fn set_time(&mut self, wall: Wall) {
        self.wall = wall;
    }

    /// Whether a line of `level` would be noted.
    pub fn has(&self, level: Level) -> bool {
        self.level.is_some_and(|most| level <= most)
    }

    /// Notes a line. `line` has no LF: strangers' bytes come as [`Escaped`].
    pub fn note(&mut self, level: Level, line: fmt::Arguments<'_>) {
        if !self.has(level) {
            return;
        }
        let name = match level {
            Level::Error => "ERROR",
            Level::Warn => "WARN",
            Level::Info => "INFO",
            Level::Debug => "DEBUG",
        };
        // Writing to a String never fails.
        let _ = writeln!(self.text, "{} [{name}] {line}", self.wall);
    }

    /// Notes a line that came from `who`.
    pub fn heard(&mut self, level: Level, who: impl fmt::Display, line: &[u8]) {
        self.note(level, format_args!("{who} < {}", Escaped(line)));
    }

    /// Notes a line that goes to `who`, its LF left out.
    pub fn told(&mut self, level: Level, who: impl fmt::Display, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.note(level, format_args!("{who} > {}", Escaped(line)));
    }

    /// All lines that are not taken yet, each with its LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// They are taken.
    pub fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEPT_MAX);
    }
}

/// So much memory is kept for the next turn's lines, in bytes.
const KEPT_MAX: usize = 64 << 10;

/// A stranger's bytes, made fit for a log: printable ASCII as it is but for the backslash, all
/// else as `\t`, `\r`, `\n`, `\\` or `\xff`.
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
        let mut bytes = self.0;
        while !bytes.is_empty() {
            let run = bytes.iter().take_while(|byte| plain(byte)).count();
            let (clean, rest) = bytes.split_at(run);
            f.write_str(std::str::from_utf8(clean).unwrap_or_default())?;
            if let Some(byte) = rest.first() {
                write!(f, "{}", std::ascii::escape_default(*byte))?;
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_time_a_level_and_escaped_bytes() {
        let mut notes = Notes::new(Some(Level::Info));
        notes.set_time(Wall(1_520_023_935_182_228_999));
        notes.heard(Level::Info, "Hands", b"a \"b\" \\ \xff\x1b[2J\tc\r");
        notes.heard(Level::Debug, "Hands", b"MARK");
        notes.told(Level::Warn, "::1", b"? x\n");
        assert_eq!(
            notes.text(),
            "2018-03-02T20:52:15.182228999Z [INFO] Hands < a \"b\" \\\\ \\xff\\x1b[2J\\tc\\r\n\
             2018-03-02T20:52:15.182228999Z [WARN] ::1 > ? x\n"
        );
        notes.clear();
        assert_eq!(notes.text(), "");
    }

    #[test]
    fn nothing_is_noted_when_it_is_off() {
        let mut notes = Notes::new(None);
        notes.note(Level::Error, format_args!("x"));
        assert_eq!(notes.text(), "");
    }
}
