//! Lines out of what a child writes: cut to a limit, and readable whatever bytes they hold.

use crate::limits::LIMITS;

/// Splits a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Lines {
    /// The start of a line that has no LF yet.
    partial: Vec<u8>,
}

impl Lines {
    /// Calls `each` with every line that `bytes` complete; no bytes are the end, which completes
    /// the last line.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(String)) {
        let is_end = bytes.is_empty() && !self.partial.is_empty();
        let bytes = if is_end { b"\n" } else { bytes };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = piece.strip_suffix(b"\n");
            let room = LIMITS.child_line - self.partial.len();
            self.partial.extend(line.unwrap_or(piece).iter().take(room));
            if line.is_some() {
                each(String::from_utf8_lossy(&self.partial).into_owned());
                self.partial.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_the_last_needs_no_end() {
        let endless = "x".repeat(3 * LIMITS.child_line);
        let text = format!("a\n\n{endless}\n{endless}y\n\u{fffd}z");
        let cut = &endless[..LIMITS.child_line];
        for size in [1, 1000, text.len()] {
            let mut found = Vec::new();
            let mut lines = Lines::default();
            for piece in text.as_bytes().chunks(size) {
                lines.push(piece, |line| found.push(line));
            }
            lines.push(b"", |line| found.push(line));
            assert_eq!(found, ["a", "", cut, cut, "\u{fffd}z"]);
        }
    }
}
