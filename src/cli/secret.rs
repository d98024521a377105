//! The secret that the servers share: where it is read from, and when there must be one.

use super::failure::Failure;
use crate::limits::Limits;
use crate::node::{SECRET_BYTES_MIN, Secret};
use crate::topology::{Host, Server};
use getopts::{Matches, Options};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

/// How to make one.
const RECIPE: &str = "(umask 077; head -c 32 /dev/urandom | base64 > secret)";
const FILE_BYTES_MAX: usize = Limits::PRODUCT.secret_file;

/// Adds `--secret-file` and `--insecure`.
pub(super) fn declare(options: &mut Options) {
    declare_file(options);
    let help = "listen beyond this machine without a secret";
    options.optflag("", "insecure", help);
}

/// Adds `--secret-file`.
pub(super) fn declare_file(options: &mut Options) {
    let help = format!("what all servers of the herd know and nobody else; make one: {RECIPE}");
    options.optopt("", "secret-file", &help, "FILE");
}

/// The secret that was named, if one was. White space at its end does not count.
pub(super) fn chosen(matches: &Matches) -> Result<Option<Secret>, Failure> {
    let Some(file) = matches.opt_str("secret-file") else {
        return Ok(None);
    };
    let wrong = |what: &str, advice: &str| {
        Failure::wrong(format_args!("secret file {file}: {what}; {advice}"))
    };
    let unreadable =
        |error: std::io::Error| wrong(&error.to_string(), &format!("make one with {RECIPE}"));
    let open = File::open(&file).map_err(unreadable)?;
    let mode = open.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(wrong("others may read it", &format!("chmod 600 {file}")));
    }
    let mut bytes = Vec::new();
    open.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(wrong("it is too large", &format!("make one with {RECIPE}")));
    }
    let few = format!("it has fewer than {SECRET_BYTES_MIN} bytes");
    let secret = Secret::new(bytes.trim_ascii_end());
    secret
        .map(Some)
        .ok_or_else(|| wrong(&few, &format!("make one with {RECIPE}")))
}

/// Refuses to let anybody who reaches a server tell it things.
pub(super) fn guard(server: &Server, has_secret: bool, insecure: bool) -> Result<(), Failure> {
    if is_local(&server.host) || has_secret || insecure {
        return Ok(());
    }
    Err(Failure::wrong(format_args!(
        "{} would listen on {}, where anybody can say that it is a neighbour; make a secret with \
         {RECIPE}, and give it to every server with --secret-file secret (or say --insecure)",
        server.name, server.host
    )))
}

/// Whether only this machine reaches a host.
pub(super) fn is_local(host: &Host) -> bool {
    match host {
        Host::Ip(address) => address.to_canonical().is_loopback(),
        // What another name stands for can change.
        Host::Name(name) => name == "localhost",
    }
}
