//! A client in the world, and what must be true of every byte that it is sent: one reply per
//! line, in order, right to the last digit.

use std::collections::BTreeMap;

use herd::units::SECOND;
use herd::wire::{Report, Time};

use super::clock::Clock;
use super::visit::{Ask, Visit};
use crate::support::kernel::Numbers;

/// A client's connection.
#[derive(Debug)]
pub struct Guest {
    /// Its part in the run.
    pub visit: Visit,
    /// Its wire, once it has come.
    pub wire: Option<usize>,
    /// How it stands.
    pub state: State,
    /// Pieces that it has sent.
    pub sent: usize,
    /// It has said that it sends no more.
    pub finished: bool,
    /// Bytes of its stream that its server was handed.
    pub heard: usize,
    /// Lines that its server was handed.
    asked: Vec<Asked>,
    /// The number of them that are answered.
    pub answered: usize,
    /// Bytes of the answers that are checked, that its server wrote, and that it received.
    pub checked: usize,
    /// See `checked`.
    pub written: usize,
    /// See `checked`.
    pub received: usize,
    /// It will look for bytes at some time.
    pub reading: bool,
}

/// How a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not come.
    Away,
    /// It is there, and is owed every answer.
    Here,
    /// It has seen the end.
    Served,
    /// It, its server or its server's kernel went away: nothing is owed.
    Void,
}

#[derive(Debug)]
struct Asked {
    since: u64,
    /// See [`World::calm`](super::world::World::calm).
    calm: Option<u64>,
    /// The line that its server knew of the client of a WHATSAT.
    known: Option<Vec<u8>>,
}

/// A lookup in the world, by the numbers of its WHATSAT.
#[derive(Debug)]
pub struct Lookup {
    /// When the server asked for it.
    pub asked: u64,
    /// Latitude and longitude, as the provider was to be asked.
    pub location: (String, String),
    /// The line that the server knew of the client when it asked.
    pub known: Vec<u8>,
    /// The right answer: the one that came in time, or that none did.
    pub text: Option<Vec<u8>>,
}

/// An IAMAT that was answered.
#[derive(Debug)]
pub struct Acked {
    /// The client's name.
    pub client: String,
    /// When and where.
    pub value: Value,
    /// See [`Asked`].
    pub calm: Option<u64>,
}

/// When, and where. The newest wins; of two at the same time, the greater place.
pub type Value = (i128, Vec<u8>);

/// All that a check has to know of the world.
pub struct Facts<'a> {
    /// The server's name.
    pub name: &'a str,
    /// Its clock.
    pub clock: &'a Clock,
    /// The time.
    pub now: u64,
    /// Bytes of a client's line at most.
    pub line_max: usize,
    /// A line must be complete this long after its first byte, in nanoseconds.
    pub half_line: u64,
    /// An IAMAT may be answered with an error, but not before this time, in nanoseconds.
    pub error_after: Option<u64>,
    /// All lookups.
    pub lookups: &'a BTreeMap<Numbers, Lookup>,
}

impl Guest {
    /// A client that has not come.
    pub fn new(visit: Visit) -> Guest {
        Guest {
            visit,
            wire: None,
            state: State::Away,
            sent: 0,
            finished: false,
            heard: 0,
            asked: Vec::new(),
            answered: 0,
            checked: 0,
            written: 0,
            received: 0,
            reading: false,
        }
    }

    /// The server was handed more bytes, or (none) the end. `known` says what it knew of a client.
    pub fn hears(
        &mut self,
        count: usize,
        (since, calm): (u64, Option<u64>),
        known: impl Fn(&str) -> Option<Vec<u8>>,
    ) {
        self.heard += count;
        let ended = count == 0;
        while let Some(line) = self.visit.lines.get(self.asked.len()) {
            let before = &self.visit.lines[..self.asked.len()];
            let start: usize = before.iter().map(|line| line.bytes.len() + 1).sum();
            let end = start + line.bytes.len() + 1;
            let early = matches!(line.ask, Ask::Overlong | Ask::Half) && self.heard > start;
            if self.heard < end && !(ended && self.heard > start) && !early {
                break;
            }
            let known = match &line.ask {
                Ask::Whatsat { client, .. } => known(client),
                _ => None,
            };
            self.asked.push(Asked { since, calm, known });
        }
    }

