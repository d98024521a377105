//! Names and addresses: what a server listens on, whom it dials, and by what it knows who comes.
//! Each test has a network of its own.

mod dialling;
mod listening;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::process::{Command, Output};

use super::support;
use super::support::client::{now, seconds};
use super::support::process::Server;
use super::support::space::{Space, run};
use super::support::wait::PATIENCE;

/// The servers of these names, which all read this topology.
fn herd<const N: usize>(space: &Space, text: &str, names: [&str; N]) -> [Server; N] {
    names.map(|name| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("server {name} ")));
        let word = |key: &str| {
            let mut words = line.unwrap().split_whitespace();
            let port = words.find_map(|word| word.strip_prefix(key));
            port.unwrap().parse().unwrap()
        };
        let ports = [word("clients="), word("servers=")];
        let mut server = Server::new(name, ports, space.directory.0.clone());
        fs::write(&server.topology, text).unwrap();
        server.options = vec!["--insecure".to_string()];
        server
    })
}

/// Gives these servers a secret, and returns its file.
fn secret_of(space: &Space, servers: &mut [Server]) -> String {
    let file = space.directory.0.join("secret").display().to_string();
    fs::write(&file, "correct horse battery staple").unwrap();
    run(&format!("chmod 600 {file}"));
    for server in servers {
        server.options = vec!["--secret-file".to_string(), file.clone()];
    }
    file
}

fn start(servers: &mut [Server]) {
    servers.iter_mut().for_each(Server::start);
}

fn iamat(client: &str) -> String {
    format!("IAMAT {client} +34.068930-118.445127 {}\n", seconds(now()))
}

/// Says this to a host and a port, and returns all that comes; or why it cannot be reached.
fn ask(door: impl ToSocketAddrs, text: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(door).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Ok(answer)
}

#[track_caller]
fn has_answered(answer: Result<String, String>) {
    assert!(
        answer.as_ref().is_ok_and(|it| it.starts_with("AT ")),
        "{answer:?}"
    );
}

/// The program itself.
fn program(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.args(words).output().unwrap()
}

fn both_up(one: &Server, other: &Server) {
    one.logged(&format!("link to {} up", other.name));
    other.logged(&format!("link to {} up", one.name));
}

/// A connection from a port that we choose.
fn from(source: &str, target: &str) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let [source, target]: [SocketAddr; 2] = [source, target].map(|it| it.parse().unwrap());
    socket.bind(&source.into()).unwrap();
    socket.connect(&target.into()).unwrap();
    socket.into()
}
