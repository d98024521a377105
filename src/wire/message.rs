//! The messages between servers: HELLO, AUTH, SINCE, MARK, COMPARE, DIGESTS, AUDIT, WAVE, DONE,
//! STATUS, AT lines, and those of a watcher: WATCH, WATCHING, CHANGE.

use std::fmt;

use super::digests::{Digests, Scope};
use super::fields::fields;
use super::forms::FORMS;
use super::hex::{from_hex, hex_64, is_nonce};
use super::number::decimal;
use super::report::Report;
use super::run::Run;
use super::time::Time;
use super::watch::{Changed, Start};
use crate::units::Wall;

/// A place in a server's feed, and a summary of the speaker's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The number of a change in the feed of the server that sends AT lines.
    pub seq: u64,
    /// How many records the speaker's table has.
    pub count: u64,
    /// The sum of their hashes.
    pub digest: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:016x}", self.seq, self.count, self.digest)
    }
}

/// The first line of each side of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The speaker's name.
    pub from: &'a [u8],
    /// The name of the server that it believes to be speaking to.
    pub to: &'a [u8],
    /// The speaker's run.
    pub run: Run,
    /// 32 hex digits that are never used twice, so that no proof is valid twice.
    pub nonce: &'a [u8],
    /// Only in the acceptor's HELLO: its proof of the secret, or `-`.
    pub proof: Option<&'a [u8]>,
    /// `compare=1`: it answers COMPARE.
    pub compares: bool,
    /// `clock=1`: it reads a time in SINCE.
    pub has_clock: bool,
    /// `last=<nonce>`: the other side's nonce in the last handshake that led to a link.
    pub last: Option<&'a [u8]>,
    /// `early=<proof>`: a proof of the secret that needs no answer.
    pub early: Option<&'a [u8]>,
    /// `version=<text>`: the speaker's version, for people.
    pub version: Option<&'a [u8]>,
    /// How many of its words this version does not know.
    pub unknown: usize,
}

impl Hello<'_> {
    /// The words that say what this version can do, near the end of its HELLO.
    pub const ABLE: &'static str = "compare=1 clock=1";

    /// Whether it has no words of the form `key=value`, as in versions before there were any.
    pub fn is_terse(&self) -> bool {
        let knows = self.compares || self.has_clock || self.unknown > 0;
        !knows && self.last.is_none() && self.early.is_none() && self.version.is_none()
    }
}

