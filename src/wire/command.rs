//! The commands of clients, and the echo of anything else.

use super::fields::exactly;
use super::location::Location;
use super::number::decimal;
use super::time::Time;

/// The largest radius of a WHATSAT, in kilometres. Like the next one it is part of the protocol,
/// not a limit of this program.
pub const RADIUS_KM_MAX: u64 = 50;
/// The largest number of results that a WHATSAT may ask for.
pub const BOUND_MAX: u64 = 20;

/// A command with valid fields. The node decides whether its client is known and whether its time
/// is too far ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `IAMAT <client> <location> <time>`
    Iamat {
        /// The client's name: any bytes but white space.
        client: &'a [u8],
        /// Where the client is.
        location: Location<'a>,
        /// When it was there, by its own clock.
        time: Time<'a>,
    },
    /// `WHATSAT <client> <radius> <bound>`
    Whatsat {
        /// The client whose surroundings are wanted.
        client: &'a [u8],
        /// Kilometres, 0 to 50.
        radius_km: u32,
        /// The largest number of results, 0 to 20.
        bound: usize,
    },
}

impl<'a> Command<'a> {
    /// Reads one line. `None` if it is not a valid command.
    pub fn parse(line: &'a [u8]) -> Option<Command<'a>> {
        let [verb, client, third, fourth] = exactly(line)?;
        match verb {
            b"IAMAT" => Some(Command::Iamat {
                client,
                location: Location::parse(third)?,
                time: Time::parse(fourth)?,
            }),
            b"WHATSAT" => Some(Command::Whatsat {
                client,
                radius_km: decimal(third, RADIUS_KM_MAX)? as u32,
                bound: decimal(fourth, BOUND_MAX)? as usize,
            }),
            _ => None,
        }
    }
}

/// Appends the answer to an invalid line: `? `, the line without one CR at its end, and an LF.
pub fn push_echo(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(b"? ");
    out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_commands() {
        let iamat = b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
        let Some(Command::Iamat {
            client,
            location,
            time,
        }) = Command::parse(iamat)
        else {
            panic!("the handout's own example");
        };
        assert_eq!(client, b"kiwi.cs.ucla.edu");
        assert_eq!(location.text, b"+34.068930-118.445127");
        assert_eq!(time.text, b"1520023934.918963997");
        let whatsat = |radius_km, bound| {
            Some(Command::Whatsat {
                client: b"k",
                radius_km,
                bound,
            })
        };
        assert_eq!(Command::parse(b"WHATSAT k 10 5"), whatsat(10, 5));
        assert_eq!(
            Command::parse(b"\x0bWHATSAT\x0bk\x0c050\t00020\r"),
            whatsat(50, 20)
        );
        assert_eq!(Command::parse(b"WHATSAT k 0 0"), whatsat(0, 0));
    }

    #[test]
    fn anything_else_is_invalid() {
        for line in [
            "",
            " \t",
            "IAMAT",
            "IAMAT k",
            "IAMAT k +1+1",
            "IAMAT k +1+1 1 1",
            "iamat k +1+1 1",
            "IAMAT k +1 +1 1",
            "WHATSAT k 10",
            "WHATSAT k 10 5 5",
            "WHATSAT k 51 5",
            "WHATSAT k 10 21",
            "WHATSAT k -1 5",
            "WHATSAT k +10 5",
            "WHATSAT k 10.0 5",
            "WHATSAT k 1e1 5",
            "whatsat k 10 5",
            "AT s +1.000000000 k +1+1 1",
            "HELLO a b 0 0",
            "MARK 0 0 0",
            "SINCE 0 0 0 0",
            "WHATSAT k ٣ 5",
        ] {
            assert_eq!(Command::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn the_echo_is_exact() {
        let check = |line: &[u8], want: &[u8]| {
            let mut out = Vec::new();
            push_echo(&mut out, line);
            assert_eq!(out, want);
        };
        check(b"hello\r", b"? hello\n");
        check(b"hello\r\r", b"? hello\r\n");
        check(b"  two  spaces ", b"?   two  spaces \n");
        check(b"", b"? \n");
        check(b"\r", b"? \n");
        check(b"\xff\0", b"? \xff\0\n");
    }
}
