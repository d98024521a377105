//! The asking side of STATUS: one question to one server.

use super::secrets::{Secret, question};
use crate::wire::Message;

/// A question for a server's status.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The server's name in the topology.
    pub server: &'a str,
    /// Random, and different for each question.
    pub nonce: u128,
}

impl Question<'_> {
    /// The first line, with its LF.
    pub fn line(&self) -> String {
        format!("STATUS {:032x}\n", self.nonce)
    }

    /// The line that answers a server which wants a proof, with its LF; none if `line` does not
    /// ask for one.
    pub fn proof(&self, secret: &Secret, line: &[u8]) -> Option<String> {
        let Some(Message::Status(Some(theirs))) = Message::parse(line) else {
            return None;
        };
        let ours = format!("{:032x}", self.nonce);
        let proof = secret.prove(&question(self.server.as_bytes(), [ours.as_bytes(), theirs]));
        Some(format!("AUTH {proof}\n"))
    }
}
