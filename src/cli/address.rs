//! The address of a clients' door as people type it.

use super::failure::Failure::{self, Wrong};

/// Host and port of HOST:PORT, where an IPv6 address has brackets.
pub(super) fn split(word: &str) -> Result<(String, u16), Failure> {
    let wrong = || {
        let what = "is not the address of a clients' door; write HOST:PORT";
        Wrong(format!("{word:?} {what}"))
    };
    let (host, port) = word.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if inner.is_none() && host.contains(':') {
        return Err(wrong());
    }
    Ok((inner.unwrap_or(host).to_string(), port))
}
