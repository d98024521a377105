//! The secret that the servers of a herd share: each proves to the other that it knows it, and
//! reveals nothing that helps somebody who does not.
//!
//! A proof is HMAC-SHA-256 over the prover's role, both names, both runs and both nonces. So it is
//! good for one handshake only, in one direction only: a proof that is sent back, kept for later
//! or shown to somebody else proves nothing.
//!
//! A server may have several secrets. It proves the first and accepts each, so a herd can go from
//! one secret to another host by host, in three steps: every host accepts the new one, too; then
//! every host proves it; then every host drops the old one. A host is at most one step ahead of
//! another, so each of two neighbours accepts what the other proves at every moment.

use std::fmt;

use ring::hmac;

use crate::limits::LIMITS;
use crate::wire::{Run, from_hex, to_hex};

/// The shared secret.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// A secret of these bytes; none if there are too few.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        let enough = bytes.len() >= LIMITS.secret_min;
        enough.then(|| Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// A nonce that cannot be foreseen from the nonces before it: 128 bits, 32 hex digits.
    pub fn nonce(&self, number: [u64; 2]) -> String {
        let tag = hmac::sign(&self.0, format!("nonce {number:?}").as_bytes());
        to_hex(&tag.as_ref()[..16])
    }

    /// The proof that somebody who says `message` knows the secret, as 64 hex digits.
    pub fn prove(&self, message: &[u8]) -> String {
        to_hex(hmac::sign(&self.0, message).as_ref())
    }

    /// Whether `proof` is that of `message`, compared in constant time.
    pub fn accepts(&self, proof: &[u8], message: &[u8]) -> bool {
        from_hex(proof).is_some_and(|tag| hmac::verify(&self.0, message, &tag).is_ok())
    }
}

