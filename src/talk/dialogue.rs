//! The words of a conversation, as far as a call must know them. It knows no socket.

/// A conversation with one server, up to its answer.
pub trait Dialogue: Clone {
    type Answer;

    /// The first line, which is ours, with its LF.
    fn start(&self) -> String;

    /// The server said `line`.
    ///
    /// # Errors
    /// When there will be no answer.
    fn hear(&mut self, line: &[u8]) -> Result<Step<Self::Answer>, Refusal>;
}

/// Why there will be no answer, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: String,
    /// The server is there, and answers somebody who can prove more.
    pub is_locked: bool,
}

impl Refusal {
    pub fn locked(why: impl Into<String>) -> Refusal {
        let (why, is_locked) = (why.into(), true);
        Refusal { why, is_locked }
    }

    pub fn other(why: impl Into<String>) -> Refusal {
        let (why, is_locked) = (why.into(), false);
        Refusal { why, is_locked }
    }
}

/// The next step after a line of the server.
#[derive(Debug)]
pub enum Step<A> {
    /// Say this.
    Say(String),
    /// It has another secret: ask again, on a new connection.
    Again,
    /// This is its answer.
    Done(A),
}
