//! The words of a refusal: the refused line after `? `, and for a handshake, a question for the
//! status or to watch the reason after ` # `, so that whoever has to correct something reads at
//! both ends what differs.
//!
//! A name holds no white space, so no line of a handshake holds ` # ` itself. A dialler of an older
//! version sees a line that begins with `? `, which is all that it looks at.

use crate::node::log_lines::shown;
use crate::wire::Message;

const SEPARATOR: &[u8] = b" # ";

/// The line, without its LF, that refuses `line` because of `why`.
pub fn echo(line: &[u8], why: &str) -> Vec<u8> {
    match Message::parse(line) {
        Some(Message::Hello(_) | Message::Auth(_) | Message::Status(_) | Message::Watch(..)) => {
            [b"? ", line, SEPARATOR, why.as_bytes()].concat()
        }
        _ => [b"? ", line].concat(),
    }
}

/// The reason in a line that refuses one of ours, made fit for the log; none: `line` does not
/// refuse.
pub fn reason(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"? ")?;
    let mut windows = rest.windows(SEPARATOR.len());
    let why = windows
        .rposition(|window| window == SEPARATOR)
        .map(|at| shown(&rest[at + SEPARATOR.len()..]));
    let why = why.unwrap_or_else(|| "do both have the same topology?".to_string());
    Some(format!("it refuses us: {why}"))
}

/// Whether a line that refuses one of ours gives no reason.
pub fn is_silent(line: &[u8]) -> bool {
    !line.windows(SEPARATOR.len()).any(|it| it == SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"HELLO A B 0123456789abcdef 00112233445566778899aabbccddeeff";

    #[test]
    fn a_handshake_is_refused_with_a_reason_and_other_lines_without() {
        let line = echo(HELLO, "A is a stranger");
        assert!(line.starts_with(b"? HELLO A B ") && line.ends_with(b"eeff # A is a stranger"));
        let why = reason(&line);
        assert_eq!(why.as_deref(), Some("it refuses us: A is a stranger"));
        assert!(!is_silent(&line) && is_silent(&[b"? ", HELLO].concat()));
        assert_eq!(echo(b"GET / HTTP/1.1", "why"), b"? GET / HTTP/1.1");
    }

    #[test]
    fn a_strangers_reason_is_short_and_printable() {
        assert_eq!(reason(HELLO), None);
        let why = reason(b"? HELLO A B 1 2");
        let want = "it refuses us: do both have the same topology?";
        assert_eq!(why.as_deref(), Some(want));
        let long = [b"? x # \x1b[2J", &b"y".repeat(20_000)[..]].concat();
        let why = reason(&long).unwrap_or_default();
        assert!(why.starts_with("it refuses us: \\x1b[2Jyyy") && why.len() < 500);
    }
}