    /// Checks what the server is about to send: whole replies, nothing else.
    pub fn check(&mut self, mut fresh: &[u8], facts: &Facts<'_>) -> Result<Vec<Acked>, String> {
        let mut acked = Vec::new();
        self.checked += fresh.len();
        while !fresh.is_empty() {
            let Some(asked) = self.asked.get(self.answered) else {
                return Err(format!("nobody asked for {}", fresh.escape_ascii()));
            };
            let line = &self.visit.lines[self.answered];
            let echo = echo(&line.bytes);
            let want = match &line.ask {
                Ask::Nothing => echo,
                Ask::Half => {
                    let (age, limit) = (facts.now - asked.since, facts.half_line);
                    // A server may stand still for a while.
                    if !(limit..limit + 5 * SECOND).contains(&age) {
                        return Err(format!(
                            "half a line was cut off after {age} ns, not {limit}"
                        ));
                    }
                    echo_start(&line.bytes[..self.heard.min(line.bytes.len())])
                }
                Ask::Overlong => echo_start(&line.bytes[..facts.line_max]),
                Ask::Iamat { .. } if fresh.starts_with(b"? ") => {
                    let age = facts.now - asked.since;
                    if facts.error_after.is_none_or(|wait| age < wait) {
                        return Err(format!("{}: an error after {age} ns", echo.escape_ascii()));
                    }
                    echo
                }
                Ask::Iamat {
                    client,
                    location,
                    time,
                    at,
                } => {
                    let value = (*at, location.as_bytes().to_vec());
                    let client = client.clone();
                    let text = format!("{client} {location} {time}\n");
                    let calm = asked.calm;
                    acked.push(Acked {
                        client,
                        value,
                        calm,
                    });
                    let head = format!("AT {} ", facts.name);
                    let (wall, difference) = difference(fresh, &head, *at)?;
                    if !facts.clock.said(wall, asked.since, facts.now) {
                        return Err(format!("{difference} to {text}: no clock said so"));
                    }
                    format!("{head}{difference} {text}").into_bytes()
                }
                Ask::Whatsat { .. } if fresh.starts_with(b"? ") => {
                    if asked.known.is_some() {
                        return Err(format!("{}: known, but not answered", echo.escape_ascii()));
                    }
                    echo
                }
                Ask::Whatsat { numbers, .. } => {
                    let lookup = facts.lookups.get(numbers);
                    let lookup = lookup.ok_or_else(|| format!("no lookup for {numbers:?}"))?;
                    whatsat(fresh, asked, lookup)?
                }
            };
            let Some(rest) = fresh.strip_prefix(&want[..]) else {
                let (got, want) = (fresh.escape_ascii(), want.escape_ascii());
                return Err(format!("got {got}, wanted {want}"));
            };
            fresh = rest;
            self.answered += 1;
        }
        Ok(acked)
    }
}

/// The clock's time in the answer to an IAMAT, and the difference as it should be written.
fn difference(fresh: &[u8], head: &str, at: i128) -> Result<(i128, String), String> {
    let wrong = || format!("got {}, wanted {head}…", fresh.escape_ascii());
    let rest = fresh.strip_prefix(head.as_bytes()).ok_or_else(wrong)?;
    let field = rest.split(|&byte| byte == b' ').next().unwrap_or_default();
    let text = String::from_utf8_lossy(field);
    let (whole, part) = text.split_once('.').ok_or_else(wrong)?;
    let whole: i128 = whole.parse().map_err(|_| wrong())?;
    let part: i128 = part.parse().map_err(|_| wrong())?;
    let size = whole.abs() * i128::from(SECOND) + part;
    let value = if text.starts_with('-') { -size } else { size };
    let sign = if value < 0 { '-' } else { '+' };
    let (whole, part) = (size / i128::from(SECOND), size % i128::from(SECOND));
    Ok((at + value, format!("{sign}{whole}.{part:09}")))
}

fn whatsat(fresh: &[u8], asked: &Asked, lookup: &Lookup) -> Result<Vec<u8>, String> {
    let end = fresh.iter().position(|&byte| byte == b'\n');
    let line = &fresh[..end.map_or(fresh.len(), |end| end + 1)];
    let shown = line.escape_ascii();
    let Some(report) = Report::parse(line) else {
        return Err(format!("{shown} is no AT line"));
    };
    let location = (report.location.latitude(), report.location.longitude());
    if location != lookup.location {
        return Err(format!("{shown}, but {:?} was looked up", lookup.location));
    }
    let old = asked
        .known
        .as_ref()
        .is_some_and(|known| rank(line) < rank(known));
    if old || rank(line) > rank(&lookup.known) {
        return Err(format!("{shown} was not known then"));
    }
    match &lookup.text {
        Some(text) => Ok([line, text].concat()),
        None => Err(format!("{shown}: answered before the lookup")),
    }
}

/// The answer to what is no command.
fn echo(line: &[u8]) -> Vec<u8> {
    echo_start(line.strip_suffix(b"\r").unwrap_or(line))
}

fn echo_start(line: &[u8]) -> Vec<u8> {
    [b"? ", line, b"\n"].concat()
}

/// The answer to a WHATSAT without one.
pub fn no_answer(why: &str) -> Vec<u8> {
    let head = "{\n   \"error_message\" : \"";
    let tail = "\",\n   \"html_attributions\" : [],\n   \"results\" : [],\n   \
                \"status\" : \"UNKNOWN_ERROR\"\n}\n\n";
    format!("{head}{why}{tail}").into_bytes()
}

/// An AT line's place in the total order, written down once more.
pub fn rank(line: &[u8]) -> Option<(i128, [Vec<u8>; 4])> {
    let fields: Vec<&[u8]> = line.trim_ascii_end().split(|&byte| byte == b' ').collect();
    let [_, server, difference, _, location, time] = fields[..] else {
        return None;
    };
    let rest = [location, server, difference, time].map(<[u8]>::to_vec);
    Some((Time::parse(time)?.at.0, rest))
}

/// The client of an AT line, and its report.
pub fn value(line: &[u8]) -> Option<(String, Value)> {
    let (at, [location, ..]) = rank(line)?;
    let client = line.split(|&byte| byte == b' ').nth(3)?;
    Some((String::from_utf8_lossy(client).into(), (at, location)))
}
