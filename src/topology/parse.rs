//! The text of a topology, line by line.
//!
//! Lines stand in any order, so links are looked at when every server is known. The first line
//! that is wrong in itself ends the reading; then the first link that is wrong among servers.

use super::{FILE_BYTES_MAX, Host, NAME_BYTES_MAX, NEIGHBOURS_MAX, SERVERS_MAX, Server, Topology};
use std::collections::HashMap;
use std::net::IpAddr;

/// The line, from 1, if one is to blame; what is wrong, and what to do.
type Wrong = (Option<usize>, String);

const SERVER_FORM: &str = "server NAME HOST clients=PORT servers=PORT";
const LINK_FORM: &str = "link NAME NAME";
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Characters of a word, or names of a list, that an error repeats at most.
const SHOWN_CHARS_MAX: usize = 40;
const SHOWN_NAMES_MAX: usize = 12;

/// Reads a whole file.
pub(super) fn parse(bytes: &[u8]) -> Result<Topology, Wrong> {
    if bytes.len() > FILE_BYTES_MAX {
        let what = format!("over {FILE_BYTES_MAX} bytes, which is no topology; name another file");
        return Err((None, what));
    }
    let mut draft = Draft::default();
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        draft
            .line(number, line)
            .map_err(|what| (Some(number), what))?;
    }
    draft.finish()
}

/// What stood in the lines so far.
#[derive(Default)]
struct Draft {
    servers: Vec<Server>,
    /// Line and ends of each link, as they stand in the file.
    links: Vec<(usize, String, String)>,
    /// By name in lower case: name and line of its server.
    names: HashMap<String, (String, usize)>,
    /// By host in one spelling, and port: name and line of the server whose door that is.
    doors: HashMap<(String, u16), (String, usize)>,
}

impl Draft {
    fn line(&mut self, number: usize, line: &[u8]) -> Result<(), String> {
        let text = str::from_utf8(line).map_err(|error| {
            let column = error.valid_up_to() + 1;
            format!("byte {column} of the line is not UTF-8; save the file as UTF-8")
        })?;
        let text = text.split('#').next().unwrap_or_default();
        let words: Vec<&str> = text.split(is_space).filter(|w| !w.is_empty()).collect();
        match words[..] {
            [] => Ok(()),
            ["server", ref words @ ..] => self.server(number, words),
            ["link", a, b] => {
                self.links.push((number, a.to_string(), b.to_string()));
                Ok(())
            }
            ["link", ..] => Err(format!("a link has two ends; write {LINK_FORM}")),
            [word, ..] => Err(format!(
                "unknown word {}; a line starts with server or link",
                quoted(word)
            )),
        }
    }

    fn server(&mut self, number: usize, words: &[&str]) -> Result<(), String> {
        let [name, host, doors @ ..] = words else {
            return Err(format!(
                "a server has a name, a host and doors; write {SERVER_FORM}"
            ));
        };
        check_name(name)?;
        let host = parse_host(host)?;
        let (clients, servers) = parse_doors(doors)?;
        if self.servers.len() == SERVERS_MAX {
            return Err(format!(
                "over {SERVERS_MAX} servers; a herd has that many at most, leave some out"
            ));
        }
        self.take_name(number, name)?;
        self.take_door(number, name, &host, clients)?;
        if let Some(port) = servers {
            self.take_door(number, name, &host, port)?;
        }
        self.servers.push(Server {
            name: name.to_string(),
            host,
            clients,
            servers,
            plain: servers.is_none(),
        });
        Ok(())
    }

    /// Names that differ only in case are refused: people mix them up, and so do file systems
    /// that would give both one log.
    fn take_name(&mut self, number: usize, name: &str) -> Result<(), String> {
        let taken = (name.to_string(), number);
        match self.names.insert(name.to_lowercase(), taken) {
            None => Ok(()),
            Some((first, line)) if first == name => Err(format!(
                "{name} is already on line {line}; name each server once"
            )),
            Some((first, line)) => Err(format!(
                "{name} differs only in case from {first} on line {line}; choose another name"
            )),
        }
    }

    fn take_door(
        &mut self,
        number: usize,
        name: &str,
        host: &Host,
        port: u16,
    ) -> Result<(), String> {
        let spelling = match host {
            Host::Ip(address) => address.to_canonical().to_string(),
            Host::Name(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        };
        let taken = (name.to_string(), number);
        match self.doors.insert((spelling, port), taken) {
            None => Ok(()),
            Some((first, line)) => Err(format!(
                "{} is used twice, first by {first} on line {line}; choose another port",
                host.door(port)
            )),
        }
    }

    fn finish(self) -> Result<Topology, Wrong> {
        if self.servers.is_empty() {
            let what = format!("no server in it; add at least one line: {SERVER_FORM}");
            return Err((None, what));
        }
        let index: HashMap<&str, usize> = (self.servers.iter().map(|s| s.name.as_str()))
            .zip(0..)
            .collect();
        let mut links = Links {
            servers: &self.servers,
            index,
            links: Vec::new(),
            lines: HashMap::new(),
            degrees: vec![0; self.servers.len()],
        };
        for (line, a, b) in &self.links {
            links.add(*line, a, b).map_err(|what| (Some(*line), what))?;
        }
        Ok(Topology {
            links: links.links,
            servers: self.servers,
        })
    }
}

/// The links so far, among servers that are all known.
struct Links<'a> {
    servers: &'a [Server],
    index: HashMap<&'a str, usize>,
    links: Vec<(usize, usize)>,
    /// By both ends, the lesser first: the line of that link.
    lines: HashMap<(usize, usize), usize>,
    /// How many neighbours each server has.
    degrees: Vec<usize>,
}

