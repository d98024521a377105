//! Questions to the operating system that verbs share.

use std::fs::{self, File};
use std::io::{self, Read};

use nix::sys::resource::{Resource, getrlimit};

/// A number that no other start has: for a run and a seed, or for a nonce.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// How many descriptors this process may still open, at its start: some are its outputs, and its
/// parent may have left more of them open.
pub(super) fn descriptors_left() -> usize {
    let soft = getrlimit(Resource::RLIMIT_NOFILE).map(|(soft, _)| soft as usize);
    let most = soft.unwrap_or(1024);
    // The limit is one on their numbers. One of them is that of the directory itself.
    let names = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let numbers = names.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let open = numbers.filter(|number: &usize| (3..most).contains(number));
    most - open.count().saturating_sub(1)
}
