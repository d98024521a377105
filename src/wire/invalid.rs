//! Why a line of a client is invalid. The wire has no word for it: the client gets `? ` and its
//! line. The log says why behind that, and STATUS counts by kind.

use std::fmt;

use super::forms::{FORMS, Form};

/// Why a line is invalid. Its text is a clause without a full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The line has no fields.
    Empty,
    /// No command has this name; the one that was perhaps meant.
    Verb(Option<&'static str>),
    /// Only servers say this word, at their own door.
    Door,
    /// The line of this form has another number of fields, its verb included: this one.
    Fields(&'static Form, usize),
    /// Something is wrong with the location.
    Location(&'static str),
    /// The time is not a decimal number of seconds.
    Time,
    /// The radius is not a number of kilometres up to this one.
    Radius(u64),
    /// The bound is not a number of results up to this one.
    Bound(u64),
    /// The time is ahead of the server's clock, by this many seconds.
    Ahead(u64),
    /// The server has not heard of the client.
    Unknown,
    /// There is no room for one more client; the name of the limit.
    Full(&'static str),
    /// The line is longer than a line may be.
    Long,
    /// The line was not completed in time.
    Incomplete,
}

impl Invalid {
    /// The names that STATUS has for the kinds.
    pub const NAMES: [&'static str; 13] = [
        "empty",
        "verb",
        "door",
        "fields",
        "location",
        "time",
        "radius",
        "bound",
        "ahead",
        "unknown",
        "full",
        "long",
        "incomplete",
    ];

    /// The kind: the index of its name in [`Invalid::NAMES`].
    pub fn kind(&self) -> usize {
        match self {
            Invalid::Empty => 0,
            Invalid::Verb(_) => 1,
            Invalid::Door => 2,
            Invalid::Fields(..) => 3,
            Invalid::Location(_) => 4,
            Invalid::Time => 5,
            Invalid::Radius(_) => 6,
            Invalid::Bound(_) => 7,
            Invalid::Ahead(_) => 8,
            Invalid::Unknown => 9,
            Invalid::Full(_) => 10,
            Invalid::Long => 11,
            Invalid::Incomplete => 12,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::Empty => f.write_str("the line is empty"),
            Invalid::Verb(Some(name)) => write!(f, "no such command; did you mean {name}?"),
            Invalid::Verb(None) => {
                f.write_str("no such command; there are ")?;
                for (place, form) in FORMS.iter().enumerate() {
                    let before = match FORMS.len() - place {
                        _ if place == 0 => "",
                        1 => " and ",
                        _ => ", ",
                    };
                    write!(f, "{before}{}", form.verb)?;
                }
                Ok(())
            }
            Invalid::Door => f.write_str("servers say this, at their own door"),
            Invalid::Fields(form, count) => write!(f, "it is {form}, not {count} fields"),
            Invalid::Location(why) => f.write_str(why),
            Invalid::Time => {
                f.write_str("the time is not a number of seconds like 1520023934.918963997")
            }
            Invalid::Radius(most) => write!(f, "the radius is 0 to {most} km"),
            Invalid::Bound(most) => write!(f, "the bound is 0 to {most} results"),
            Invalid::Ahead(seconds) => {
                write!(f, "the time is {seconds} s ahead of this server's clock")
            }
            Invalid::Unknown => f.write_str("nobody here knows this client"),
            Invalid::Full(limit) => write!(f, "there is no room for it (limit {limit})"),
            Invalid::Long => f.write_str("the line is too long"),
            Invalid::Incomplete => f.write_str("the line was not completed in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_without_a_gap() {
        use Invalid::*;
        let all = [
            Empty,
            Verb(None),
            Door,
            Fields(&FORMS[0], 0),
            Location(""),
            Time,
            Radius(0),
            Bound(0),
            Ahead(0),
            Unknown,
            Full(""),
            Long,
            Incomplete,
        ];
        let kinds = all.map(|it| it.kind());
        assert!(kinds.into_iter().eq(0..Invalid::NAMES.len()));
    }
}