impl Links<'_> {
    fn add(&mut self, line: usize, a: &str, b: &str) -> Result<(), String> {
        let ends = (self.find(a)?, self.find(b)?);
        if ends.0 == ends.1 {
            return Err(format!(
                "{a} is linked to itself; a link has two different ends"
            ));
        }
        if self.servers[ends.0].plain && self.servers[ends.1].plain {
            return Err(format!(
                "{a} and {b} are both plain, so nobody here would carry this link; leave it out"
            ));
        }
        let edge = (ends.0.min(ends.1), ends.0.max(ends.1));
        if let Some(first) = self.lines.insert(edge, line) {
            return Err(format!(
                "{a} and {b} are already linked on line {first}; a link works both ways, \
                 leave one out"
            ));
        }
        for (name, end) in [(a, ends.0), (b, ends.1)] {
            self.degrees[end] += 1;
            if self.degrees[end] > NEIGHBOURS_MAX {
                return Err(format!(
                    "{name} has over {NEIGHBOURS_MAX} neighbours, the most that a server can \
                     have; spread the links"
                ));
            }
        }
        self.links.push(ends);
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, String> {
        self.index.get(name).copied().ok_or_else(|| {
            let known: Vec<&str> = self.servers.iter().map(|s| s.name.as_str()).collect();
            format!(
                "no server is named {}; the servers are {}",
                quoted(name),
                listed(&known)
            )
        })
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.len() > NAME_BYTES_MAX {
        return Err(format!(
            "the name {} is over {NAME_BYTES_MAX} bytes long; shorten it",
            quoted(name)
        ));
    }
    let problem = if name.starts_with('-') {
        "starts like an option"
    } else if name.contains('/') {
        "holds a / and cannot name a log file"
    } else if name.contains(char::is_control) {
        "holds a control character"
    } else if name.contains('=') {
        "holds a = as ports do"
    } else {
        return Ok(());
    };
    Err(format!(
        "the name {} {problem}; choose another name",
        quoted(name)
    ))
}

fn parse_host(word: &str) -> Result<Host, String> {
    if word.contains('=') || word == "plain" {
        return Err(format!(
            "no host before {}; write {SERVER_FORM}",
            quoted(word)
        ));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        if address.to_canonical().is_unspecified() {
            return Err(format!(
                "nobody can dial {address}; write the address that the neighbours dial"
            ));
        }
        return Ok(Host::Ip(address));
    }
    let inner = word.strip_prefix('[').and_then(|w| w.strip_suffix(']'));
    let advice = if inner.is_some() {
        "write an IPv6 address without brackets"
    } else if word.contains(':') {
        "write the bare address, and the ports as clients=PORT servers=PORT"
    } else if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        "an IPv4 address is four numbers up to 255"
    } else if is_host_name(word) {
        return Ok(Host::Name(word.to_string()));
    } else {
        "write an address, or a name of letters, digits, dots and hyphens"
    };
    Err(format!("{} is no host; {advice}", quoted(word)))
}

/// Is it made as RFC 1123 wants it, or with the underscores that some networks use as well?
fn is_host_name(word: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let word = word.strip_suffix('.').unwrap_or(word);
    word.len() <= 253 && word.split('.').all(is_label)
}

/// The ports of the clients' door and of the servers' door, which a plain server lacks.
fn parse_doors(words: &[&str]) -> Result<(u16, Option<u16>), String> {
    let (mut clients, mut servers, mut plain) = (None, None, None);
    for &word in words {
        let (door, name, value) = match word.split_once('=') {
            Some(("clients", value)) => (&mut clients, "clients=", parse_port(word, value)?),
            Some(("servers", value)) => (&mut servers, "servers=", parse_port(word, value)?),
            None if word == "plain" => (&mut plain, "plain", 0),
            _ => {
                return Err(format!(
                    "unknown word {}; write {SERVER_FORM}, or plain in place of servers=",
                    quoted(word)
                ));
            }
        };
        if door.replace(value).is_some() {
            return Err(format!("{name} is given twice; leave one out"));
        }
    }
    match (clients, servers, plain) {
        (None, ..) => Err("no clients=PORT; say where its clients' door is".to_string()),
        (_, None, None) => Err(
            "neither servers=PORT nor plain; say where its servers' door is, or that it has none"
                .to_string(),
        ),
        (_, Some(_), Some(_)) => Err(
            "both servers= and plain; a plain server has no servers' door, leave one out"
                .to_string(),
        ),
        (Some(clients), servers, _) => Ok((clients, servers)),
    }
}

fn parse_port(word: &str, digits: &str) -> Result<u16, String> {
    let port = digits.parse().ok().filter(|&port: &u16| port > 0);
    // `parse` takes a plus sign too.
    port.filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| {
            format!(
                "bad port in {}; a port is a number from 1 to 65535",
                quoted(word)
            )
        })
}

/// The white space of the protocol, less the line feed that ends a line.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// A word of the file for a terminal: nothing in it acts, nothing makes the line endless.
fn quoted(word: &str) -> String {
    let shown: String = word.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if shown.len() < word.len() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}

fn listed(names: &[&str]) -> String {
    let shown = &names[..names.len().min(SHOWN_NAMES_MAX)];
    let list = shown.join(", ");
    match names.len() - shown.len() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
