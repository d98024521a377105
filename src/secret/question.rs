//! The asking side of STATUS and WATCH: one question to one server, and the proofs that it wants.

use memchr::memmem;

use super::secrets::{ASKER, Secret, Secrets, WATCHER, question};
use crate::wire::{Message, Start};

/// A question, and how far it has come. On each connection it is asked with one secret.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    server: &'a str,
    nonce: u128,
    /// Where a watcher begins; none: it is for the status.
    watch: Option<Start>,
    /// The secrets that are still to be tried.
    secrets: &'a [Secret],
    has_proved: bool,
}

/// The meaning of a line of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'l> {
    /// It wants proof: say this.
    Say(String),
    /// It has another secret: ask again, on a new connection.
    Again,
    /// It wants proof, and there is no secret to prove.
    NoSecret,
    /// It has a different secret, and perhaps says so.
    OtherSecret(Option<&'l [u8]>),
    /// It wants a proof that is unknown.
    Unknown,
    /// It refuses, and perhaps says why.
    Refused(Option<&'l [u8]>),
    /// It is for the asker.
    Line,
}

impl<'a> Question<'a> {
    /// A question to `server`, for its status or to watch it; `nonce` must be new for each.
    pub fn new(
        server: &'a str,
        nonce: u128,
        watch: Option<Start>,
        secrets: Option<&'a Secrets>,
    ) -> Question<'a> {
        Question {
            server,
            nonce,
            watch,
            secrets: secrets.map_or(&[], Secrets::all),
            has_proved: false,
        }
    }

    /// The name of the server in the topology.
    pub fn server(&self) -> &'a str {
        self.server
    }

    /// The first line, with its LF.
    pub fn line(&self) -> String {
        match self.watch {
            None => format!("STATUS {:032x}\n", self.nonce),
            Some(start) => format!("WATCH {:032x}{start}\n", self.nonce),
        }
    }

    /// The server said `line`.
    pub fn hear<'l>(&mut self, line: &'l [u8]) -> Heard<'l> {
        let verb: &[u8] = match self.watch {
            None => b"STATUS",
            Some(_) => b"WATCH",
        };
        let words = line.strip_prefix(verb);
        if words.is_some_and(|it| it.first().is_none_or(|it| *it == b' ')) && !self.has_proved {
            self.has_proved = true;
            let Some((secret, rest)) = self.secrets.split_first() else {
                return Heard::NoSecret;
            };
            self.secrets = rest;
            return self.proof(secret, line).map_or(Heard::Unknown, Heard::Say);
        }
        if !line.starts_with(b"? ") {
            return Heard::Line;
        }
        let reason = memmem::find(line, b" # ").map(|at| &line[at + 3..]);
        match self.has_proved {
            true if !self.secrets.is_empty() => {
                self.has_proved = false;
                Heard::Again
            }
            true => Heard::OtherSecret(reason),
            false => Heard::Refused(reason),
        }
    }

    /// The line that answers a server which wants a proof, with its LF; none if `line` does not
    /// ask for one.
    fn proof(&self, secret: &Secret, line: &[u8]) -> Option<String> {
        let (role, theirs) = match Message::parse(line)? {
            Message::Status(theirs) => (ASKER, theirs?),
            Message::Watch(theirs, _) => (WATCHER, theirs?),
            _ => return None,
        };
        let ours = format!("{:032x}", self.nonce);
        let message = question(role, self.server.as_bytes(), [ours.as_bytes(), theirs]);
        Some(format!("AUTH {}\n", secret.prove(&message)))
    }
}
