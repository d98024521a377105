//! Random numbers, from the kernel.

use std::fs::File;
use std::io::{self, Read};

/// A number that no other start has: for a run and a seed, or for a nonce.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}
