//! The words between `herd status` and one server. Pure: it knows no socket.

use memchr::memmem;
use serde_json::Value;

use crate::secret::{Question, Secret, Secrets};

const WANTS_PROOF: &str = "it wants proof; give its secret with --secret-file FILE";
const DIFFERS: &str = "it has a different secret; give its secret with --secret-file FILE";
const NO_SECRET: &str = "it has no secret, so it tells its status to loopback addresses only; \
    start it with --secret-file FILE, and give herd status the same";
const REFUSES: &str = "it refuses without a reason; correct its servers= port in the topology";
const UNKNOWN: &str = "its way to ask for proof is unknown; ask with the program of its version";
const NOBODY: &str = "what listens there is not a server of a herd; correct the topology";

/// A conversation with one server.
#[derive(Clone)]
pub struct Dialogue<'a> {
    question: Question<'a>,
    /// The secrets that are still to be tried.
    secrets: &'a [Secret],
    has_proved: bool,
}

/// Why there will be no status, for a person.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: String,
    /// The server is there, and tells its status to somebody who can prove more.
    pub is_locked: bool,
}

impl Refusal {
    fn locked(why: &str) -> Refusal {
        let (why, is_locked) = (why.to_string(), true);
        Refusal { why, is_locked }
    }

    fn other(why: impl Into<String>) -> Refusal {
        let (why, is_locked) = (why.into(), false);
        Refusal { why, is_locked }
    }
}

/// The next step after a line of the server.
pub enum Step {
    /// Say this.
    Say(String),
    /// It has another secret: ask again, on a new connection.
    Again,
    /// This is its status.
    Done(Value),
}

impl<'a> Dialogue<'a> {
    /// Asks `server`; `nonce` must be new for each question.
    pub fn new(server: &'a str, nonce: u128, secrets: Option<&'a Secrets>) -> Dialogue<'a> {
        Dialogue {
            question: Question { server, nonce },
            secrets: secrets.map_or(&[], Secrets::all),
            has_proved: false,
        }
    }

    /// The first line, which is ours.
    pub fn start(&self) -> String {
        self.question.line()
    }

    /// The server said `line`.
    ///
    /// # Errors
    /// When there will be no status.
    pub fn hear(&mut self, line: &[u8]) -> Result<Step, Refusal> {
        if line.starts_with(b"STATUS") && !self.has_proved {
            self.has_proved = true;
            let wants_proof = || Refusal::locked(WANTS_PROOF);
            let (secret, rest) = self.secrets.split_first().ok_or_else(wants_proof)?;
            self.secrets = rest;
            let proof = self.question.proof(secret, line);
            let proof = proof.ok_or_else(|| Refusal::other(UNKNOWN))?;
            return Ok(Step::Say(proof));
        }
        if line.starts_with(b"? ") {
            if self.has_proved && !self.secrets.is_empty() {
                self.has_proved = false;
                return Ok(Step::Again);
            }
            return Err(match (self.has_proved, memmem::find(line, b" # ")) {
                (true, _) => Refusal::locked(DIFFERS),
                // We give a nonce, so there is no other reason.
                (false, Some(_)) => Refusal::locked(NO_SECRET),
                // A clients' door says this to anything.
                (false, None) => Refusal::other(REFUSES),
            });
        }
        let status = serde_json::from_slice::<Value>(line).unwrap_or_default();
        match status["name"].as_str() {
            Some(name) if name == self.question.server => Ok(Step::Done(status)),
            Some(name) => {
                let why = format!("{name} listens there; correct the topology");
                Err(Refusal::other(why))
            }
            None => Err(Refusal::other(NOBODY)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_or_there_is_a_reason() {
        let secret = Secret::new(b"correct-horse-battery").unwrap();
        let two = Secrets::new(vec![secret.clone(), secret.clone()]).unwrap();
        let secret = Secrets::from(secret);
        let challenge = "STATUS ffeeddccbbaa99887766554433221100";
        let other = "B listens there; correct the topology";
        for (secret, lines, want) in [
            (None, &[r#"{"name":"A"}"#][..], r#"{"name":"A"}"#),
            (None, &[r#"{"name":"B"}"#], other),
            (None, &["hello"], NOBODY),
            (None, &["[]"], NOBODY),
            (None, &["? STATUS 00"], REFUSES),
            (None, &["? STATUS 00 # there is no secret"], NO_SECRET),
            (None, &[challenge], WANTS_PROOF),
            (Some(&secret), &[challenge], "AUTH "),
            (Some(&secret), &[challenge, "? AUTH"], DIFFERS),
            (Some(&secret), &[challenge, "? AUTH # another"], DIFFERS),
            (Some(&secret), &[challenge, challenge], NOBODY),
            (Some(&two), &[challenge, "? AUTH"], "again"),
            (Some(&two), &[challenge, "? AUTH", challenge], "AUTH "),
            (
                Some(&two),
                &[challenge, "? AUTH", challenge, "? AUTH"],
                DIFFERS,
            ),
            (Some(&two), &[challenge, "? AUTH", "? STATUS"], REFUSES),
            (Some(&secret), &["STATUS x y"], UNKNOWN),
        ] {
            let mut dialogue = Dialogue::new("A", 7, secret);
            let steps = lines.iter().map(|line| dialogue.hear(line.as_bytes()));
            let said = match steps.last().unwrap() {
                Ok(Step::Say(text)) => text,
                Ok(Step::Again) => "again".to_string(),
                Ok(Step::Done(status)) => status.to_string(),
                Err(Refusal { why, is_locked }) => {
                    let locks = [WANTS_PROOF, DIFFERS, NO_SECRET];
                    assert_eq!(is_locked, locks.contains(&&why[..]), "{why}");
                    why
                }
            };
            assert!(said.starts_with(want), "{lines:?}: {said}");
        }
    }
}
