//! Doors that the service manager has opened for us: systemd's socket activation
//! (sd_listen_fds(3)). They stay open while we are away, so nobody is refused during a restart.
//!
//! A socket is the door whose port it has or, where the two differ, the one whose name it has:
//! `FileDescriptorName=clients` or `servers`.

use std::net::TcpListener;

use super::failure::Failure::{self, Failed, Wrong};
use crate::reactor::Listener;
use crate::topology::Server;

/// The name of each door's socket.
const NAMES: [&str; 2] = ["clients", "servers"];

const ADVICE: &str = "correct its socket unit, or unset LISTEN_FDS to open the doors here";

/// The clients' and the servers' door of `server`, as far as they were opened for us.
pub(super) fn doors(server: &Server) -> Result<[Vec<Listener>; 2], Failure> {
    let given = sd_listen_fds::get();
    let given = given.map_err(|error| Wrong(format!("LISTEN_FDS: {error}; {ADVICE}")))?;
    let mut doors = [Vec::new(), Vec::new()];
    for (number, (name, socket)) in given.into_iter().enumerate() {
        let name = name.unwrap_or_default();
        let cannot = |error| {
            let number = number + 3;
            let what = format!("descriptor {number} ({name:?}) of the service manager");
            Failed(format!("cannot listen on {what}: {error}; {ADVICE}"))
        };
        let socket = Listener::given(TcpListener::from(socket)).map_err(cannot)?;
        let address = socket.local_addr().map_err(cannot)?;
        let ports = [Some(server.clients), server.servers];
        let by_port = ports.iter().position(|port| *port == Some(address.port()));
        let by_name = || NAMES.iter().position(|door| *door == name);
        let Some(door) = by_port.or_else(by_name) else {
            let (clients, server) = (server.clients, &server.name);
            return Err(Wrong(format!(
                "the service manager opened {address} ({name:?}), which is no door of {server}; \
                 give it the port {clients}, or FileDescriptorName=clients or servers"
            )));
        };
        doors[door].push(socket);
    }
    Ok(doors)
}
