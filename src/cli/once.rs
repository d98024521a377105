//! Files that can be read once only, for servers that each read them: bash's `<(...)`, a pipe, or a
//! descriptor of ours such as `/dev/stdin`. They are kept in memory under a name that lasts as long
//! as this process.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

use getopts::Matches;
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::failure::Failure::{self, Failed};
use crate::limits::LIMITS;

/// The options of `matches` that name files.
const FILES: [&str; 2] = ["topology", "secret-file"];

/// Replaces such files in `arguments`, from which `matches` comes. They last as long as the files
/// that are returned.
pub(super) fn keep(matches: &Matches, arguments: &mut [String]) -> Result<Vec<File>, Failure> {
    let mut kept = Vec::new();
    let mut names: Vec<String> = FILES.iter().flat_map(|it| matches.opt_strs(it)).collect();
    names.dedup();
    for name in names {
        let cannot = |error| Failed(format!("cannot keep {name} in memory: {error}"));
        let lasting = match lasting_name(Path::new(&name)) {
            Some(path) => path,
            None => {
                let file = copy(&name).map_err(cannot)?;
                let descriptor = file.as_raw_fd();
                kept.push(file);
                format!("/proc/{}/fd/{descriptor}", process::id()).into()
            }
        };
        for argument in arguments.iter_mut() {
            // A word of its own, or with its option: `-tFILE`, `--topology=FILE`.
            let before = argument.strip_suffix(&name);
            if let Some(before) = before.filter(|it| it.is_empty() || it.starts_with('-')) {
                *argument = format!("{before}{}", lasting.display());
            }
        }
    }
    Ok(kept)
}

/// The name of a file for other processes. `None`: it can be read once only.
fn lasting_name(path: &Path) -> Option<PathBuf> {
    let is_descriptor = ["/dev", "/proc"].iter().any(|it| path.starts_with(it));
    match fs::metadata(path) {
        Ok(facts) if !facts.is_file() => None,
        Ok(_) if is_descriptor => path.canonicalize().ok(),
        // Another process reads the same file under its name; or nobody can.
        _ => Some(path.into()),
    }
}

/// A file in memory that nobody else can read.
fn copy(name: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("herd", MFdFlags::MFD_CLOEXEC)?);
    file.set_permissions(Permissions::from_mode(0o600))?;
    let mut bytes = Vec::new();
    // Both kinds of files are refused beyond this.
    let most = LIMITS.topology_file as u64 + 1;
    File::open(name)?.take(most).read_to_end(&mut bytes)?;
    file.write_all(&bytes)?;
    Ok(file)
}
