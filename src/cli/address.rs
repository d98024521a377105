//! The clients' door of a server as people type it: a name of the topology, or HOST:PORT.

use std::fmt;

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use super::options;

/// A clients' door.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// The door that `word` means. A name may hold a colon, so the topology is asked first.
pub(super) fn find(matches: &Matches, word: &str) -> Result<Address, Failure> {
    let topology = options::topology(matches);
    let found = topology.as_ref().ok().and_then(|it| it.find(word));
    if let (Ok(topology), Some(place)) = (&topology, found) {
        let server = &topology.servers[place];
        return Ok(Address {
            host: server.host.to_string(),
            port: server.clients,
        });
    }
    if word.contains(':') {
        return split(word);
    }
    let topology = topology?;
    Err(options::unknown(matches, topology.servers.iter(), word))
}

/// HOST:PORT, where an IPv6 address has brackets.
fn split(word: &str) -> Result<Address, Failure> {
    let wrong = || {
        let what = "is not the address of a clients' door; write HOST:PORT";
        Wrong(format!("{word:?} {what}"))
    };
    let (host, port) = word.rsplit_once(':').ok_or_else(wrong)?;
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if host.is_empty() || !is_number || inner.is_none() && host.contains(':') {
        return Err(wrong());
    }
    match port.parse() {
        Ok(port) if port > 0 => Ok(Address {
            host: inner.unwrap_or(host).to_string(),
            port,
        }),
        _ => Err(Wrong(format!("{word:?}: a port is 1 to 65535"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let shown = |word| match split(word) {
            Ok(address) => address.to_string(),
            Err(failure) => failure.to_string(),
        };
        for word in ["127.0.0.1:1", "[::1]:65535", "kiwi.edu:12001"] {
            assert_eq!(shown(word), word);
        }
        for word in ["127.0.0.1:0", "h:65536", "[::1]:99999999999999999999999"] {
            assert_eq!(shown(word), format!("herd: {word:?}: a port is 1 to 65535"));
        }
        for word in ["::1:12001", "[::1", ":1", "h:", "h:-1", "h:+1", "h:1x", ":"] {
            let want = format!("herd: {word:?} is not the address of a clients' door; write ");
            assert!(shown(word).starts_with(&want), "{word}");
        }
    }
}
