//! Five students' rules for passing an update on, as their reports state them, and the herd's.

use super::yours;

/// A server, by its place in the graph.
pub type Server = usize;

/// An update of the only client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Update {
    pub time: u32,
    /// The server that heard the client.
    pub heard_by: Server,
}

/// An update on its way, and the servers that it has passed.
#[derive(Clone, Debug)]
pub struct Message {
    pub update: Update,
    pub passed: Vec<Server>,
}

/// A rule for what a server does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// "Append the servers visited to the message."
    Visited,
    /// "If the time is different, update and pass it on."
    Different,
    /// "Pass on only what is not known yet."
    Unknown,
    /// "Not to the server that heard it, and not to the one that sent it."
    NotBack,
    /// The newer of two updates wins, in a total order, and is not sent back.
    Newer,
    /// The rule of the exercise, in a file of its own.
    Yours,
}

impl Rule {
    pub const ALL: [(Rule, &str); 5] = [
        (
            Rule::Visited,
            "A: everything is passed on, but not to the servers that the message lists",
        ),
        (
            Rule::Different,
            "B, D: what has another time is taken, and passed on",
        ),
        (Rule::Unknown, "C: what is newer is taken, and passed on"),
        (
            Rule::NotBack,
            "E: everything is passed on, but not to its source or its sender",
        ),
        (
            Rule::Newer,
            "herd: what is newer is taken, and passed on, but not back",
        ),
    ];

    /// Whether a server that knows `known` takes the update. Rule A and rule E ask nothing.
    pub fn takes(self, update: Update, known: Option<Update>) -> bool {
        match self {
            Rule::Visited | Rule::NotBack => true,
            Rule::Different => known.is_none_or(|known| known.time != update.time),
            Rule::Unknown | Rule::Newer => known.is_none_or(|known| known < update),
            Rule::Yours => yours::takes(update, known),
        }
    }

    /// Whether a server that took a message passes it on to this neighbour.
    pub fn tells(self, neighbour: Server, message: &Message) -> bool {
        let sender = message.passed.last();
        match self {
            Rule::Visited => !message.passed.contains(&neighbour),
            Rule::Different | Rule::Unknown => true,
            Rule::NotBack => neighbour != message.update.heard_by && sender != Some(&neighbour),
            Rule::Newer => sender != Some(&neighbour),
            Rule::Yours => yours::tells(neighbour, message),
        }
    }
}
