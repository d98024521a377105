//! The text of a topology, line by line.
//!
//! Lines may come in any order, so links are checked when all servers are known. Reading stops at
//! the first line that is wrong in itself; then at the first link that does not fit the servers.

use std::collections::HashMap;

use super::server::{Host, Server};
use super::words::{SERVER_FORM, listed, parse_server, quoted};
use crate::limits::LIMITS;

/// The servers in the order of the file, and the links between them as pairs of places.
pub(super) type Herd = (Vec<Server>, Vec<(usize, usize)>);

/// The line, from 1, if the error is in one; and what is wrong and what to do.
pub(super) type Wrong = (Option<usize>, String);

/// Reads a whole file.
pub(super) fn parse(bytes: &[u8]) -> Result<Herd, Wrong> {
    let limit = LIMITS.topology_file;
    if bytes.len() > limit {
        let what = format!("over {limit} bytes, too large for a topology; name another file");
        return Err((None, what));
    }
    let mut draft = Draft::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        let read = draft.read(number, line);
        read.map_err(|what| (Some(number), what))?;
    }
    if draft.servers.is_empty() {
        let what = format!("no server in it; add at least one line: {SERVER_FORM}");
        return Err((None, what));
    }
    for (line, a, b) in std::mem::take(&mut draft.named) {
        draft.link(line, a, b).map_err(|what| (Some(line), what))?;
    }
    Ok((draft.servers, draft.links))
}

/// A topology while its file is read. Servers are known by their places in `servers`.
#[derive(Default)]
struct Draft<'a> {
    servers: Vec<Server>,
    /// By server: the line that it is on.
    lines: Vec<usize>,
    /// By server: how many links it has.
    degrees: Vec<usize>,
    /// Servers by their names in lower case.
    names: HashMap<String, usize>,
    /// Servers by their doors: the host in one spelling, and the port.
    doors: HashMap<(String, u16), usize>,
    /// Links as they are written: the line and two names.
    named: Vec<(usize, &'a str, &'a str)>,
    links: Vec<(usize, usize)>,
    /// By the two ends of a link, the lesser first: the line that it is on.
    linked: HashMap<(usize, usize), usize>,
}

impl<'a> Draft<'a> {
    fn read(&mut self, number: usize, line: &'a [u8]) -> Result<(), String> {
        let text = str::from_utf8(line).map_err(|error| {
            let column = error.valid_up_to() + 1;
            format!("byte {column} of the line is not UTF-8; save the file as UTF-8")
        })?;
        let text = text.split('#').next().unwrap_or_default();
        let words: Vec<&str> = text.split(is_space).filter(|w| !w.is_empty()).collect();
        let what = match words[..] {
            [] => return Ok(()),
            ["server", name, host, ref words @ ..] => {
                return self.server(number, name, host, words);
            }
            ["link", a, b] => {
                self.named.push((number, a, b));
                return Ok(());
            }
            ["server", ..] => format!("a server has a name, a host and doors; write {SERVER_FORM}"),
            ["link", ..] => "a link has two ends; write link NAME NAME".to_string(),
            [word, ..] => format!(
                "unknown word {}; a line starts with server or link",
                quoted(word)
            ),
        };
        Err(what)
    }

    fn server(
        &mut self,
        line: usize,
        name: &str,
        host: &str,
        words: &[&str],
    ) -> Result<(), String> {
        let server = parse_server(name, host, words)?;
        let (place, limit) = (self.servers.len(), LIMITS.servers);
        if place == limit {
            let what = "servers; a herd has that many at most, leave some out";
            return Err(format!("over {limit} {what}"));
        }
        let spelling = match &server.host {
            Host::Ip(address) => address.to_canonical().to_string(),
            Host::Name(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        };
        let ports = [Some(server.clients), server.servers];
        self.servers.push(server);
        self.lines.push(line);
        self.degrees.push(0);
        // Names that differ only in case are refused: people mix them up, and some file systems
        // would give both servers one log.
        if let Some(first) = self.names.insert(name.to_lowercase(), place) {
            let (first, line) = (&self.servers[first].name, self.lines[first]);
            return Err(if first == name {
                format!("{name} is already on line {line}; name each server once")
            } else {
                format!(
                    "{name} differs only in case from {first} on line {line}; choose another name"
                )
            });
        }
        for port in ports.into_iter().flatten() {
            if let Some(first) = self.doors.insert((spelling.clone(), port), place) {
                let door = self.servers[place].host.door(port);
                let (name, line) = (&self.servers[first].name, self.lines[first]);
                return Err(format!(
                    "{door} is used twice, first by {name} on line {line}; choose another port"
                ));
            }
        }
        Ok(())
    }

    /// Adds a link when all servers are known.
    fn link(&mut self, line: usize, a: &str, b: &str) -> Result<(), String> {
        let ends @ (from, to) = (self.find(a)?, self.find(b)?);
        let limit = LIMITS.neighbours;
        self.degrees[from] += 1;
        self.degrees[to] += 1;
        let is_over = |&(_, end): &(_, usize)| self.degrees[end] > limit;
        let crowded = [(a, from), (b, to)].into_iter().find(is_over);
        Err(if from == to {
            format!("{a} is linked to itself; a link has two different ends")
        } else if self.servers[from].is_plain() && self.servers[to].is_plain() {
            format!(
                "{a} and {b} are both plain, so nobody here would carry this link; leave it out"
            )
        } else if let Some(first) = self.linked.insert((from.min(to), from.max(to)), line) {
            format!(
                "{a} and {b} are already linked on line {first}; a link works both ways, \
                 leave one out"
            )
        } else if let Some((name, _)) = crowded {
            format!(
                "{name} has over {limit} neighbours, the most that a server can have; \
                 spread the links"
            )
        } else {
            self.links.push(ends);
            return Ok(());
        })
    }

    fn find(&self, name: &str) -> Result<usize, String> {
        let found = self.names.get(&name.to_lowercase());
        let found = found.filter(|&&it| self.servers[it].name == name);
        found.copied().ok_or_else(|| {
            let known: Vec<&str> = self.servers.iter().map(|s| s.name.as_str()).collect();
            let (name, known) = (quoted(name), listed(&known));
            format!("no server is named {name}; the servers are {known}")
        })
    }
}

/// The white space of the protocol, without the LF that ends a line.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}
