//! A watcher in the world: where it watches and how it reads, and what must be true of all that it
//! hears.

use std::collections::BTreeMap;

use herd::limits::Limits;
use herd::units::MILLISECOND;

use super::guest::{rank, value};
use super::random::Random;

/// The plan of a watcher. Times are in nanoseconds.
#[derive(Clone, Debug)]
pub struct Watching {
    /// At which server.
    pub place: usize,
    /// When it comes.
    pub at: u64,
    /// Where it begins, and where it begins after each loss of its connection.
    pub begins: [Begin; 2],
    /// It reads at most this many bytes, and then nothing for this long. None: it never reads.
    pub reads: Option<(usize, u64)>,
    /// How much its kernel takes while it does not read, in bytes.
    pub window: usize,
    /// How long the way is.
    pub delay: u64,
    /// It leaves after this long, and comes again after as long.
    pub stays: Option<u64>,
}

/// Where a watcher begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Now,
    /// At the start of the feed.
    Start,
    /// After the last change that it heard, if any.
    Last,
}

/// A watcher. The number of bytes that its server wrote, and that are checked, are those of its
/// present connection.
#[derive(Debug)]
pub struct Watcher {
    pub plan: Watching,
    /// Its wire, while it is connected.
    pub wire: Option<usize>,
    pub reading: bool,
    pub written: usize,
    pub checked: usize,
    /// It does not come again.
    pub is_over: bool,
    /// Its question.
    asked: Option<(String, u64)>,
    /// A part of a line.
    rest: Vec<u8>,
    heard: Option<Heard>,
}

/// All that it heard of one life of its server.
#[derive(Debug)]
struct Heard {
    run: String,
    seq: u64,
    /// It missed no change from the start of the feed on, unless a newer one overtook it.
    is_whole: bool,
    /// The newest line of each client.
    newest: BTreeMap<String, Vec<u8>>,
}

/// The watchers of a run: few runs have any.
pub fn watchers(random: &mut Random, size: usize, heal: u64, limits: &mut Limits) -> Vec<Watching> {
    if random.percent(65) {
        return Vec::new();
    }
    limits.watch_outbox = random.scaled(1, 4 << 10) as usize;
    if random.percent(60) {
        limits.watch_steps = random.scaled(1, 1024) as usize;
    }
    let begins = [Begin::Now, Begin::Start, Begin::Last, Begin::Last];
    let one = |random: &mut Random| {
        let pause = random.between(0, 50) * MILLISECOND;
        let is_reader = random.percent(75);
        Watching {
            place: random.below(size),
            at: random.between(0, heal),
            begins: [0, 1].map(|_| random.pick(&begins)),
            reads: is_reader.then_some((random.between(200, 4000) as usize, pause)),
            window: random.scaled(64, if is_reader { 8 << 10 } else { 256 }) as usize,
            delay: random.between(1, 50) * MILLISECOND,
            stays: random
                .percent(30)
                .then_some(random.between(50, 800) * MILLISECOND),
        }
    };
    (0..1 + random.below(4)).map(|_| one(random)).collect()
}

impl Watcher {
    pub fn new(plan: Watching) -> Watcher {
        Watcher {
            plan,
            wire: None,
            reading: false,
            written: 0,
            checked: 0,
            is_over: false,
            asked: None,
            rest: Vec::new(),
            heard: None,
        }
    }

    /// It has a connection: its first line.
    pub fn begin(&mut self, wire: usize) -> String {
        let [begin, next] = self.plan.begins;
        self.plan.begins[0] = next;
        self.wire = Some(wire);
        (self.written, self.checked, self.reading) = (0, 0, false);
        self.rest.clear();
        self.asked = match (begin, &self.heard) {
            (Begin::Last, Some(heard)) => Some((heard.run.clone(), heard.seq)),
            _ => None,
        };
        match (begin, &self.asked) {
            (Begin::Now, _) => "WATCH\n".to_string(),
            (_, Some((run, seq))) => format!("WATCH run={run} after={seq}\n"),
            (_, None) => "WATCH after=0\n".to_string(),
        }
    }

    /// Bytes have come: whole lines and a part of one. An error says what is wrong with them.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let wrong = |why: &str| format!("{why}: {}", line.escape_ascii());
            let said = Said::of(&line).ok_or_else(|| wrong("unexpected"))?;
            match (said, &mut self.heard) {
                (Said::Watching { run, seq }, heard) => {
                    let goes_on = self.asked.take().is_some_and(|it| it == (run.clone(), seq));
                    if !goes_on {
                        *heard = Some(Heard {
                            run,
                            seq,
                            is_whole: seq == 0,
                            newest: BTreeMap::new(),
                        });
                    }
                }
                (_, None) => return Err(wrong("before WATCHING")),
                (Said::Change { seq, line: at, .. }, Some(heard)) => {
                    if std::mem::replace(&mut heard.seq, seq) >= seq {
                        return Err(wrong("out of order"));
                    }
                    let (client, _) = value(&at).ok_or_else(|| wrong("no AT line"))?;
                    let before = heard.newest.get(&client);
                    if before.is_some_and(|before| rank(before) >= rank(&at)) {
                        return Err(wrong("older than the one before"));
                    }
                    heard.newest.insert(client, at);
                }
                (Said::Mark { seq, .. }, Some(heard)) => {
                    if std::mem::replace(&mut heard.seq, seq) > seq {
                        return Err(wrong("out of order"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether it has heard of everything up to this change of that run.
    pub fn is_at(&self, seq: u64) -> bool {
        self.wire.is_some() && self.heard.as_ref().is_some_and(|it| it.seq == seq)
    }

    /// A line that it has heard, and that is not the server's; or one of the server's that it must
    /// have heard, and has not.
    pub fn differs(&self, table: &[Vec<u8>]) -> Option<String> {
        let heard = self.heard.as_ref()?;
        let wrong = heard.newest.values().find(|line| !table.contains(line));
        let lacks = || {
            table
                .iter()
                .find(|line| !heard.newest.values().any(|it| it == *line))
        };
        let found = wrong.or_else(|| lacks().filter(|_| heard.is_whole))?;
        Some(found.escape_ascii().to_string())
    }
}

/// A line to a watcher.
pub enum Said {
    Watching {
        run: String,
        seq: u64,
    },
    /// The AT line has its LF.
    Change {
        seq: u64,
        teller: String,
        line: Vec<u8>,
    },
    Mark {
        seq: u64,
        count: u64,
        digest: String,
    },
}

impl Said {
    pub fn of(line: &[u8]) -> Option<Said> {
        let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        let (verb, rest) = text.split_once(' ')?;
        let mut words = rest.splitn(3, ' ');
        let mut word = || words.next().map(String::from);
        Some(match verb {
            "WATCHING" => {
                word()?;
                let run = word()?;
                let seq = word()?.parse().ok()?;
                Said::Watching { run, seq }
            }
            "CHANGE" => {
                let (seq, teller) = (word()?.parse().ok()?, word()?);
                let line = (word()? + "\n").into_bytes();
                Said::Change { seq, teller, line }
            }
            "MARK" => {
                let (seq, count) = (word()?.parse().ok()?, word()?.parse().ok()?);
                let digest = word()?;
                Said::Mark { seq, count, digest }
            }
            _ => return None,
        })
    }
}
