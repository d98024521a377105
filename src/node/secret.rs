//! The secret that the servers of a herd share: each proves to the other that it knows it, and
//! says nothing that helps who does not.
//!
//! A proof is HMAC-SHA-256 over the prover's role, both names, both runs and both nonces. So it is
//! good for one handshake only, in one direction only: a proof that is sent back, or kept for
//! later, or shown to somebody else, proves nothing.

use std::fmt;

use ring::hmac;

use crate::limits::Limits;
use crate::wire::{Run, from_hex, to_hex};

/// The shared secret.
#[derive(Clone)]
pub struct Secret(hmac::Key);

/// Bytes of a secret at least.
pub const SECRET_BYTES_MIN: usize = Limits::PRODUCT.secret_min;

impl Secret {
    /// A secret of these bytes; none if they are too few.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        let enough = bytes.len() >= SECRET_BYTES_MIN;
        enough.then(|| Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// A nonce that nobody foresees who has seen those before it: 128 bits, 32 hex digits.
    pub fn nonce(&self, number: [u64; 2]) -> String {
        let tag = hmac::sign(&self.0, format!("nonce {number:?}").as_bytes());
        to_hex(&tag.as_ref()[..16])
    }

    /// The proof that who asks `server` for its status knows the secret, as 64 hex digits. The
    /// nonces are the asker's and the server's.
    pub fn prove_asker(&self, server: &[u8], nonces: [&[u8]; 2]) -> String {
        to_hex(hmac::sign(&self.0, &question(server, nonces)).as_ref())
    }

    /// Whether `proof` is that of who asks, compared in constant time.
    pub fn accepts_asker(&self, proof: &[u8], server: &[u8], nonces: [&[u8]; 2]) -> bool {
        let message = question(server, nonces);
        from_hex(proof).is_some_and(|tag| hmac::verify(&self.0, &message, &tag).is_ok())
    }

    /// The proof that `role` knows the secret, as 64 hex digits.
    pub fn prove(&self, role: Role, handshake: &Handshake<'_>) -> String {
        to_hex(hmac::sign(&self.0, &handshake.message(role)).as_ref())
    }

    /// Whether `proof` is that of `role`, compared in constant time.
    pub fn accepts(&self, proof: &[u8], role: Role, handshake: &Handshake<'_>) -> bool {
        let message = handshake.message(role);
        from_hex(proof).is_some_and(|tag| hmac::verify(&self.0, &message, &tag).is_ok())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who dialled.
    Dialler,
    /// Who was dialled.
    Acceptor,
}

/// What both have said so far.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// The names of dialler and acceptor.
    pub names: [&'a [u8]; 2],
    /// Their runs.
    pub runs: [Run; 2],
    /// Their nonces.
    pub nonces: [&'a [u8]; 2],
}

impl Handshake<'_> {
    /// No field holds a space, so no two handshakes have one message.
    fn message(&self, role: Role) -> Vec<u8> {
        let role: &[u8] = match role {
            Role::Dialler => b"dialler",
            Role::Acceptor => b"acceptor",
        };
        let runs = self.runs.map(|run| run.to_string());
        let [dialler, acceptor] = self.names;
        let runs = [runs[0].as_bytes(), runs[1].as_bytes()];
        [
            role,
            dialler,
            acceptor,
            runs[0],
            runs[1],
            self.nonces[0],
            self.nonces[1],
        ]
        .join(&b' ')
    }
}

/// What an asker's proof is about. A handshake has seven words and another role before them, so
/// neither's proof is good for the other.
fn question(server: &[u8], [asker, ours]: [&[u8]; 2]) -> Vec<u8> {
    [b"asker", server, asker, ours].join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_one_handshake_and_one_role() {
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        let handshake = Handshake {
            names: [b"A", b"B"],
            runs: [Run(1), Run(2)],
            nonces: [b"n1", b"n2"],
        };
        let proof = secret.prove(Role::Dialler, &handshake);
        assert_eq!(proof.len(), 64);
        let accepts =
            |role, handshake: &Handshake<'_>| secret.accepts(proof.as_bytes(), role, handshake);
        assert!(accepts(Role::Dialler, &handshake));
        assert!(!accepts(Role::Acceptor, &handshake));
        let [mut names, mut runs, mut nonces] = [handshake; 3];
        names.names.reverse();
        runs.runs.reverse();
        nonces.nonces.reverse();
        for other in [names, runs, nonces] {
            assert!(!accepts(Role::Dialler, &other));
        }
        let other = Secret::new(b"0123456789abcdeF").unwrap();
        assert!(!other.accepts(proof.as_bytes(), Role::Dialler, &handshake));
        for bad in [
            &b""[..],
            b"-",
            &proof.as_bytes()[..62],
            proof.to_uppercase().as_bytes(),
        ] {
            assert!(!secret.accepts(bad, Role::Dialler, &handshake));
        }
    }

    #[test]
    fn an_askers_proof_is_good_for_one_server_and_one_question() {
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        let proof = secret.prove_asker(b"A", [b"n1", b"n2"]);
        let accepts = |server, nonces| secret.accepts_asker(proof.as_bytes(), server, nonces);
        assert!(accepts(b"A", [b"n1", b"n2"]));
        assert!(!accepts(b"B", [b"n1", b"n2"]));
        assert!(!accepts(b"A", [b"n2", b"n1"]));
        assert!(!accepts(b"A", [b"n1", b"n3"]));
        assert!(!secret.accepts_asker(b"-", b"A", [b"n1", b"n2"]));
    }

    #[test]
    fn a_short_secret_is_none_and_none_is_shown() {
        assert!(Secret::new(b"0123456789abcde").is_none());
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
