//! `herd web`: a page about the herd, and HTTP for programs.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::failure::cannot;
use super::system::random;
use super::{options, secret};
use crate::reactor::{Interrupt, Listener};
use crate::terminal::print;
use crate::web::{Guard, Herd, Server};

/// Where it listens unless it is said.
const LISTEN: &str = "127.0.0.1:12300";

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let interrupt = Interrupt::catch().map_err(cannot("catch signals"))?;
    options::no_words("web", matches, "it is about all servers of the topology")?;
    let address = address(matches)?;
    let password = matches.opt_str("password-file");
    let password = password.map(|file| secret::password(&file)).transpose();
    let password = password.map_err(Wrong)?;
    if password.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(Wrong(format!(
            "web would listen on {address}, where anybody can read the status and move clients; \
             make a password with {} and give --password-file password",
            secret::RECIPE.replace("secret", "password")
        )));
    }
    let herd = Arc::new(Herd {
        secrets: secret::chosen(matches).map_err(Wrong)?,
        topology: options::topology(matches)?,
        random,
    });
    let listener = Listener::open(address).map_err(|error| cannot_listen(address, &error))?;
    let address = listener.local_addr().map_err(cannot("listen"))?;
    let guard = Guard::new(address, &matches.opt_strs("host"), password.as_deref());
    let mut server = Server::new(listener, guard, &herd).map_err(cannot("serve"))?;
    print(&format!(
        "http://{address}/ shows the herd. Ctrl-C ends this.\n"
    ))?;
    server.run(interrupt).map_err(cannot("serve"))
}

fn address(matches: &Matches) -> Result<SocketAddr, Failure> {
    let text = matches.opt_str("listen").unwrap_or(LISTEN.to_string());
    text.parse().map_err(|_| {
        let what = "is not an address with a port, such as 127.0.0.1:12300 or [::1]:12300";
        Wrong(format!("--listen: {text:?} {what}"))
    })
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "end what runs there, or choose another port with --listen",
        ErrorKind::AddrNotAvailable => "choose an address of this machine with --listen",
        _ => "choose another address with --listen",
    };
    Failed(format!("cannot listen on {address}: {error}; {advice}"))
}
