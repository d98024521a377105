//! Questions to the operating system that verbs share.

use std::fs::{self, File};
use std::io::{self, Read};

/// A number that no other start has: for a run and a seed, or for a nonce.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// How many descriptors this process may still open, at its start: some are its outputs, and its
/// parent may have left more of them open.
pub(super) fn descriptors_left() -> usize {
    let most = descriptors_max();
    // The limit is one on their numbers. One of them is that of the directory itself.
    let names = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let numbers = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let open = numbers.filter(|number: &usize| (3..most).contains(number));
    most - open.count().saturating_sub(1)
}

/// How many descriptors this process may have: the soft limit (getrlimit(2)), as Linux shows it. If
/// it cannot be read, the usual one.
fn descriptors_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let mut lines = limits.lines();
    let line = lines.find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(1024)
}
