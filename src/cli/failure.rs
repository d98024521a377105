//! How a verb ends when it fails.

use std::fmt;

use crate::terminal::one_line;
use crate::topology;

/// An exit status, and the one line for standard error.
#[derive(Debug)]
pub(super) struct Failure {
    /// 2: the command or one of its files must be corrected. 1: the run failed.
    pub(super) status: u8,
    /// The whole line: `herd: what is wrong; what to do`, or `file:line: …`.
    message: String,
}

impl Failure {
    /// The command must be corrected.
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

/// The run failed for a reason that is one line already.
impl From<String> for Failure {
    fn from(what: String) -> Failure {
        Failure::failed(what)
    }
}

/// A file must be corrected: its name and line come first, where editors look for them.
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
