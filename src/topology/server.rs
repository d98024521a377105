//! One server of a topology, and where it is.

use std::fmt;
use std::net::IpAddr;

/// One server and its doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// At most [`Limits::server_name`](crate::limits::Limits::server_name) bytes, without white
    /// space, `/`, `=` or control characters.
    pub name: String,
    /// Where others reach both doors.
    pub host: Host,
    /// The addresses that it listens on, if they are not those of `host`: behind NAT or in a
    /// container. It may be all addresses of the machine, `0.0.0.0` or `::`.
    pub listen: Option<Host>,
    /// The address that it dials from. `None`: the kernel chooses.
    pub source: Option<IpAddr>,
    /// The port of the clients' door, never 0.
    pub clients: u16,
    /// The port of the servers' door, never 0. `None`: the server is plain.
    pub servers: Option<u16>,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name, which is resolved when it is dialled; or an IPv6 address with a zone, which each
    /// machine has to resolve for itself, too.
    Name(String),
}

impl Server {
    /// Whether this is another implementation, which knows only the clients' door.
    pub fn is_plain(&self) -> bool {
        self.servers.is_none()
    }

    /// The host whose addresses it listens on.
    pub fn listens_on(&self) -> &Host {
        self.listen.as_ref().unwrap_or(&self.host)
    }

    /// The clients' door as people write it: `127.0.0.1:12001`, `[::1]:12001`.
    pub fn clients_door(&self) -> String {
        self.host.door(self.clients)
    }

    /// The servers' door in the same form; a plain server has none.
    pub fn servers_door(&self) -> Option<String> {
        self.servers.map(|port| self.host.door(port))
    }
}

impl Host {
    /// One port of this host as people write it.
    pub fn door(&self, port: u16) -> String {
        let host = self.to_string();
        match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        }
    }

    /// Whether only this machine can reach it. Another name may have another address tomorrow.
    pub fn is_loopback(&self) -> bool {
        match self {
            Host::Ip(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name.eq_ignore_ascii_case("localhost")
            }
        }
    }
}

/// Writes the host as it is written in a topology: an IPv6 address has no brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(address) => address.fmt(f),
            Host::Name(name) => f.write_str(name),
        }
    }
}
