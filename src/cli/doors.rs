//! The doors of a server: which addresses of its host are this machine's, and what it listens on.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use nix::errno::Errno;

use super::activation;
use super::failure::Failure::{self, Failed, Wrong};
use super::secret;
use crate::holder;
use crate::reactor::{Listener, is_here, resolve};
use crate::stdio::{Stream, say};
use crate::terminal::list;
use crate::topology::{Host, Server};

/// The addresses that a server listens on, with the ports of no door yet. A name is resolved here,
/// before the loop begins. `is_guarded`: it may be reached from beyond this machine.
pub(super) fn addresses(server: &Server, is_guarded: bool) -> Result<Vec<SocketAddr>, Failure> {
    let host = server.listens_on();
    let cannot = |error| Failed(format!("cannot resolve the host {host}: {error}"));
    let found = resolve(&host.to_string(), 0).map_err(cannot)?;
    let is_near = found.iter().all(|address| address.ip().is_loopback());
    if !is_near && !is_guarded {
        return Err(secret::wanted(server));
    }
    if is_near && !host.is_loopback() {
        let (name, address) = (&server.name, found[0].ip());
        let warning = format!(
            "{name}: its host {host} is {address} here, so only this machine can reach it; correct \
             /etc/hosts, or add listen=0.0.0.0 to its line"
        );
        log::warn!("{warning}");
        say(Stream::Error, format!("herd: warning: {warning}\n"));
    }
    Ok(found)
}

/// Opens the clients' door and the servers' door at these addresses, unless the service manager has
/// opened them. It leaves out those that are not this machine's, as long as there is another.
pub(super) fn open(
    server: &Server,
    addresses: &[SocketAddr],
) -> Result<[Vec<Listener>; 2], Failure> {
    let ports = [server.clients, server.servers.unwrap_or_default()];
    let (mut doors, mut missing) = (activation::doors(server)?, None);
    let ours = doors.iter_mut().zip(ports);
    for (door, port) in ours.filter(|(door, _)| door.is_empty()) {
        for mut address in addresses.iter().copied() {
            address.set_port(port);
            match Listener::open(address) {
                Ok(listener) => door.push(listener),
                Err(error) if is_missing(&error) => missing = Some((address, error)),
                Err(error) => return Err(cannot_listen(address, &error)),
            }
        }
    }
    match missing {
        Some((address, error)) if doors.iter().any(Vec::is_empty) => {
            return Err(cannot_listen(address, &error));
        }
        Some((address, _)) => {
            let (host, ip) = (server.listens_on(), address.ip());
            log::info!("{host} is {ip}, too, which is not an address of this machine");
        }
        None => {}
    }
    let [clients, servers] = doors.each_ref().map(|door| {
        let addresses = door.iter().filter_map(|it| it.local_addr().ok());
        let addresses: Vec<String> = addresses.map(|it| it.to_string()).collect();
        list(addresses.iter().map(String::as_str))
    });
    log::info!("the clients' door is at {clients}, the servers' door at {servers}");
    Ok(doors)
}

/// The address is not this machine's, or of a family that it does not have (EAFNOSUPPORT).
fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::EAFNOSUPPORT as i32)
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            let mut others = holder::listening().into_iter();
            let other = others.find(|it| it.takes(address.ip(), address.port()));
            let who = match other.and_then(|it| it.process()) {
                Some(process) => format!("{} (pid {})", process.name(), process.pid),
                None => "what runs there".to_string(),
            };
            format!("end {who}, or change the port in the topology")
        }
        _ if is_missing(error) => {
            "another machine has this address: start it there, or add listen=0.0.0.0 to its line \
             if this one is reached by it"
                .to_string()
        }
        _ => "change the port in the topology".to_string(),
    };
    Failed(format!("cannot listen on {address}: {error}; {advice}"))
}

/// The addresses to dial from: the one of the topology or, without a secret, our own addresses, by
/// which our neighbours know us, as far as this machine has them. None: the kernel chooses.
pub(super) fn sources(
    server: &Server,
    has_secret: bool,
    addresses: &[SocketAddr],
) -> Result<Vec<SocketAddr>, Failure> {
    let mut sources = match (server.source, &server.listen, &server.host) {
        (Some(source), ..) => vec![(source, 0).into()],
        _ if has_secret => Vec::new(),
        (None, None, _) => addresses.to_vec(),
        (None, Some(_), Host::Ip(host)) => vec![(host.to_canonical(), 0).into()],
        (None, Some(_), Host::Name(_)) => Vec::new(),
    };
    sources.retain(|source| is_here(*source));
    match server.source {
        Some(source) if sources.is_empty() => Err(Wrong(format!(
            "{} cannot dial from {source}, which is not an address of this machine; correct \
             source= in the topology",
            server.name
        ))),
        _ => Ok(sources),
    }
}
