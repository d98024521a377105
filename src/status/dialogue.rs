//! The words between `herd status` and one server. Pure: it knows no socket.

use serde_json::Value;

use crate::secret::{Question, Secret, Secrets};

const WANTS_PROOF: &str = "it wants proof; give its secret with --secret-file FILE";
const DIFFERS: &str = "it has a different secret; give its secret with --secret-file FILE";
const REFUSES: &str = "it refuses; run herd status on its own machine, or start it with a secret";

/// A conversation with one server.
#[derive(Clone)]
pub struct Dialogue<'a> {
    question: Question<'a>,
    /// The secrets that are still to be tried.
    secrets: &'a [Secret],
    has_proved: bool,
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
    /// When there will be no status, with the reason for a person.
    pub fn hear(&mut self, line: &[u8]) -> Result<Step, String> {
        if line.starts_with(b"STATUS") && !self.has_proved {
            self.has_proved = true;
            let (secret, rest) = self.secrets.split_first().ok_or(WANTS_PROOF)?;
            self.secrets = rest;
            let proof = self.question.proof(secret, line);
            let proof = proof.ok_or("its way to ask for proof is unknown")?;
            return Ok(Step::Say(proof));
        }
        if line.starts_with(b"? ") {
            if self.has_proved && !self.secrets.is_empty() {
                self.has_proved = false;
                return Ok(Step::Again);
            }
            let why = if self.has_proved { DIFFERS } else { REFUSES };
            return Err(why.to_string());
        }
        let status = serde_json::from_slice::<Value>(line).unwrap_or_default();
        match status["name"].as_str() {
            Some(name) if name == self.question.server => Ok(Step::Done(status)),
            Some(name) => Err(format!("{name} listens there; correct the topology")),
            None => Err("what listens there is not a server of a herd".to_string()),
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
        let wants = "it wants proof; give its secret with --secret-file FILE";
        let differs = "it has a different secret; give its secret with --secret-file FILE";
        let refuses = "it refuses; run herd status on its own machine, or start it with a secret";
        let nobody = "what listens there is not a server of a herd";
        let other = "B listens there; correct the topology";
        for (secret, lines, want) in [
            (None, &[r#"{"name":"A"}"#][..], r#"{"name":"A"}"#),
            (None, &[r#"{"name":"B"}"#], other),
            (None, &["hello"], nobody),
            (None, &["[]"], nobody),
            (None, &["? STATUS"], refuses),
            (None, &[challenge], wants),
            (Some(&secret), &[challenge], "AUTH "),
            (Some(&secret), &[challenge, "? AUTH"], differs),
            (Some(&secret), &[challenge, challenge], nobody),
            (Some(&two), &[challenge, "? AUTH"], "again"),
            (Some(&two), &[challenge, "? AUTH", challenge], "AUTH "),
            (
                Some(&two),
                &[challenge, "? AUTH", challenge, "? AUTH"],
                differs,
            ),
            (Some(&two), &[challenge, "? AUTH", "? STATUS"], refuses),
            (
                Some(&secret),
                &["STATUS x y"],
                "its way to ask for proof is unknown",
            ),
        ] {
            let mut dialogue = Dialogue::new("A", 7, secret);
            let steps = lines.iter().map(|line| dialogue.hear(line.as_bytes()));
            let said = match steps.last().unwrap() {
                Ok(Step::Say(text)) => text,
                Ok(Step::Again) => "again".to_string(),
                Ok(Step::Done(status)) => status.to_string(),
                Err(why) => why,
            };
            assert!(said.starts_with(want), "{lines:?}: {said}");
        }
    }
}
