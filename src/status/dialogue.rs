//! The words between `herd status` and one server. Pure: it knows no socket.

use serde_json::Value;

use crate::secret::{Heard, Question, Secrets};
use crate::talk::{Dialogue, Refusal, Step};

const NO_SECRET: &str = "it has no secret, so it tells its status to loopback addresses only; \
    start it with --secret-file FILE, and give herd status the same";
const REFUSES: &str = "it refuses without a reason; correct its servers= port in the topology";

/// A conversation with one server.
#[derive(Clone)]
pub struct StatusDialogue<'a>(Question<'a>);

impl<'a> StatusDialogue<'a> {
    /// Asks `server`; `nonce` must be new for each question.
    pub fn new(server: &'a str, nonce: u128, secrets: Option<&'a Secrets>) -> StatusDialogue<'a> {
        StatusDialogue(Question::new(server, nonce, None, secrets))
    }
}

impl Dialogue for StatusDialogue<'_> {
    type Answer = Value;

    fn start(&self) -> String {
        self.0.line()
    }

    fn hear(&mut self, line: &[u8]) -> Result<Step<Value>, Refusal> {
        match self.0.hear(line) {
            // We give a nonce, so there is no other reason.
            Heard::Refused(Some(_)) => return Err(Refusal::locked(NO_SECRET)),
            // A clients' door says this to anything.
            Heard::Refused(None) => return Err(Refusal::other(REFUSES)),
            Heard::Line => {}
            heard => return Step::of_proof(heard),
        }
        let status = serde_json::from_slice::<Value>(line).unwrap_or_default();
        match status["name"].as_str() {
            Some(name) if name == self.0.server() => Ok(Step::Done(status)),
            name => Err(Refusal::stranger(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const WANTS_PROOF: &str = "it wants proof; ";
    const DIFFERS: &str = "it has a different secret; ";
    const UNKNOWN: &str = "its way to ask for proof is unknown; ";
    const NOBODY: &str = "what listens there is not a server of a herd; ";

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
            let mut dialogue = StatusDialogue::new("A", 7, secret);
            let steps = lines.iter().map(|line| dialogue.hear(line.as_bytes()));
            let said = match steps.last().unwrap() {
                Ok(Step::Say(text)) => text,
                Ok(Step::Again) => "again".to_string(),
                Ok(Step::Done(status)) => status.to_string(),
                Err(Refusal { why, is_locked }) => {
                    let locks = [WANTS_PROOF, DIFFERS, NO_SECRET];
                    let is_lock = locks.iter().any(|lock| why.starts_with(lock));
                    assert_eq!(is_locked, is_lock, "{why}");
                    why
                }
            };
            assert!(said.starts_with(want), "{lines:?}: {said}");
        }
    }
}
