//! Lines out of what a child writes: cut to a limit, and readable whatever bytes they hold.

use memchr::memchr;

use crate::limits::Limits;

const LINE_BYTES_MAX: usize = Limits::PRODUCT.child_line;

/// Splits a stream that comes in pieces.
#[derive(Debug, Default)]
pub struct Lines {
    /// The start of a line that has no LF yet.
    partial: Vec<u8>,
}

impl Lines {
    /// Calls `each` with every line that `bytes` complete.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(String)) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.keep(&bytes[..end]);
            each(self.take());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// Calls `each` with the last line, if it had no LF.
    pub fn finish(&mut self, each: impl FnOnce(String)) {
        if !self.partial.is_empty() {
            each(self.take());
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.partial.len();
        self.partial.extend(bytes.iter().take(room));
    }

    fn take(&mut self) -> String {
        let line = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_the_last_needs_no_end() {
        let endless = "x".repeat(3 * LINE_BYTES_MAX);
        let text = format!("a\n\n{endless}\n{endless}y\n\u{fffd}z");
        let cut = &endless[..LINE_BYTES_MAX];
        for size in [1, 1000, text.len()] {
            let mut found = Vec::new();
            let mut lines = Lines::default();
            for piece in text.as_bytes().chunks(size) {
                lines.push(piece, |line| found.push(line));
            }
            lines.finish(|line| found.push(line));
            assert_eq!(found, ["a", "", cut, cut, "\u{fffd}z"]);
        }
    }
}
