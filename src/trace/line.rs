//! One line of a log: is it an arrival of an update of the client, and of which one?
//!
//! Only lines with `<` count: their times are those of the read. A line with `>` has the time of
//! the event that caused it. Lines that are torn, or that other programs have written, are no
//! arrivals.

use std::borrow::Cow;
use std::net::SocketAddr;

use memchr::memmem::Finder;

use crate::limits::LIMITS;
use crate::units::Wall;
use crate::wire::{Command, Difference, ForeignReport, Report, is_space};

/// The length of the time of a line.
const STAMP: usize = "2018-03-02T20:52:15.182228999Z".len();

/// The client whose updates are looked for.
pub struct Client {
    name: Vec<u8>,
    /// The name as logs have it.
    shown: String,
    finder: Finder<'static>,
}

impl Client {
    /// The client with the name `word`, in which a backslash begins an escape, as in a log.
    ///
    /// # Errors
    /// No client has such a name.
    pub fn new(word: &str) -> Result<Client, String> {
        let name = unescaped(word.as_bytes()).ok_or_else(|| {
            format!("\"{word}\" has a backslash alone; write \\\\ for it, and \\xff for a byte")
        })?;
        if name.is_empty() || name.iter().any(|byte| is_space(*byte)) {
            return Err(format!(
                "\"{word}\" is no client; a name has at least one byte, and no white space"
            ));
        }
        let shown = escaped(&name);
        Ok(Client {
            name: name.into_owned(),
            finder: Finder::new(&shown).into_owned(),
            shown,
        })
    }

    /// Its name as logs have it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether a line has the name anywhere, perhaps as a part of another one.
    pub fn may_be_in(&self, line: &[u8]) -> bool {
        self.finder.find(line).is_some()
    }
}

/// An update: the fields of its report, in the order that decides which of two reports is newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    at: Wall,
    location: Vec<u8>,
    server: Vec<u8>,
    difference: Vec<u8>,
    time: Vec<u8>,
}

impl Key {
    fn new(report: &Report<'_>) -> Key {
        Key {
            at: report.time.at,
            location: report.location.text.to_vec(),
            server: report.server.to_vec(),
            difference: report.difference.to_vec(),
            time: report.time.text.to_vec(),
        }
    }

    /// Whether another report is of the same place and time.
    pub fn repeats(&self, other: &Key) -> bool {
        self.at == other.at && self.location == other.location
    }

    /// The server that heard the client, as logs show it.
    pub fn server(&self) -> String {
        escaped(&self.server)
    }

    pub fn location(&self) -> String {
        escaped(&self.location)
    }

    /// The client's time as it wrote it.
    pub fn time(&self) -> String {
        escaped(&self.time)
    }
}

/// The sender of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Teller {
    /// The client itself, at this address.
    Client(String),
    /// The neighbour of this name.
    Server(String),
    /// A plain neighbour, at this address.
    Plain(String),
}

/// An update has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// By the clock of the server that heard it.
    pub at: Wall,
    pub teller: Teller,
    pub key: Key,
}

/// Reads a line, given without its LF, of the log of the server `server`.
pub fn read(line: &[u8], server: &str, client: &Client) -> Option<Heard> {
    let (at, text) = stamped(line)?;
    let (who, text) = text.split_at(text.iter().position(|byte| *byte == b' ')?);
    let said = unescaped(text.strip_prefix(b" < ")?)?;
    let who = str::from_utf8(who).ok()?.to_string();
    if who.parse::<SocketAddr>().is_err() {
        let report = Report::parse(&said)?;
        return (report.client == client.name).then(|| Heard {
            at,
            teller: Teller::Server(who),
            key: Key::new(&report),
        });
    }
    if let Ok(command) = Command::parse(&said) {
        return iamat(at, command, who, server, client);
    }
    let plain = ForeignReport::parse(&said, at)?;
    (plain.report().client == client.name).then(|| Heard {
        at,
        teller: Teller::Plain(who),
        key: Key::new(&plain.report()),
    })
}

/// The client's own words. The line's time is the one from which its server makes the difference.
fn iamat(at: Wall, said: Command<'_>, who: String, server: &str, client: &Client) -> Option<Heard> {
    let Command::Iamat {
        client: name,
        location,
        time,
    } = said
    else {
        return None;
    };
    let difference = at - time.at;
    // A report from the future is refused.
    (name == client.name && difference >= -LIMITS.clock_ahead).then_some(())?;
    let difference = Difference::new(difference);
    let report = Report {
        server: server.as_bytes(),
        difference: difference.text(),
        client: name,
        location,
        time,
    };
    Some(Heard {
        at,
        teller: Teller::Client(who),
        key: Key::new(&report),
    })
}

/// The name of the server, in the line that it writes when it begins.
pub fn beginning(line: &[u8]) -> Option<&str> {
    // Most lines are others, so the time is read last.
    let text = line.get(STAMP..)?.strip_prefix(b" [INFO] ")?;
    let (name, text) = text.split_at(text.iter().position(|byte| *byte == b' ')?);
    let text = str::from_utf8(text.strip_prefix(b" of herd ")?).ok()?;
    let is_it = text.split(' ').nth(1) == Some("begins;");
    stamped(line).filter(|_| is_it)?;
    str::from_utf8(name).ok()
}

