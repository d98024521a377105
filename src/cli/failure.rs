//! How a verb ends when it fails.

use std::fmt;
use std::io;

use crate::terminal::one_line;
use crate::topology;
use crate::wire::meant;

/// Why a verb failed, and what to do: one line for standard error.
#[derive(Debug)]
pub(super) enum Failure {
    /// The command must be corrected.
    Wrong(String),
    /// A file must be corrected: its name and line come first, if it is in one, where editors look
    /// for them.
    File(topology::Error),
    /// The run failed.
    Failed(String),
    /// This signal ended the run. The text says what else is wrong with it, if anything.
    Interrupted(i32, String),
}

impl Failure {
    /// The line for standard error, LF included; none for a run that was only interrupted.
    pub(super) fn line(&self) -> String {
        match self {
            Failure::Interrupted(_, what) if what.is_empty() => String::new(),
            _ => format!("{self}\n"),
        }
    }

    /// The exit status.
    pub(super) fn status(&self) -> u8 {
        match self {
            Failure::Wrong(_) | Failure::File(_) => 2,
            Failure::Failed(_) => 1,
            // As a shell says it of a process that a signal has ended.
            Failure::Interrupted(signal, _) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// A run that the system makes fail: `cannot serve: …`.
pub(super) fn cannot(what: &str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::Failed(format!("cannot {what}: {error}"))
}

/// Follows an unknown word in an error: the known one that it was perhaps meant to be, if there is
/// one.
pub(super) fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let meant = meant(word.as_bytes(), names);
    meant.map_or(String::new(), |name| format!(" (did you mean {name}?)"))
}

impl From<String> for Failure {
    fn from(what: String) -> Failure {
        Failure::Failed(what)
    }
}

impl From<topology::Error> for Failure {
    fn from(error: topology::Error) -> Failure {
        Failure::File(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            Failure::Wrong(what) | Failure::Failed(what) | Failure::Interrupted(_, what) => {
                format!("herd: {what}")
            }
            Failure::File(error) if error.line.is_some() => error.to_string(),
            Failure::File(error) => format!("herd: {error}"),
        };
        f.write_str(&one_line(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::Wrong("no \"a\nb\u{1b}[2J\u{85}\" here; é is fine".into());
        let line = "herd: no \"a\\nb\\u{1b}[2J\\u{85}\" here; é is fine";
        assert_eq!(failure.to_string(), line);
    }
}
