//! The log of a node, as text: a line per event, RFC 3339 UTC, strangers' bytes escaped; or in the
//! form that systemd's journal reads.
//!
//! The node knows no log sink. Its lines gather here in the order of the events, and the shell
//! takes them all once per turn. A line below the level is not even formatted.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use crate::limits::Limits;
use crate::units::Wall;

/// How much a line matters, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Data or service is lost.
    Error,
    /// Somebody should look at it; or need not any more.
    Warn,
    /// Normal: lines that came and went, connections, links that came up.
    Info,
    /// Heartbeats that say nothing new, and handshakes that fail again and again.
    Debug,
}

/// Lines that the shell has not taken yet.
#[derive(Debug)]
pub struct LogLines {
    text: String,
    /// The least important level that is written; none: nothing is.
    level: Option<Level>,
    /// Systemd's journal has a time of its own for each line, and reads the level as `<4>`.
    is_for_journal: bool,
    wall: Wall,
    /// The time of the last line, with its text: many lines have the same.
    stamp: (Wall, String),
    /// The client of the last line, with its text: many lines in a row are about one client.
    from: Option<(SocketAddr, String)>,
}

impl LogLines {
    /// A log of `level` and above.
    pub fn new(level: Option<Level>) -> LogLines {
        LogLines {
            text: String::new(),
            level,
            is_for_journal: false,
            wall: Wall(0),
            stamp: (Wall(0), Wall(0).to_string()),
            from: None,
        }
    }

    /// The lines that follow are for systemd's journal.
    pub fn go_to_journal(&mut self) {
        self.is_for_journal = true;
    }

    /// Sets the time of the lines that follow.
    pub fn set_time(&mut self, wall: Wall) {
        self.wall = wall;
    }

    /// Whether a line of `level` would be written.
    pub fn has(&self, level: Level) -> bool {
        self.level.is_some_and(|most| level <= most)
    }

    /// Writes a line, given without LF. Strangers' bytes must come by [`LogLines::line`].
    pub fn write(&mut self, level: Level, line: fmt::Arguments<'_>) {
        if self.begin(level) {
            // Writing to a String never fails.
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// Writes a line of a client: one that came from it (`<`) or goes to it (`>`).
    pub fn client(&mut self, level: Level, from: SocketAddr, way: char, line: &[u8]) {
        let known = self.from.take().filter(|(known, _)| *known == from);
        let (from, who) = known.unwrap_or_else(|| (from, from.to_string()));
        self.line(level, &who, way, line);
        self.from = Some((from, who));
    }

    /// Writes the echo of a client's invalid line, and why it is invalid.
    pub fn echo(&mut self, from: SocketAddr, echo: &[u8], why: impl fmt::Display) {
        if self.has(Level::Info) {
            self.client(Level::Info, from, '>', echo);
            self.text.pop();
            let _ = writeln!(self.text, " ({why})");
        }
    }

    /// Writes a line that came from `who` (`<`) or goes there (`>`), without its LF. There are two
    /// for each request, so this does without the machinery of formatting.
    pub fn line(&mut self, level: Level, who: &str, way: char, line: &[u8]) {
        if self.begin(level) {
            self.text.push_str(who);
            self.text.extend([' ', way, ' ']);
            escape(line.strip_suffix(b"\n").unwrap_or(line), &mut self.text);
            self.text.push('\n');
        }
    }

    /// Writes the time and the level. False: the level is too low.
    fn begin(&mut self, level: Level) -> bool {
        if !self.has(level) {
            return false;
        }
        if self.is_for_journal {
            // As in sd-daemon(3).
            self.text.push_str(match level {
                Level::Error => "<3>",
                Level::Warn => "<4>",
                Level::Info => "<6>",
                Level::Debug => "<7>",
            });
            return true;
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

    /// The lines since [`LogLines::clear`], each with its LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Forgets the lines: they are written.
    pub fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(Limits::PRODUCT.kept_capacity);
    }
}

/// The start of a stranger's text, made fit for the log.
pub fn shown(text: &[u8]) -> String {
    let most = Limits::PRODUCT.refusal_text;
    text[..text.len().min(most)].escape_ascii().to_string()
}

/// Appends a stranger's bytes, made fit for a log: printable ASCII except the backslash stays, and
/// all else becomes `\t`, `\r`, `\n`, `\\` or `\xff`.
fn escape(mut bytes: &[u8], text: &mut String) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') & (*byte != b'\\');
    // Most lines are plain, and looking at all bytes is cheaper than stopping at the first odd one.
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
        let mut log = LogLines::new(Some(Level::Info));
        log.set_time(Wall(1_520_023_935_182_228_999));
        log.line(Level::Info, "Hands", '<', b"a \"b\" \\ \xff\x1b[2J\tc\r");
        log.line(Level::Debug, "Hands", '<', b"MARK");
        log.line(Level::Warn, "::1", '>', b"? x\n");
        assert_eq!(
            log.text(),
            "2018-03-02T20:52:15.182228999Z [INFO] Hands < a \"b\" \\\\ \\xff\\x1b[2J\\tc\\r\n\
             2018-03-02T20:52:15.182228999Z [WARN] ::1 > ? x\n"
        );
        log.clear();
        assert_eq!(log.text(), "");
        log.go_to_journal();
        log.line(Level::Info, "Hands", '<', b"a\nb");
        log.write(Level::Warn, format_args!("x"));
        assert_eq!(log.text(), "<6>Hands < a\\nb\n<4>x\n");
    }

    #[test]
    fn nothing_is_written_when_it_is_off() {
        let mut log = LogLines::new(None);
        log.write(Level::Error, format_args!("x"));
        assert_eq!(log.text(), "");
    }
}