/// The time of a line.
pub fn time(line: &[u8]) -> Option<Wall> {
    stamped(line).map(|it| it.0)
}

/// The time, and the text after the level.
fn stamped(line: &[u8]) -> Option<(Wall, &[u8])> {
    let (time, rest) = line.split_at_checked(STAMP)?;
    let rest = rest.strip_prefix(b" [")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    Some((Wall::parse(time)?, rest[end + 1..].strip_prefix(b" ")?))
}

/// Bytes as logs show them.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.extend(std::ascii::escape_default(*byte).map(char::from)),
        }
    }
    text
}

/// The bytes that a log shows as `text`.
fn unescaped(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'\\') {
        return Some(Cow::Borrowed(text));
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        bytes.push(match escape {
            b'\\' => b'\\',
            b't' => b'\t',
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(client: &str, line: &str) -> Option<Heard> {
        let client = Client::new(client).unwrap();
        let line = format!("2018-03-02T20:52:15.182228999Z [INFO] {line}");
        read(line.as_bytes(), "Me", &client)
    }

    #[test]
    fn an_iamat_is_the_report_that_its_server_makes_of_it() {
        let said = heard("k", "[::1]:7 < IAMAT k +1+1 1520023934.918963997\\r").unwrap();
        assert_eq!(said.teller, Teller::Client("[::1]:7".into()));
        let told = heard("k", "Bob < AT Me +0.263265002 k +1+1 1520023934.918963997").unwrap();
        assert_eq!(told.teller, Teller::Server("Bob".into()));
        assert_eq!((said.at, said.key), (told.at, told.key));
        // A day ahead.
        assert_eq!(heard("k", "[::1]:7 < IAMAT k +1+1 1520110400"), None);
    }

    #[test]
    fn a_plain_server_may_write_an_at_line_in_its_own_way() {
        let plain = heard("k", "127.0.0.1:7 < AT Me 2.63265002e-01 k +1+1 1 A B").unwrap();
        let ours = heard("k", "Bob < AT Me +0.263265002 k +1+1 1").unwrap();
        assert_eq!(plain.teller, Teller::Plain("127.0.0.1:7".into()));
        assert_eq!(plain.key, ours.key);
        assert_eq!(heard("k", "Bob < AT Me +0.263265002 k +1+1 1 A B"), None);
    }

    #[test]
    fn other_lines_and_other_clients_are_no_arrivals() {
        for line in [
            "Bob > AT Me +0.263265002 k +1+1 1",
            "Bob < AT Me +0.263265002 kk +1+1 1",
            "Bob < AT k +0.263265002 me +1+1 1",
            "Bob < AT Me +0.2632650",
            "Bob < AT Me +0.263265002 k +1+1 12018-03-02T20:52:15.182228999Z [INFO] x",
            "127.0.0.1:7 < WHATSAT k 1 1",
            "127.0.0.1:7 < IAMAT kk +1+1 1",
            "127.0.0.1:7 < IAMAT k +1+1",
            "127.0.0.1:7 < \\q",
            "k",
            "",
        ] {
            assert_eq!(heard("k", line), None, "{line}");
        }
        let client = Client::new("k").unwrap();
        for line in [
            "Bob < AT Me +0.263265002 k +1+1 1",
            "<6>Bob < AT Me +0.263265002 k +1+1 1",
            "2018-03-02T20:52:15Z [INFO] Bob < AT Me +0.263265002 k +1+1 1",
        ] {
            assert_eq!(read(line.as_bytes(), "Me", &client), None, "{line}");
        }
    }

    #[test]
    fn names_are_any_bytes_and_are_shown_as_in_logs() {
        for (word, shown) in [
            ("k", "k"),
            ("é\"", "\\xc3\\xa9\""),
            ("a\\\\\\xff", "a\\\\\\xff"),
        ] {
            let client = Client::new(word).unwrap();
            assert_eq!(client.shown(), shown);
            let line = format!("Bob < AT Me +0.263265002 {shown} +1+1 1");
            assert!(client.may_be_in(line.as_bytes()));
            assert!(heard(word, &line).is_some(), "{line}");
        }
        for word in ["", "a b", "a\\tb", "\\", "\\q", "\\x1"] {
            assert!(Client::new(word).is_err(), "{word}");
        }
    }

    #[test]
    fn updates_have_the_order_of_reports() {
        let lines = [
            "AT Z +9.000000000 k +9+9 1.9",
            "AT A -1.000000000 k -1-1 2",
            "AT A +1.000000000 k +1+2 3",
            "AT B +1.000000000 k +1+2 3",
            "AT B +1.000000001 k +1+2 3",
            "AT B +1.000000001 k +1+2 3.0",
            "AT A +0.000000000 k +1+3 3",
        ];
        let reports = lines.map(|line| Report::parse(line.as_bytes()).unwrap());
        for one in &reports {
            for other in &reports {
                let ours = Key::new(one).cmp(&Key::new(other));
                assert_eq!(ours, one.rank().cmp(&other.rank()), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_log_says_whose_it_is() {
        let begins = b"2018-03-02T20:52:15.182228999Z [INFO] Welsh of herd 0.1.0 begins; places: x";
        assert_eq!(beginning(begins), Some("Welsh"));
        let other = b"2018-03-02T20:52:15.182228999Z [INFO] ::1 < of herd 0.1.0 begins; places";
        assert_eq!(beginning(other), None);
    }
}