/// A valid line at the servers' door. The protocol page says what each message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// `HELLO <from> <to> <run> <nonce> [<proof>] [<key>=<value> …]`
    Hello(Hello<'a>),
    /// `AUTH <proof>`
    Auth(&'a [u8]),
    /// `STATUS [<nonce>]`
    Status(Option<&'a [u8]>),
    /// `SINCE <run> <seq> <count> <digest> [time=<time>]`
    Since(Run, Position, Option<Wall>),
    /// `WAVE <run> <number>`
    Wave(Run, u64),
    /// `DONE <run> <number>`
    Done(Run, u64),
    /// `AT <server> <difference> <client> <location> <time>`
    At(Report<'a>),
    /// `MARK <seq> <count> <digest>`
    Mark(Position),
    /// `COMPARE <scope>`
    Compare(Scope),
    /// `DIGESTS <scope> <64 digests>`
    Digests(Digests<'a>),
    /// `AUDIT <scope>`
    Audit(Scope),
    /// `AUDIT <scope> <seq> <64 digests>`
    Audited(u64, Digests<'a>),
    /// `WATCH [<nonce>] [<key>=<value> …]`
    Watch(Option<&'a [u8]>, Start),
    /// `WATCHING <server> <run> <seq>`
    Watching(&'a [u8], Run, u64),
    /// `CHANGE <seq> <teller> AT <server> <difference> <client> <location> <time>`
    Change(Changed<'a>),
    /// A verb that only a later version knows, and whatever follows it.
    Unknown,
}

impl<'a> Message<'a> {
    /// Reads one line. `None` if it is not a valid message.
    pub fn parse(line: &'a [u8]) -> Option<Message<'a>> {
        let f = &mut fields(line);
        let message = match f.next()? {
            b"AT" => return Report::parse(line).map(Message::At),
            b"MARK" => Message::Mark(position(f)?),
            b"SINCE" => Message::Since(run(f)?, position(f)?, time(f)?),
            b"COMPARE" => Message::Compare(scope(f)?),
            b"DIGESTS" => return Digests::parse(scope(f)?, f, line).map(Message::Digests),
            b"AUDIT" => {
                let scope = scope(f)?;
                let Some(seq) = f.next() else {
                    return Some(Message::Audit(scope));
                };
                let seq = decimal(seq, u64::MAX)?;
                let digests = Digests::parse(scope, f, line)?;
                return Some(Message::Audited(seq, digests));
            }
            b"HELLO" => Message::Hello(hello(f)?),
            b"WAVE" => Message::Wave(run(f)?, number(f)?),
            b"DONE" => Message::Done(run(f)?, number(f)?),
            b"AUTH" => Message::Auth(f.next()?),
            b"STATUS" => {
                let nonce = f.next();
                nonce.is_none_or(|nonce| is_nonce(&nonce)).then_some(())?;
                Message::Status(nonce)
            }
            b"WATCH" => {
                let (nonce, start) = Start::parse(f)?;
                return Some(Message::Watch(nonce, start));
            }
            b"WATCHING" => Message::Watching(f.next()?, run(f)?, number(f)?),
            b"CHANGE" => return Changed::parse(line).map(Message::Change),
            verb => return is_later(verb).then_some(Message::Unknown),
        };
        f.next().is_none().then_some(message)
    }
}

/// The words after HELLO; the last ones say what the speaker can do.
fn hello<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Hello<'a>> {
    let mut hello = Hello {
        from: fields.next()?,
        to: fields.next()?,
        run: run(fields)?,
        nonce: fields.next().filter(is_nonce)?,
        proof: None,
        compares: false,
        has_clock: false,
        last: None,
        early: None,
        version: None,
        unknown: 0,
    };
    let mut words = fields.peekable();
    hello.proof = words.next_if(|word| !word.contains(&b'='));
    for word in words {
        let end = word.iter().position(|&byte| byte == b'=')?;
        match (&word[..end], &word[end + 1..]) {
            (b"", _) => return None,
            (b"compare", b"1") => hello.compares = true,
            (b"clock", b"1") => hello.has_clock = true,
            (b"last", nonce) if is_nonce(&nonce) => hello.last = Some(nonce),
            (b"early", proof) if from_hex(proof).is_some() => hello.early = Some(proof),
            (b"version", version) if is_version(version) => hello.version = Some(version),
            _ => hello.unknown += 1,
        }
    }
    Some(hello)
}

/// Whether it can be a version: at most 32 letters, digits and `.`, `-` and `+`.
fn is_version(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+".contains(byte);
    (1..=32).contains(&text.len()) && text.iter().all(is_part)
}

/// Whether a later version may have such a verb: 1 to 16 capitals, and not a command, for a client
/// has nothing to say here.
fn is_later(word: &[u8]) -> bool {
    let is_command = FORMS.iter().any(|form| form.verb.as_bytes() == word);
    word.len() <= 16 && word.iter().all(u8::is_ascii_uppercase) && !is_command
}

fn run<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Run> {
    hex_64(fields.next()?).map(Run)
}

fn scope<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Scope> {
    Scope::parse(fields.next()?)
}

fn number<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<u64> {
    decimal(fields.next()?, u64::MAX)
}

fn position<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Position> {
    let (seq, count, digest) = (number(fields)?, number(fields)?, hex_64(fields.next()?)?);
    Some(Position { seq, count, digest })
}

/// The time at the end of a SINCE, if there is one.
fn time<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> Option<Option<Wall>> {
    let Some(word) = fields.next() else {
        return Some(None);
    };
    let time = Time::parse(word.strip_prefix(b"time=")?)?;
    Some(Some(time.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Posix, VERBS};

    const NONCE: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn messages_are_read_as_they_are_written() {
        let run = Run(0x0123_4567_89ab_cdef);
        let position = Position {
            seq: 7,
            count: 3,
            digest: 0xfeed,
        };
        let since = format!("SINCE {run} {position}");
        assert_eq!(since, "SINCE 0123456789abcdef 7 3 000000000000feed");
        assert_eq!(
            Message::parse(since.as_bytes()),
            Some(Message::Since(run, position, None))
        );
        let at = Wall(-1_500_000_000);
        let since = format!("{since} time={}", Posix(at));
        let read = Message::parse(since.as_bytes());
        assert_eq!(read, Some(Message::Since(run, position, Some(at))));
        let mark = format!("MARK {position}");
        assert_eq!(
            Message::parse(mark.as_bytes()),
            Some(Message::Mark(position))
        );
        let hello = format!("HELLO Goloman Hands {run} {NONCE}");
        let mut want = Hello {
            from: b"Goloman",
            to: b"Hands",
            run,
            nonce: NONCE.as_bytes(),
            proof: None,
            compares: false,
            has_clock: false,
            last: None,
            early: None,
            version: None,
            unknown: 0,
        };
        assert_eq!(Message::parse(hello.as_bytes()), Some(Message::Hello(want)));
        want.proof = Some(b"-");
        assert_eq!(
            Message::parse(format!("{hello} -").as_bytes()),
            Some(Message::Hello(want))
        );
        (want.compares, want.has_clock) = (true, true);
        let able = format!("{hello} - {}", Hello::ABLE);
        let said = Message::parse(able.as_bytes());
        assert_eq!(said, Some(Message::Hello(want)));
        (want.proof, want.has_clock, want.unknown) = (None, false, 5);
        want.version = Some(b"2.0-rc.1+x");
        (want.last, want.early) = (Some(NONCE.as_bytes()), Some(&b"00ff"[..]));
        let later = format!(
            "{hello} x= last={NONCE} last=0 compare=1 early=00ff early=0 compare=2 \
                version=2.0-rc.1+x version=\""
        );
        let said = Message::parse(later.as_bytes());
        assert_eq!(said, Some(Message::Hello(want)));
        let compare = Message::parse(b"COMPARE 63");
        assert_eq!(compare, Some(Message::Compare(Scope::Group(63))));
        let audit = Message::parse(b"AUDIT -");
        assert_eq!(audit, Some(Message::Audit(Scope::Groups)));
        assert_eq!(Message::parse(b"LATER on"), Some(Message::Unknown));
        let wave = format!("WAVE {run} 7");
        assert_eq!(Message::parse(wave.as_bytes()), Some(Message::Wave(run, 7)));
        let done = format!("DONE {run} 7");
        assert_eq!(Message::parse(done.as_bytes()), Some(Message::Done(run, 7)));
        assert_eq!(Message::parse(b"AUTH 00ff"), Some(Message::Auth(b"00ff")));
        assert_eq!(Message::parse(b"STATUS\r"), Some(Message::Status(None)));
        let status = format!("STATUS {NONCE}");
        let want = Message::Status(Some(NONCE.as_bytes()));
        assert_eq!(Message::parse(status.as_bytes()), Some(want));
        let at = b"AT s +0.000000000 k +1+1 1";
        assert!(matches!(Message::parse(at), Some(Message::At(_))));
        let watching = format!("WATCHING Goloman {run} 7");
        let want = Message::Watching(b"Goloman", run, 7);
        assert_eq!(Message::parse(watching.as_bytes()), Some(want));
        let start = Start {
            run: Some(run),
            after: Some(7),
        };
        let watch = format!("WATCH {NONCE}{start} later=1");
        let want = Message::Watch(Some(NONCE.as_bytes()), start);
        assert_eq!(Message::parse(watch.as_bytes()), Some(want));
        let watch = Message::Watch(None, Start::default());
        assert_eq!(Message::parse(b"WATCH"), Some(watch));
        let change = [&b"CHANGE 7 - "[..], at].concat();
        let Some(Message::Change(changed)) = Message::parse(&change) else {
            panic!("it is a change");
        };
        assert_eq!((changed.seq, changed.teller), (7, &b"-"[..]));
        assert_eq!(changed.report.client, b"k");
    }

    #[test]
    fn verbs_of_the_tables_are_known() {
        for verb in VERBS {
            assert_ne!(
                Message::parse(verb.as_bytes()),
                Some(Message::Unknown),
                "{verb}"
            );
        }
        for form in FORMS {
            assert_eq!(Message::parse(form.example.as_bytes()), None, "{form}");
            assert_eq!(Message::parse(form.verb.as_bytes()), None, "{form}");
        }
    }

    #[test]
    fn garbage_is_garbage() {
        for line in [
            "",
            "IAMAT k +1+1 1",
            "I-AM-AT k +1+1 1",
            "ABCDEFGHIJKLMNOPQ",
            "COMPARE",
            "COMPARE 64",
            "COMPARE - 1",
            "DIGESTS - 0000000000000000",
            "AUDIT",
            "AUDIT 64",
            "AUDIT - 7",
            "AUDIT - 7 0000000000000000",
            "MARK 1 2",
            "MARK 1 2 000000000000FEED",
            "MARK -1 2 000000000000feed",
            "MARK 1 18446744073709551616 000000000000feed",
            "MARK 1 2 feed",
            "SINCE 0123 1 2 000000000000feed",
            "SINCE 0123456789abcdef 1 2 000000000000feed 3",
            "SINCE 0123456789abcdef 1 2 000000000000feed time=",
            "SINCE 0123456789abcdef 1 2 000000000000feed time=1e9",
            "SINCE 0123456789abcdef 1 2 000000000000feed time=1 time=1",
            "MARK 1 2 000000000000feed time=1",
            "HELLO a b 0123456789abcdef",
            "HELLO a b 0123456789abcdef xyz",
            "HELLO a b 0123456789abcdef 00112233445566778899aabbccddeeff - -",
            "HELLO a b 0123456789abcdef 00112233445566778899aabbccddeeff a=1 -",
            "HELLO a b 0123456789abcdef 00112233445566778899aabbccddeeff =1",
            "AT s +0.000000000 k +1+1",
            "mark 1 2 000000000000feed",
            "WAVE 0123456789abcdef",
            "DONE 0123456789abcdef -1",
            "AUTH",
            "AUTH 00 ff",
            "STATUS x",
            "STATUS 00112233445566778899aabbccddeef",
            "STATUS 00112233445566778899aabbccddeeff -",
            "status",
            "WATCH x",
            "WATCH =1",
            "WATCH after=1 00112233445566778899aabbccddeeff",
            "WATCH after=x",
            "WATCH run=0123",
            "WATCHING Goloman 0123456789abcdef",
            "WATCHING Goloman 0123456789abcdef 7 8",
            "CHANGE",
            "CHANGE x - AT s +0.000000000 k +1+1 1",
            "CHANGE 1 - AT s 0 k +1+1 1",
            "CHANGE 1 - AT s +0.000000000 k +1+1 1 2",
            "CHANGE 1 AT s +0.000000000 k +1+1 1",
        ] {
            assert_eq!(Message::parse(line.as_bytes()), None, "{line}");
        }
    }
}
