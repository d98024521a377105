//! The words of a line: names, hosts and ports. Each error says what is wrong and what to do.

use std::net::IpAddr;

use super::server::Host;
use crate::limits::Limits;

/// How a line about a server is written.
pub(super) const SERVER_FORM: &str = "server NAME HOST clients=PORT servers=PORT";

/// Errors repeat a word or a list of names only up to these sizes. They are no limits of the
/// product: they only keep the error on one line of a terminal.
const SHOWN_CHARS: usize = 40;
const SHOWN_NAMES: usize = 12;

/// Checks the name of a server.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let (shown, limit) = (quoted(name), Limits::PRODUCT.server_name);
    if name.len() > limit {
        return Err(format!(
            "the name {shown} is over {limit} bytes long; shorten it"
        ));
    }
    let problem = match name {
        _ if name.starts_with('-') => "starts like an option",
        _ if name.contains('/') => "holds a / and cannot name a log file",
        _ if name.contains(char::is_control) => "holds a control character",
        _ if name.contains('=') => "holds a = as ports do",
        _ => return Ok(()),
    };
    Err(format!("the name {shown} {problem}; choose another name"))
}

/// Reads an address or a host name.
pub(super) fn parse_host(word: &str) -> Result<Host, String> {
    let shown = quoted(word);
    if word.contains('=') || word == "plain" {
        return Err(format!("no host before {shown}; write {SERVER_FORM}"));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        if address.to_canonical().is_unspecified() {
            return Err(format!(
                "nobody can dial {address}; write the address that the neighbours dial"
            ));
        }
        return Ok(Host::Ip(address));
    }
    let advice = if word.starts_with('[') && word.ends_with(']') {
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
    Err(format!("{shown} is not a host; {advice}"))
}

/// Whether `word` is a host name by RFC 1123. Underscores are allowed, because some networks use
/// them.
fn is_host_name(word: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(is_good)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let word = word.strip_suffix('.').unwrap_or(word);
    word.len() <= 253 && word.split('.').all(is_label)
}

/// Reads the ports of the clients' door and of the servers' door, which a plain server lacks.
pub(super) fn parse_doors(words: &[&str]) -> Result<(u16, Option<u16>), String> {
    let (mut clients, mut servers, mut plain) = (None, None, None);
    for &word in words {
        let (door, name, port) = match word.split_once('=') {
            Some(("clients", port)) => (&mut clients, "clients=", parse_port(word, port)?),
            Some(("servers", port)) => (&mut servers, "servers=", parse_port(word, port)?),
            None if word == "plain" => (&mut plain, "plain", 0),
            _ => {
                return Err(format!(
                    "unknown word {}; write {SERVER_FORM}, or plain in place of servers=",
                    quoted(word)
                ));
            }
        };
        if door.replace(port).is_some() {
            return Err(format!("{name} is given twice; leave one out"));
        }
    }
    let problem = match (clients, servers, plain) {
        (None, ..) => "no clients=PORT; say where its clients' door is",
        (_, None, None) => {
            "neither servers=PORT nor plain; say where its servers' door is, or that it has none"
        }
        (_, Some(_), Some(_)) => {
            "both servers= and plain; a plain server has no servers' door, leave one out"
        }
        (Some(clients), servers, _) => return Ok((clients, servers)),
    };
    Err(problem.to_string())
}

fn parse_port(word: &str, digits: &str) -> Result<u16, String> {
    // `parse` alone would take a plus sign, too.
    let is_decimal = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port) if port > 0 && is_decimal => Ok(port),
        _ => Err(format!(
            "bad port in {}; a port is a number from 1 to 65535",
            quoted(word)
        )),
    }
}

/// A word of the file, made safe for a terminal and not too long.
pub(super) fn quoted(word: &str) -> String {
    let shown: String = word.chars().take(SHOWN_CHARS).collect();
    let more = if shown.len() < word.len() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}

/// A list of names, cut to a length that fits on a line.
pub(super) fn listed(names: &[&str]) -> String {
    let shown = &names[..names.len().min(SHOWN_NAMES)];
    let list = shown.join(", ");
    match names.len() - shown.len() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
