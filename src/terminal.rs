//! Text for a terminal: columns, wrapped lines, and words that do nothing to it.

use std::env;
use std::io::{self, IsTerminal, Write};

use rustix::termios::tcgetwinsize;

/// Columns of the narrowest terminal that everything we print is made for.
pub const COLUMNS: usize = 80;

/// Lines of the smallest terminal.
const ROWS: usize = 24;

/// The terminal that standard output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    pub columns: usize,
    pub rows: usize,
    /// It knows more than lines of text: the cursor can move.
    pub has_cursor: bool,
    pub has_colour: bool,
}

impl Screen {
    /// The terminal, as large as it is now; none if standard output is something else.
    pub fn here() -> Option<Screen> {
        let out = io::stdout();
        if !out.is_terminal() {
            return None;
        }
        let size = tcgetwinsize(&out).ok();
        // A serial line says 0.
        let or = |size: Option<u16>, usual| size.filter(|it| *it > 0).map_or(usual, usize::from);
        let has_cursor = env::var_os("TERM").is_some_and(|it| it != "dumb" && !it.is_empty());
        let is_plain = env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
        Some(Screen {
            columns: or(size.map(|it| it.ws_col), COLUMNS),
            rows: or(size.map(|it| it.ws_row), ROWS),
            has_cursor,
            has_colour: has_cursor && !is_plain,
        })
    }

    /// `text` in place of what the screen shows: each line over an old one, and no more of them
    /// than it has.
    pub fn replaced_by(&self, text: &str) -> String {
        let lines = text.lines().take(self.rows.saturating_sub(1));
        let lines: String = lines.map(|line| format!("{line}\x1b[K\n")).collect();
        format!("\x1b[H{lines}\x1b[J")
    }
}

/// A colour of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Magenta = 35,
    Cyan = 36,
}

impl Colour {
    /// `text` in this colour.
    pub fn paint(self, text: &str) -> String {
        format!("\x1b[{}m{text}\x1b[0m", self as u8)
    }
}

/// Writes `text` to standard output in one go. A reader that has gone (`herd check | head -1`) has
/// read enough, so that is no error.
///
/// # Errors
/// When it cannot be written, with the reason as one line.
pub fn print(text: &str) -> Result<(), String> {
    print_bytes(text.as_bytes()).map(drop)
}

/// The same with bytes that may be no text. False: the reader has gone, and whoever has more to say
/// can end.
///
/// # Errors
/// As above.
pub fn print_bytes(bytes: &[u8]) -> Result<bool, String> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(format!("cannot write to standard output: {error}")),
    }
}

/// Seconds, for a person: the two largest units.
pub fn age(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

/// Lays out lines whose cells are separated by tabs: each column is as wide as its widest cell,
/// with two spaces between them and no space at the ends of lines.
pub fn table(text: &str) -> String {
    let mut widths = Vec::new();
    for line in text.lines() {
        for (column, cell) in line.split('\t').enumerate() {
            widths.resize(widths.len().max(column + 1), 0);
            widths[column] = cell.chars().count().max(widths[column]);
        }
    }
    let line = |line: &str| {
        let cells = line.split('\t').zip(&widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        line.trim_end().to_string() + "\n"
    };
    text.lines().map(line).collect()
}

/// The items with commas between them, or `none`.
pub fn list<S: Into<String>>(items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items.into_iter().map(Into::into).collect();
    match items.is_empty() {
        true => "none".to_string(),
        false => items.join(", "),
    }
}

/// Joins `pieces` with `separator` in lines of at most `columns`; a longer piece has its own line.
pub fn wrap<S: AsRef<str>>(
    pieces: impl IntoIterator<Item = S>,
    separator: &str,
    columns: usize,
) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let columns = columns - width(separator.trim_end());
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let piece = piece.as_ref();
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(piece) <= columns => {
                *line += &format!("{separator}{piece}");
                continue;
            }
            Some(line) => *line += separator.trim_end(),
            None => {}
        }
        lines.push(piece.to_string());
    }
    lines
}

/// `text` on one line that does nothing to a terminal: control characters become escapes.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// `word` quoted so that a shell reads it as one word.
pub fn shell_word(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,+@%".contains(&byte);
    match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_their_two_largest_units() {
        let ages = [59, 119, 7_260, 180_000].map(age);
        assert_eq!(ages, ["59 s", "1 min", "2 h 1 min", "2 d 2 h"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = "é\tbb\tc\naaa\t\n\na\tb\tccc\n";
        assert_eq!(table(text), "é    bb  c\naaa\n\na    b   ccc\n");
        assert_eq!(table(""), "");
    }

    #[test]
    fn lines_break_between_pieces() {
        let lines = wrap("a bc def ghijkl m".split(' '), " ", 6);
        assert_eq!(lines, ["a bc", "def", "ghijkl", "m"]);
        assert_eq!(wrap(["a", "b", "c"], ", ", 5), ["a, b,", "c"]);
        assert!(wrap([""; 0], " ", 6).is_empty());
    }

    #[test]
    fn control_characters_are_escaped() {
        let line = "no \"a\\nb\\u{1b}[2J\\u{85}\" here; é is fine";
        assert_eq!(one_line("no \"a\nb\u{1b}[2J\u{85}\" here; é is fine"), line);
    }

    #[test]
    fn a_shell_sees_one_word() {
        for (word, want) in [
            ("/tmp/a-b_c.1", "/tmp/a-b_c.1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(x)", "'$(x)'"),
            ("é", "'é'"),
        ] {
            assert_eq!(shell_word(word), want);
        }
    }
}
