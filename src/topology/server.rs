//! One server of a topology, and where it is.

use std::fmt;
use std::net::IpAddr;

/// One server and its doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// At most [`Limits::server_name`](crate::limits::Limits::server_name) bytes, without white
    /// space, `/`, `=` or control characters.
    pub name: String,
    /// Where both doors are.
    pub host: Host,
    /// The port of the clients' door, never 0.
    pub clients: u16,
    /// The port of the servers' door, never 0. `None` exactly when the server is plain.
    pub servers: Option<u16>,
    /// Whether this is another implementation, which knows only the clients' door.
    pub plain: bool,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A name, which is resolved whenever it is dialled.
    Name(String),
}

impl Server {
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
    pub(super) fn door(&self, port: u16) -> String {
        match self {
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            host => format!("{host}:{port}"),
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
