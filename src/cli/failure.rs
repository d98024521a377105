//! How a verb ends when it does not end well.

use crate::topology;
use std::fmt;

/// An exit status, and the one line for standard error.
#[derive(Debug)]
pub(super) struct Failure {
    /// 2: something to correct in the command or its files. 1: the run failed.
    pub(super) status: u8,
    /// The whole line: `herd: what is wrong; what to do`, or `file:line: …`.
    pub(super) message: String,
}

impl Failure {
    /// Something to correct in the command.
    pub(super) fn wrong(what: impl fmt::Display) -> Failure {
        Failure {
            status: 2,
            message: format!("herd: {what}"),
        }
    }

    /// The run failed.
    pub(super) fn failed(what: impl fmt::Display) -> Failure {
        Failure {
            status: 1,
            message: format!("herd: {what}"),
        }
    }
}

/// Something to correct in a file: its name and line come first, where editors look for them.
impl From<topology::Error> for Failure {
    fn from(error: topology::Error) -> Failure {
        Failure {
            status: 2,
            message: error.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.message))
    }
}

/// `text` in one line that does nothing to a terminal: control characters become escapes.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::wrong("no \"a\nb\u{1b}[2J\u{85}\" here; é is fine");
        let line = "herd: no \"a\\nb\\u{1b}[2J\\u{85}\" here; é is fine";
        assert_eq!(failure.to_string(), line);
    }
}