/// The secrets of a server, one at least: it proves the first, and accepts each.
#[derive(Clone, Debug)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// These secrets; none if there are none, or too many.
    pub fn new(all: Vec<Secret>) -> Option<Secrets> {
        (1..=LIMITS.secrets)
            .contains(&all.len())
            .then_some(Secrets(all))
    }

    /// All of them, the one that is proved first.
    pub fn all(&self) -> &[Secret] {
        &self.0
    }

    /// See [`Secret::nonce`].
    pub fn nonce(&self, number: [u64; 2]) -> String {
        self.0[0].nonce(number)
    }

    /// The proof of the first: nobody is shown what else is accepted.
    pub fn prove(&self, message: &[u8]) -> String {
        self.0[0].prove(message)
    }

    /// Whether `proof` is that of `message` by any of the secrets. All are tried, so the time does
    /// not say which of them it was.
    pub fn accepts(&self, proof: &[u8], message: &[u8]) -> bool {
        let each = self.0.iter().map(|secret| secret.accepts(proof, message));
        each.fold(false, |is_good, accepts| is_good | accepts)
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Secrets {
        Secrets(vec![secret])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The side that proves, by its word in the message.
pub const DIALLER: &[u8] = b"dialler";
/// See [`DIALLER`].
pub const ACCEPTOR: &[u8] = b"acceptor";

/// The words of one side of a handshake: its name, its run and its nonce.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a>(pub &'a [u8], pub Run, pub &'a [u8]);

/// The message that `role` proves. No word holds a space, so no two handshakes have one message.
pub fn handshake(role: &[u8], dialler: Side<'_>, acceptor: Side<'_>) -> Vec<u8> {
    let runs = [dialler.1, acceptor.1].map(|run| run.to_string());
    let [names, nonces] = [[dialler.0, acceptor.0], [dialler.2, acceptor.2]];
    let runs = [runs[0].as_bytes(), runs[1].as_bytes()];
    [&[role], &names[..], &runs, &nonces].concat().join(&b' ')
}

/// The message of a proof in a HELLO. It can be played back, so it proves nothing but that the
/// HELLO is one of the neighbour's.
pub fn early(dialler: Side<'_>, acceptor: &[u8]) -> Vec<u8> {
    let Side(name, run, nonce) = dialler;
    [b"early", name, acceptor, run.to_string().as_bytes(), nonce].join(&b' ')
}

/// The side that proves that it may ask for a status, by its word in the message.
pub const ASKER: &[u8] = b"asker";
/// The same of one that watches.
pub const WATCHER: &[u8] = b"watcher";

/// The message of a proof for STATUS or WATCH, with the nonces of the asking side and the server. A
/// handshake's has seven words and one in a HELLO has five, and other words before them, so no
/// proof is good for another purpose.
pub fn question(role: &[u8], server: &[u8], [theirs, ours]: [&[u8]; 2]) -> Vec<u8> {
    [role, server, theirs, ours].join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_one_handshake_and_one_role() {
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        let sides = [Side(b"A", Run(1), b"n1"), Side(b"B", Run(2), b"n2")];
        let [dialler, acceptor] = sides;
        let message = handshake(DIALLER, dialler, acceptor);
        let proof = secret.prove(&message);
        assert_eq!(proof.len(), 64);
        assert!(secret.accepts(proof.as_bytes(), &message));
        let others = [
            handshake(ACCEPTOR, dialler, acceptor),
            handshake(DIALLER, acceptor, dialler),
            handshake(
                DIALLER,
                Side(b"B", Run(1), b"n1"),
                Side(b"A", Run(2), b"n2"),
            ),
            handshake(
                DIALLER,
                Side(b"A", Run(2), b"n1"),
                Side(b"B", Run(1), b"n2"),
            ),
            handshake(
                DIALLER,
                Side(b"A", Run(1), b"n2"),
                Side(b"B", Run(2), b"n1"),
            ),
        ];
        for other in others {
            assert!(!secret.accepts(proof.as_bytes(), &other));
        }
        let other = Secret::new(b"0123456789abcdeF").unwrap();
        assert!(!other.accepts(proof.as_bytes(), &message));
        let upper = proof.to_uppercase();
        for bad in [&b""[..], b"-", &proof.as_bytes()[..62], upper.as_bytes()] {
            assert!(!secret.accepts(bad, &message));
        }
    }

    #[test]
    fn a_proof_for_status_is_good_for_one_server_and_one_question() {
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        let proof = secret.prove(&question(ASKER, b"A", [b"n1", b"n2"]));
        let accepts = |role, server, nonces| {
            let message = question(role, server, nonces);
            secret.accepts(proof.as_bytes(), &message)
        };
        assert!(accepts(ASKER, b"A", [b"n1", b"n2"]));
        assert!(!accepts(WATCHER, b"A", [b"n1", b"n2"]));
        assert!(!accepts(ASKER, b"B", [b"n1", b"n2"]));
        assert!(!accepts(ASKER, b"A", [b"n2", b"n1"]));
        assert!(!accepts(ASKER, b"A", [b"n1", b"n3"]));
    }

    fn secrets<const N: usize>(all: [&str; N]) -> Option<Secrets> {
        let all = all.map(|text| Secret::new(text.as_bytes()).unwrap());
        Secrets::new(all.to_vec())
    }

    #[test]
    fn the_first_secret_is_proved_and_each_is_accepted() {
        const OLD: &str = "the old secret of a herd";
        const NEW: &str = "the new secret of a herd";
        let message = b"a message";
        let accepts =
            |one: &Secrets, other: &Secrets| other.accepts(one.prove(message).as_bytes(), message);
        // A host is at most one step ahead of another.
        let steps = [
            secrets([OLD]).unwrap(),
            secrets([OLD, NEW]).unwrap(),
            secrets([NEW, OLD]).unwrap(),
            secrets([NEW]).unwrap(),
        ];
        for pair in steps.windows(2) {
            assert!(accepts(&pair[0], &pair[1]) && accepts(&pair[1], &pair[0]));
        }
        assert!(!accepts(&steps[2], &steps[0]));
        assert!(!accepts(&steps[1], &steps[3]));
        assert!(!accepts(&steps[3], &steps[0]));
        assert!(!steps[1].accepts(b"-", message));
        let old = Secret::new(OLD.as_bytes()).unwrap();
        assert_eq!(steps[1].nonce([1, 2]), old.nonce([1, 2]));
    }

    #[test]
    fn there_is_one_secret_at_least_and_not_too_many() {
        assert!(secrets([]).is_none());
        assert!(secrets(["0123456789abcdef"; LIMITS.secrets]).is_some());
        assert!(secrets(["0123456789abcdef"; LIMITS.secrets + 1]).is_none());
    }

    #[test]
    fn a_short_secret_is_none_and_none_is_shown() {
        assert!(Secret::new(b"0123456789abcde").is_none());
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
