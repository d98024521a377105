//! The words of a conversation, as far as a call must know them. It knows no socket.

use crate::secret::Heard;

const WANTS_PROOF: &str = "it wants proof; give its secret with --secret-file FILE";
const DIFFERS: &str = "it has a different secret; give its secret with --secret-file FILE";
const UNKNOWN: &str = "its way to ask for proof is unknown; use the program of its version";
const NOBODY: &str = "what listens there is not a server of a herd; correct the topology";

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

    /// Another server than was called, if it says its name.
    pub fn stranger(name: Option<&str>) -> Refusal {
        match name {
            Some(name) => Refusal::other(format!("{name} listens there; correct the topology")),
            None => Refusal::other(NOBODY),
        }
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

impl<A> Step<A> {
    /// The step after a line about the proof; any other line comes from a stranger.
    ///
    /// # Errors
    /// When the proof cannot be given.
    pub fn of_proof(heard: Heard<'_>) -> Result<Step<A>, Refusal> {
        match heard {
            Heard::Say(text) => Ok(Step::Say(text)),
            Heard::Again => Ok(Step::Again),
            Heard::NoSecret => Err(Refusal::locked(WANTS_PROOF)),
            Heard::OtherSecret(_) => Err(Refusal::locked(DIFFERS)),
            Heard::Unknown => Err(Refusal::other(UNKNOWN)),
            Heard::Refused(_) | Heard::Line => Err(Refusal::stranger(None)),
        }
    }
}
