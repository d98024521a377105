//! The commands of clients, and the echo of anything else.

use super::fields::{exactly, fields};
use super::forms::{FORMS, Field, VERBS};
use super::invalid::Invalid;
use super::location::{self, Location};
use super::near::meant;
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
    /// Reads one line.
    ///
    /// # Errors
    /// Why it is not a valid command.
    pub fn parse(line: &'a [u8]) -> Result<Command<'a>, Invalid> {
        Command::read(line).ok_or_else(|| fault(line))
    }

    /// Its place in [`FORMS`].
    pub fn kind(&self) -> usize {
        match self {
            Command::Iamat { .. } => 0,
            Command::Whatsat { .. } => 1,
        }
    }

    fn read(line: &'a [u8]) -> Option<Command<'a>> {
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

/// Why a line is not a command, of which it is known that it is none.
#[cold]
fn fault(line: &[u8]) -> Invalid {
    let Some(verb) = fields(line).next() else {
        return Invalid::Empty;
    };
    if VERBS.iter().any(|it| it.as_bytes() == verb) {
        return Invalid::Door;
    }
    let Some(form) = FORMS.iter().find(|it| it.verb.as_bytes() == verb) else {
        return Invalid::Verb(meant(verb, FORMS.map(|form| form.verb)));
    };
    // Not by `exactly`, which the compiler puts in its place only where it is used once.
    let count = fields(line).count();
    let mut faults = form.fields.iter().zip(fields(line).skip(1));
    let fault = faults.find_map(|(field, text)| field_fault(*field, text));
    let fault = fault.filter(|_| count == 1 + form.fields.len());
    fault.unwrap_or(Invalid::Fields(form, count))
}

/// The fault in the text of a field, if it has one.
fn field_fault(field: Field, text: &[u8]) -> Option<Invalid> {
    let is_up_to = |most| decimal(text, most).is_some();
    match field {
        Field::Client => None,
        Field::Location => location::fault(text).map(Invalid::Location),
        Field::Time => Time::parse(text).is_none().then_some(Invalid::Time),
        Field::Radius => (!is_up_to(RADIUS_KM_MAX)).then_some(Invalid::Radius(RADIUS_KM_MAX)),
        Field::Bound => (!is_up_to(BOUND_MAX)).then_some(Invalid::Bound(BOUND_MAX)),
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
    fn each_form_has_an_example_that_is_read() {
        for (kind, form) in FORMS.iter().enumerate() {
            let (example, verb) = (form.example.as_bytes(), form.verb.as_bytes());
            let read = Command::parse(example).map(|command| command.kind());
            assert_eq!(read, Ok(kind), "{form}: {}", form.example);
            assert!(fields(example).next() == Some(verb), "{form}");
            assert_eq!(fields(example).count(), 1 + form.fields.len(), "{form}");
            let more = [example, b" x"].concat();
            let count = 2 + form.fields.len();
            assert_eq!(Command::parse(&more), Err(Invalid::Fields(form, count)));
            assert!(!VERBS.contains(&form.verb), "{form}: a verb of servers");
        }
    }

    #[test]
    fn a_verb_that_is_nearly_right_is_recognized() {
        for form in FORMS {
            let (name, rest) = form.verb.split_at(form.verb.len() / 2);
            let small = form.verb.to_ascii_lowercase();
            for word in [
                small,
                format!("{name}{}", &rest[1..]),
                format!("{name}X{rest}"),
            ] {
                let why = Command::parse(word.as_bytes());
                assert_eq!(why, Err(Invalid::Verb(Some(form.verb))), "{word}");
            }
        }
    }

    #[test]
    fn commands_are_read() {
        let iamat = b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
        let Ok(Command::Iamat {
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
            Ok(Command::Whatsat {
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
            assert!(Command::parse(line.as_bytes()).is_err(), "{line}");
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

    #[test]
    fn each_line_is_told_what_is_wrong_with_it() {
        let check = |line: &str, want: &str| {
            let why = Command::parse(line.as_bytes()).unwrap_err();
            assert_eq!(why.to_string(), want, "{line}");
        };
        check("", "the line is empty");
        check(" \t", "the line is empty");
        check("iamat k +1+2 3", "no such command; did you mean IAMAT?");
        check("IMAT k +1+2 3", "no such command; did you mean IAMAT?");
        check("IAMTA k +1+2 3", "no such command; did you mean IAMAT?");
        check("IAMATT k +1+2 3", "no such command; did you mean IAMAT?");
        check("whatat k 1 2", "no such command; did you mean WHATSAT?");
        check("WHATISAT k 1 2", "no such command; did you mean WHATSAT?");
        check("help", "no such command; there are IAMAT and WHATSAT");
        check("I", "no such command; there are IAMAT and WHATSAT");
        check("STATUS", "servers say this, at their own door");
        check(
            "IAMAT k +1 +2 3",
            "it is IAMAT CLIENT LOCATION TIME, not 5 fields",
        );
        check(
            "WHATSAT k",
            "it is WHATSAT CLIENT RADIUS BOUND, not 2 fields",
        );
        check("IAMAT k 1+2 3", "the latitude has no sign");
        check("IAMAT k +1 3", "there is no longitude");
        check("IAMAT k +1 x", "there is no longitude");
        check("IAMAT +1+2 k 3", "the latitude has no sign");
        check("IAMAT k +1,2 3", "the longitude has no sign");
        check("IAMAT k +1+2N 3", "the longitude is not in decimal degrees");
        check("IAMAT k +1.+2 3", "the latitude is not in decimal degrees");
        check("IAMAT k ++2 3", "the latitude is not in decimal degrees");
        let latitude = "the latitude goes from -90 to +90, with 1 or 2 digits before the point";
        check("IAMAT k +91+2 3", latitude);
        check("IAMAT k +090+2 3", latitude);
        check("IAMAT k +90.00000000000000000001+2 3", latitude);
        let longitude = "the longitude goes from -180 to +180, with 1 to 3 digits before the point";
        check("IAMAT k +1-181 3", longitude);
        let time = "the time is not a number of seconds like 1520023934.918963997";
        check("IAMAT k +1+2 now", time);
        check("IAMAT k +1+2 1.0123456789", time);
        check("WHATSAT k 51 5", "the radius is 0 to 50 km");
        check("WHATSAT k -1 5", "the radius is 0 to 50 km");
        check("WHATSAT k 5 21", "the bound is 0 to 20 results");
        check("WHATSAT k 5 5.0", "the bound is 0 to 20 results");
    }
}
