//! The words between `herd status` and one server. Pure: it knows no socket.

use serde_json::Value;

use crate::node::{Question, Secret};

/// A conversation with one server.
pub struct Dialogue<'a> {
    question: Question<'a>,
    secret: Option<&'a Secret>,
    has_proved: bool,
}

/// The next step after a line of the server.
pub enum Step {
    /// Say this.
    Say(String),
    /// This is its status.
    Done(Value),
}

impl<'a> Dialogue<'a> {
    /// Asks `server`; `nonce` must be new for each question.
    pub fn new(server: &'a str, nonce: u128, secret: Option<&'a Secret>) -> Dialogue<'a> {
        Dialogue {
            question: Question { server, nonce },
            secret,
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
            let secret = self.secret;
            let secret = secret.ok_or("it wants proof; give its secret with --secret-file FILE")?;
            let proof = self.question.proof(secret, line);
            self.has_proved = true;
            return Ok(Step::Say(
                proof.ok_or("its way to ask for proof is unknown")?,
            ));
        }
        if line.starts_with(b"? ") {
            return Err(String::from(match self.has_proved {
                true => "it has a different secret; give its secret with --secret-file FILE",
                false => {
                    "it refuses; run herd status on its own machine, or start it with a secret"
                }
            }));
        }
        let status = serde_json::from_slice::<Value>(line).ok();
        match status.as_ref().and_then(|status| status["name"].as_str()) {
            Some(name) if name == self.question.server => {
                Ok(Step::Done(status.unwrap_or_default()))
            }
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
                Ok(Step::Done(status)) => status.to_string(),
                Err(why) => why,
            };
            assert!(said.starts_with(want), "{lines:?}: {said}");
        }
    }
}
