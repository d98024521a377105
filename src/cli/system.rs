//! Questions to the operating system that verbs share.

use std::fs::{self, File};
use std::io::{self, Read};

/// A number that no other start has: for a run and a seed, or for a nonce.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// How many descriptors this process may have: the soft limit (getrlimit(2)), as Linux shows it. If
/// it cannot be read, the usual one.
pub(super) fn descriptors_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(1024)
}
