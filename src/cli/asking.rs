//! Asking every server of a herd how it is, all at once.
//!
//! A thread each, and one that sleeps until nobody is waited for any more: so one that hangs
//! delays the answers of the others by nothing, and all of it by a known time. Whatever is said is
//! taken for what a stranger says: bounded, and shown escaped.

use super::failure::Failure;
use super::serve::random;
use crate::limits::Limits;
use crate::node::{Question, Secret};
use crate::topology::{Host, Server, Topology};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// So long all servers together may take to answer.
const PATIENCE: Duration = Duration::from_nanos(Limits::PRODUCT.status_wait);
/// Bytes of one line of a server at most.
const LINE_MAX: u64 = Limits::PRODUCT.status_line as u64;

/// What became of a question.
pub(super) enum Answer {
    /// Its status.
    Up(Value),
    /// Why there is none.
    Down(String),
    /// It is of another make, and was not asked.
    Plain,
}

/// Asks all servers, in the order of the topology.
pub(super) fn ask_all(
    topology: &Topology,
    secret: Option<&Secret>,
) -> Result<Vec<Answer>, Failure> {
    let failed = |error| Failure::failed(format_args!("cannot ask: {error}"));
    let (sender, answers) = mpsc::channel();
    let mut all = Vec::with_capacity(topology.servers.len());
    let mut awaited = 0;
    for (place, server) in topology.servers.iter().enumerate() {
        if server.plain {
            all.push(Answer::Plain);
            continue;
        }
        let why = format!("no answer within {} s", PATIENCE.as_secs());
        all.push(Answer::Down(why));
        awaited += 1;
        let (high, low) = random().map_err(failed)?;
        let nonce = u128::from(high) << 64 | u128::from(low);
        let (server, secret, sender) = (server.clone(), secret.cloned(), sender.clone());
        let asker = move || {
            let answer = match ask(&server, nonce, secret.as_ref()) {
                Ok(status) => Answer::Up(status),
                Err(why) => Answer::Down(why),
            };
            // Nobody listens any more when patience has ended.
            let _ = sender.send(Some((place, answer)));
        };
        thread::Builder::new().spawn(asker).map_err(failed)?;
    }
    // Only the loop of a server reads clocks: this one sleeps.
    let patience = move || {
        thread::sleep(PATIENCE);
        let _ = sender.send(None);
    };
    thread::Builder::new().spawn(patience).map_err(failed)?;
    while awaited > 0
        && let Ok(Some((place, answer))) = answers.recv()
    {
        all[place] = answer;
        awaited -= 1;
    }
    Ok(all)
}

/// One question, and its answer or why there is none.
fn ask(server: &Server, nonce: u128, secret: Option<&Secret>) -> Result<Value, String> {
    let question = Question {
        server: &server.name,
        nonce,
    };
    let mut stream = connect(server).map_err(said)?;
    stream.write_all(question.line().as_bytes()).map_err(said)?;
    let mut reader = BufReader::new(stream);
    let mut line = next_line(&mut reader)?;
    if line.starts_with(b"STATUS") {
        let secret = secret.ok_or("it wants a proof; give its secret with --secret-file FILE")?;
        let proof = (question.proof(secret, &line)).ok_or("it asks for a proof in its own way")?;
        let stream = reader.get_mut();
        stream.write_all(proof.as_bytes()).map_err(said)?;
        line = next_line(&mut reader)?;
        if line.starts_with(b"? ") {
            return Err("it has another secret; give its own with --secret-file FILE".to_string());
        }
    }
    if line.starts_with(b"? ") {
        return Err("it tells nobody; ask on its own machine, or give it a secret".to_string());
    }
    let status = serde_json::from_slice::<Value>(&line).ok();
    match status.as_ref().and_then(|status| status["name"].as_str()) {
        Some(name) if name == server.name => Ok(status.unwrap_or_default()),
        Some(name) => Err(format!("{name} listens there; correct the topology")),
        None => Err("what listens there is no server of a herd".to_string()),
    }
}

/// Connects to its servers' door, by the first of its addresses that answers.
fn connect(server: &Server) -> io::Result<TcpStream> {
    let port = server.servers.unwrap_or_default();
    let addresses = match &server.host {
        Host::Ip(address) => vec![SocketAddr::new(*address, port)],
        Host::Name(name) => (name.as_str(), port).to_socket_addrs()?.collect(),
    };
    let mut last = io::Error::other("its name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A line, without its LF.
fn next_line(reader: &mut BufReader<TcpStream>) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let mut bounded = reader.take(LINE_MAX);
    bounded.read_until(b'\n', &mut line).map_err(said)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err("it ended the connection without an answer".to_string()),
    }
}

/// An error in the words of the kernel, without its number.
fn said(error: io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("no answer within {} s", PATIENCE.as_secs())
        }
        ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
        _ => error.to_string(),
    }
}
