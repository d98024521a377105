//! The log of a node, as text: a line per event, RFC 3339 UTC, strangers' bytes escaped.
//!
//! The node knows no log sink. Its lines gather here, in the order of the events, and the shell
//! takes them all once per turn. Below the level nothing is formatted.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use crate::limits::Limits;
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
    /// The time of the last line, and as it was written: many lines have the same.
    stamp: (Wall, String),
    /// Likewise who was in the last line: many lines in a row are of one client.
    from: Option<(SocketAddr, String)>,
}

impl Notes {
    /// Notes of `level` and above.
    pub fn new(level: Option<Level>) -> Notes {
        Notes {
            text: String::new(),
            level,
            wall: Wall(0),
            stamp: (Wall(0), Wall(0).to_string()),
            from: None,
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

    /// Notes a line. `line` has no LF: strangers' bytes come by [`Notes::line`].
    pub fn note(&mut self, level: Level, line: fmt::Arguments<'_>) {
        if self.begin(level) {
            // Writing to a String never fails.
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// Notes a line that came from `who`.
    pub fn heard(&mut self, level: Level, who: &str, line: &[u8]) {
        self.line(level, who, '<', line);
    }

    /// Notes a line that goes to `who`.
    pub fn told(&mut self, level: Level, who: &str, line: &[u8]) {
        self.line(level, who, '>', line);
    }

    /// Notes a line of a client: that came from it (`<`), or goes to it (`>`).
    pub fn client(&mut self, from: SocketAddr, way: char, line: &[u8]) {
        let known = self.from.take().filter(|(known, _)| *known == from);
        let (from, who) = known.unwrap_or_else(|| (from, from.to_string()));
        self.line(Level::Info, &who, way, line);
        self.from = Some((from, who));
    }

    /// Notes a line that came from `who` (`<`), or goes there (`>`), its LF left out. There are two
    /// for each request, so it does without the machinery of formatting.
    pub fn line(&mut self, level: Level, who: &str, way: char, line: &[u8]) {
        if self.begin(level) {
            self.text.push_str(who);
            self.text.extend([' ', way, ' ']);
            escape(line.strip_suffix(b"\n").unwrap_or(line), &mut self.text);
            self.text.push('\n');
        }
    }

    /// Writes when it happens and how much it matters. False: too little.
    fn begin(&mut self, level: Level) -> bool {
        if !self.has(level) {
            return false;
        }
        if self.stamp.0 != self.wall {
            self.stamp.0 = self.wall;
            self.stamp.1.clear();
            let _ = write!(self.stamp.1, "{}", self.wall);
        }
        self.text.push_str(&self.stamp.1);
        self.text.push_str(match level {
            Level::Error => " [ERROR] ",
            Level::Warn => " [WARN] ",
            Level::Info => " [INFO] ",
            Level::Debug => " [DEBUG] ",
        });
        true
    }

    /// All lines that are not taken yet, each with its LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// They are taken.
    pub fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(Limits::PRODUCT.kept_capacity);
    }
}

/// Appends a stranger's bytes, made fit for a log: printable ASCII as it is but for the backslash,
/// all else as `\t`, `\r`, `\n`, `\\` or `\xff`.
fn escape(mut bytes: &[u8], text: &mut String) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') & (*byte != b'\\');
    // All are, mostly; and it takes less to ask all of them than to stop at the first.
    if bytes.iter().fold(true, |all, byte| all & plain(byte)) {
        return text.push_str(str::from_utf8(bytes).unwrap_or_default());
    }
    while let Some(byte) = bytes.first() {
        let run = bytes.iter().take_while(|byte| plain(byte)).count();
        if run == 0 {
            text.extend(std::ascii::escape_default(*byte).map(char::from));
        }
        text.push_str(str::from_utf8(&bytes[..run]).unwrap_or_default());
        bytes = &bytes[run.max(1)..];
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
