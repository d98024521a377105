//! The words between a watcher and one server, up to the first change. Pure: it knows no socket.

use crate::limits::LIMITS;
use crate::secret::{Heard, Question, Secrets};
use crate::talk::{Dialogue, Refusal, Step};
use crate::wire::{Message, Run, Start};

const REFUSES: &str = "it refuses without a reason: its version has no WATCH, or its servers= port \
    in the topology is wrong";

/// A conversation with one server, up to the place where it begins.
#[derive(Clone)]
pub struct WatchDialogue<'a>(Question<'a>);

impl<'a> WatchDialogue<'a> {
    /// Asks to watch `server`; `nonce` must be new for each question.
    pub fn new(
        server: &'a str,
        nonce: u128,
        start: Start,
        secrets: Option<&'a Secrets>,
    ) -> WatchDialogue<'a> {
        WatchDialogue(Question::new(server, nonce, Some(start), secrets))
    }
}

impl Dialogue for WatchDialogue<'_> {
    type Answer = (Run, u64);

    fn start(&self) -> String {
        self.0.line()
    }

    fn hear(&mut self, line: &[u8]) -> Result<Step<(Run, u64)>, Refusal> {
        match self.0.hear(line) {
            Heard::Refused(Some(why)) => {
                let why = String::from_utf8_lossy(&why[..why.len().min(LIMITS.refusal_text)]);
                return Err(Refusal::other(format!("it refuses: {why}")));
            }
            Heard::Refused(None) => return Err(Refusal::other(REFUSES)),
            Heard::Line => {}
            heard => return Step::of_proof(heard),
        }
        match Message::parse(line) {
            Some(Message::Watching(name, run, seq)) if name == self.0.server().as_bytes() => {
                Ok(Step::Done((run, seq)))
            }
            Some(Message::Watching(name, ..)) => {
                Err(Refusal::stranger(Some(&String::from_utf8_lossy(name))))
            }
            _ => Err(Refusal::stranger(None)),
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
    fn a_server_lets_us_watch_or_there_is_a_reason() {
        let secret = Secret::new(b"correct-horse-battery").unwrap();
        let two = Secrets::new(vec![secret.clone(), secret.clone()]).unwrap();
        let secret = Secrets::from(secret);
        let challenge = "WATCH ffeeddccbbaa99887766554433221100";
        let begins = "WATCHING A 0123456789abcdef 7";
        for (secret, lines, want) in [
            (None, &[begins][..], "begins"),
            (
                None,
                &["WATCHING B 0123456789abcdef 7"],
                "B listens there; correct the topology",
            ),
            (None, &["hello"], NOBODY),
            (None, &["WATCHING A"], NOBODY),
            (None, &["? WATCH 00"], REFUSES),
            (None, &["? WATCH 00 # 16 watch"], "it refuses: 16 watch"),
            (None, &[challenge], WANTS_PROOF),
            (Some(&secret), &[challenge], "AUTH "),
            (Some(&secret), &[challenge, begins], "begins"),
            (Some(&secret), &[challenge, "? AUTH # another"], DIFFERS),
            (Some(&secret), &[challenge, challenge], NOBODY),
            (Some(&two), &[challenge, "? AUTH"], "again"),
            (Some(&two), &[challenge, "? AUTH", challenge], "AUTH "),
            (Some(&secret), &["WATCH x y"], UNKNOWN),
        ] {
            let start = Start::default();
            let mut dialogue = WatchDialogue::new("A", 7, start, secret);
            let steps = lines.iter().map(|line| dialogue.hear(line.as_bytes()));
            let said = match steps.last().unwrap() {
                Ok(Step::Say(text)) => text,
                Ok(Step::Again) => "again".to_string(),
                Ok(Step::Done((_, seq))) => {
                    assert_eq!(seq, 7);
                    "begins".to_string()
                }
                Err(refusal) => {
                    let locks = [WANTS_PROOF, DIFFERS];
                    let is_lock = locks.iter().any(|lock| refusal.why.starts_with(lock));
                    assert_eq!(refusal.is_locked, is_lock);
                    refusal.why
                }
            };
            assert!(said.starts_with(want), "{lines:?}: {said}");
        }
    }
}
