//! The commands of clients and the verbs of servers, each once, and what else is said of a
//! command. It reads no line: `command.rs` and `message.rs` do. The rules in
//! `tests/tidy/commands.rs` hold both tables against every page, dictionary and double that lists
//! commands or verbs, too.

use std::fmt;

/// The forms of the commands, in the order of [`Command::kind`](super::Command::kind).
pub const FORMS: [Form; 2] = [
    Form {
        verb: "IAMAT",
        fields: &[Field::Client, Field::Location, Field::Time],
        reply: "`AT <server> <difference> <client> <location> <time>`",
        example: "IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997",
    },
    Form {
        verb: "WHATSAT",
        fields: &[Field::Client, Field::Radius, Field::Bound],
        reply: "the client's AT line, JSON, an empty line",
        example: "WHATSAT kiwi.cs.ucla.edu 10 5",
    },
];

/// The verbs that open a line between servers.
pub const VERBS: [&str; 14] = [
    "HELLO", "AUTH", "SINCE", "AT", "MARK", "COMPARE", "DIGESTS", "AUDIT", "WAVE", "DONE",
    "STATUS", "WATCH", "WATCHING", "CHANGE",
];

/// The form of a command. It is shown as people write it: `WHATSAT CLIENT RADIUS BOUND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its first word, in capitals. STATUS counts the command by the same word in small letters.
    pub verb: &'static str,
    /// The fields after the verb.
    pub fields: &'static [Field],
    /// The reply to a valid one, in the words of the protocol page.
    pub reply: &'static str,
    /// A line that is valid wherever its client is known.
    pub example: &'static str,
}

/// A field of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name of a client: any bytes but white space.
    Client,
    /// Where a client is.
    Location,
    /// When it was there.
    Time,
    /// Kilometres.
    Radius,
    /// The largest number of results.
    Bound,
}

impl Field {
    /// Its name on the protocol page.
    pub fn name(self) -> &'static str {
        match self {
            Field::Client => "client",
            Field::Location => "location",
            Field::Time => "time",
            Field::Radius => "radius",
            Field::Bound => "bound",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb)?;
        for field in self.fields {
            write!(f, " {}", field.name().to_ascii_uppercase())?;
        }
        Ok(())
    }
}
