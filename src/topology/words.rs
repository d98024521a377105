//! The words of a line: names, hosts and ports. Each error says what is wrong and what to do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::server::{Host, Server};
use crate::limits::LIMITS;

/// How a line about a server is written.
pub(super) const SERVER_FORM: &str = "server NAME HOST clients=PORT servers=PORT";
const FURTHER_WORDS: &str = "plain in place of servers=, or listen=ADDRESS and source=ADDRESS \
                             after it";

/// Errors repeat a word or a list of names only up to these sizes. They are no limits of the
/// product: they only keep the error on one line of a terminal.
const SHOWN_CHARS: usize = 40;
const SHOWN_NAMES: usize = 12;

/// Checks the name of a server.
fn check_name(name: &str) -> Result<(), String> {
    let (shown, limit) = (quoted(name), LIMITS.server_name);
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
fn parse_host(word: &str) -> Result<Host, String> {
    let shown = quoted(word);
    if word.contains('=') || word == "plain" {
        return Err(format!("no host before {shown}; write {SERVER_FORM}"));
    }
    if let Ok(address) = word.parse::<IpAddr>() {
        if address.to_canonical().is_unspecified() {
            return Err(format!(
                "nobody can dial {address}; write the address that the neighbours dial, and after \
                 the ports listen={address}"
            ));
        }
        return unicast(address).map(Host::Ip);
    }
    if let Some((address, zone)) = word.split_once('%') {
        return parse_zoned(address, zone);
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

/// An address that one machine can have; a link-local IPv6 address means nothing without a zone.
fn unicast(address: IpAddr) -> Result<IpAddr, String> {
    match address.to_canonical() {
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Err(format!(
            "{address} is link-local and means nothing without its interface; write \
             {address}%INTERFACE, or another address"
        )),
        ip if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) => Err(format!(
            "{address} is no machine's own address; write the address that the neighbours dial"
        )),
        _ => Ok(address),
    }
}

/// Reads an IPv6 address with a zone, `fe80::1%eth0`. Each machine has its own zones, so it is
/// resolved as names are.
fn parse_zoned(address: &str, zone: &str) -> Result<Host, String> {
    let shown = quoted(&format!("{address}%{zone}"));
    let is_zone = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'%' | b'[' | b']');
    let is_good = !zone.is_empty() && zone.bytes().all(is_zone);
    let ip = address.parse::<Ipv6Addr>().ok();
    let advice = match ip.filter(Ipv6Addr::is_unicast_link_local) {
        Some(ip) if is_good => return Ok(Host::Name(format!("{ip}%{zone}"))),
        Some(_) => "after the % stands the name of an interface",
        None => "only a link-local IPv6 address, fe80::…, has a zone",
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

/// Reads a line about a server: its name, its host, and the words after that.
pub(super) fn parse_server(name: &str, host: &str, words: &[&str]) -> Result<Server, String> {
    check_name(name)?;
    let host = parse_host(host)?;
    let (mut clients, mut servers, mut plain) = (None, None, None);
    let (mut listen, mut source) = (None, None);
    for &word in words {
        let (name, before) = match word.split_once('=') {
            Some(("clients", port)) => ("clients=", clients.replace(parse_port(word, port)?)),
            Some(("servers", port)) => ("servers=", servers.replace(parse_port(word, port)?)),
            Some(("listen", it)) => ("listen=", listen.replace(parse_listen(it)?).map(|_| 0)),
            Some(("source", it)) => ("source=", source.replace(parse_source(it)?).map(|_| 0)),
            None if word == "plain" => ("plain", plain.replace(0)),
            _ => {
                let form = format!("{SERVER_FORM}, {FURTHER_WORDS}");
                return Err(format!("unknown word {}; write {form}", quoted(word)));
            }
        };
        if before.is_some() {
            return Err(format!("{name} is given twice; leave one out"));
        }
    }
    let problem = match (clients, servers, plain) {
        (.., Some(_)) if listen.is_some() || source.is_some() => {
            "a plain server listens and dials as it likes; leave listen= and source= out"
        }
        (None, ..) => "no clients=PORT; say where its clients' door is",
        (_, None, None) => {
            "neither servers=PORT nor plain; say where its servers' door is, or that it has none"
        }
        (_, Some(_), Some(_)) => {
            "both servers= and plain; a plain server has no servers' door, leave one out"
        }
        (Some(clients), servers, _) => {
            return Ok(Server {
                name: name.to_string(),
                host,
                listen,
                source,
                clients,
                servers,
            });
        }
    };
    Err(problem.to_string())
}

/// Reads what to listen on: as a host, or all addresses of the machine. Brackets are allowed, as in
/// other programs.
fn parse_listen(word: &str) -> Result<Host, String> {
    let inner = word.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = inner.filter(|it| it.contains(':')).unwrap_or(word);
    match bare.parse::<IpAddr>() {
        Ok(all) if all.to_canonical().is_unspecified() => Ok(Host::Ip(all.to_canonical())),
        _ if bare.is_empty() => {
            Err("nothing after listen=; write an address of the machine, or 0.0.0.0 for all".into())
        }
        _ => parse_host(bare).map_err(|why| format!("listen=: {why}")),
    }
}

/// Reads the address to dial from.
fn parse_source(word: &str) -> Result<IpAddr, String> {
    let address = word.parse::<IpAddr>().map(|it| it.to_canonical());
    match address {
        Ok(address) if !address.is_unspecified() => {
            unicast(address).map_err(|why| format!("source=: {why}"))
        }
        _ => Err(format!(
            "{} is not an address to dial from; write one address of the server's machine, or \
             leave source= out",
            quoted(word)
        )),
    }
}

fn parse_port(word: &str, digits: &str) -> Result<u16, String> {
    // `parse` alone would take a plus sign, too.
    let is_decimal = digits.bytes().all(|b| b.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| *port > 0 && is_decimal);
    let what = "a port is a number from 1 to 65535";
    port.ok_or_else(|| format!("bad port in {}; {what}", quoted(word)))
}

/// A word of the file, made safe for a terminal and not too long.
pub(super) fn quoted(word: &str) -> String {
    let shown: String = word.chars().take(SHOWN_CHARS).collect();
    let more = if shown.len() < word.len() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}

/// A list of names, cut to a length that fits on a line.
pub fn listed(names: &[&str]) -> String {
    let shown = &names[..names.len().min(SHOWN_NAMES)];
    let list = shown.join(", ");
    match names.len() - shown.len() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
