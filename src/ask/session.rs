//! A question and its answer, shown.

use serde_json::Value;

use super::client::Client;
use super::json::indented;
use super::line::reason;
use crate::terminal::{one_line, print, print_bytes};

/// How answers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The bytes as they came, for programs.
    Raw,
    /// Nothing in it does anything to a terminal, and JSON is indented.
    Plain,
    /// The same with colours.
    Coloured,
}

/// A client whose answers are shown.
pub struct Session {
    pub client: Client,
    pub form: Form,
}

impl Session {
    /// Asks, and shows the answer on standard output. Returns why it is no good one, if it is none.
    ///
    /// # Errors
    /// Why there is no answer, or why it cannot be shown.
    pub fn ask(&mut self, line: &[u8]) -> Result<Option<String>, String> {
        let (line, answer) = self.client.ask(line)?;
        match self.form {
            Form::Raw => drop(print_bytes(&answer)?),
            form => print(&shown(&answer, form == Form::Coloured))?,
        }
        let name = self.client.name();
        Ok(match &answer[..] {
            [b'A', b'T', b' ', ..] => None,
            [b'?', b' ', ..] => Some(format!("{name} calls it invalid: {}", reason(&line))),
            _ => Some(format!("{name} does not answer as a clients' door does")),
        })
    }
}

/// The answer for a terminal, without the empty line at the end.
fn shown(answer: &[u8], has_colours: bool) -> String {
    let answer = String::from_utf8_lossy(answer);
    let (first, rest) = answer.split_once('\n').unwrap_or((&answer, ""));
    let rest = rest.trim_end_matches('\n');
    let mut out = one_line(first) + "\n";
    // The depth of a Value is bounded, and so is that of what is indented.
    if serde_json::from_str::<Value>(rest).is_ok() {
        out += &format!("{}\n", indented(rest, has_colours));
    } else {
        out.extend(rest.lines().map(|line| one_line(line) + "\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_came_does_anything_to_a_terminal() {
        let escape = "AT \u{1b}[2J\n{\"a\":[1]}\n\n";
        let want = "AT \\u{1b}[2J\n{\n   \"a\" : [ 1 ]\n}\n";
        assert_eq!(shown(escape.as_bytes(), false), want);
        assert_eq!(shown(b"AT k\n{\x1b\n\n", true), "AT k\n{\\u{1b}\n");
        assert_eq!(shown(b"? \xff\n", true), "? \u{fffd}\n");
        let deep = format!("AT k\n{}\n\n", "[".repeat(100_000));
        assert_eq!(shown(deep.as_bytes(), true) + "\n", deep);
    }
}
