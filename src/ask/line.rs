//! The line that is sent, and why a server calls it invalid. Pure: it is told the time.

use memchr::memmem;

use crate::limits::LIMITS;
use crate::units::Wall;
use crate::wire::{Command, Invalid, Posix, fields};

/// The line with the present time in place of `now` as the time of an IAMAT.
pub fn with_time(line: &[u8], now: Wall) -> Vec<u8> {
    let words: Vec<&[u8]> = fields(line).collect();
    let place = match words[..] {
        [b"IAMAT", _, _, b"now"] => memmem::rfind(line, b"now"),
        _ => None,
    };
    match place {
        Some(place) => [&line[..place], Posix(now).to_string().as_bytes()].concat(),
        None => line.to_vec(),
    }
}

/// Why a server answered this line with `? `. It does not say so itself; what only the server can
/// know is guessed.
pub fn reason(line: &[u8]) -> String {
    match Command::parse(line) {
        _ if line.len() > LIMITS.client_line => Invalid::Long.to_string(),
        Err(why) => why.to_string(),
        Ok(Command::Whatsat { client, .. }) => {
            let client = String::from_utf8_lossy(client);
            format!("nobody there knows {client}; say where it is with IAMAT first")
        }
        Ok(Command::Iamat { .. }) => "its time is ahead of the server's clock, or the server's \
             table is full, or with --ack herd-or-error not all servers had it in time"
            .to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_a_time_and_nothing_else() {
        let check = |line: &str, want: &str| {
            let sent = with_time(line.as_bytes(), Wall(1_520_023_934_000_000_007));
            assert_eq!(String::from_utf8(sent).unwrap(), want, "{line}");
        };
        check("IAMAT k +1+2 now", "IAMAT k +1+2 1520023934.000000007");
        check(
            " IAMAT now +1+2 now ",
            " IAMAT now +1+2 1520023934.000000007",
        );
        for line in [
            "IAMAT now +1+2 3",
            "IAMAT k now",
            "WHATSAT k 1 now",
            "now",
            "",
        ] {
            check(line, line);
        }
    }

    #[test]
    fn each_line_has_a_reason() {
        let long = format!("WHATSAT {} 1 2", "k".repeat(9000));
        for (line, want) in [
            ("IMAT k +1+2 3", "no such command; did you mean IAMAT?"),
            ("WHATSAT kiwi 1 2", "nobody there knows kiwi; "),
            (
                "IAMAT k +1+2 3",
                "its time is ahead of the server's clock, or ",
            ),
            (&long, "the line is too long"),
        ] {
            let why = reason(line.as_bytes());
            assert!(why.starts_with(want), "{line}: {why}");
        }
    }
}
