//! The secret that the servers share: where it is read from, and when there must be one.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use crate::limits::Limits;
use crate::node::{SECRET_BYTES_MIN, Secret};
use crate::topology::Server;

/// How to make one.
pub(super) const RECIPE: &str = "(umask 077; head -c 32 /dev/urandom | base64 > secret)";
const FILE_BYTES_MAX: usize = Limits::PRODUCT.secret_file;

/// Reads the secret file, if one was given. White space at its end does not count.
pub(super) fn chosen(matches: &Matches) -> Result<Option<Secret>, Failure> {
    let Some(file) = matches.opt_str("secret-file") else {
        return Ok(None);
    };
    let wrong = |what: &str| {
        Wrong(format!(
            "secret file {file}: {what}; make one with {RECIPE}"
        ))
    };
    let (mode, bytes) = read(&file).map_err(|error| wrong(&error.to_string()))?;
    if mode & 0o077 != 0 {
        return Err(Wrong(format!(
            "secret file {file}: others may read it; chmod 600 {file}"
        )));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(wrong("it is too large"));
    }
    let secret = Secret::new(bytes.trim_ascii_end());
    let few = || wrong(&format!("it has fewer than {SECRET_BYTES_MIN} bytes"));
    secret.map(Some).ok_or_else(few)
}

/// The mode of a file and its bytes; of a file that is too large, one more than may be.
fn read(file: &str) -> io::Result<(u32, Vec<u8>)> {
    let (open, mut bytes) = (File::open(file)?, Vec::new());
    let mode = open.metadata()?.permissions().mode();
    open.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((mode, bytes))
}

/// Refuses a server that anybody on the network could feed with false news, unless there is a
/// secret or somebody wants it so.
pub(super) fn guard(server: &Server, is_guarded: bool) -> Result<(), Failure> {
    match is_guarded || server.listens_on().is_loopback() {
        true => Ok(()),
        false => Err(wanted(server)),
    }
}

/// It needs a secret.
pub(super) fn wanted(server: &Server) -> Failure {
    Wrong(format!(
        "{} would listen on {}, where anybody can pose as a neighbour; make a secret with {RECIPE} \
         and give it to every server with --secret-file secret (or say --insecure)",
        server.name,
        server.listens_on()
    ))
}
