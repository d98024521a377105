//! A visit: a client's connection, the lines that it will send and how, and how it leaves.

use crate::support::kernel::Numbers;
use herd::limits::Limits;
use herd::units::{MILLISECOND, SECOND};

use super::clock::BASE;
use super::random::Random;

/// The plan of one connection of a client. Times are in nanoseconds.
#[derive(Clone, Debug)]
pub struct Visit {
    /// At which server.
    pub place: usize,
    /// When it comes.
    pub at: u64,
    /// Its lines, in order.
    pub lines: Vec<Line>,
    /// All of it, as it is sent.
    pub stream: Vec<u8>,
    /// Waits for this long, then sends this many bytes of the stream; in order.
    pub pieces: Vec<(u64, usize)>,
    /// How it leaves when all is sent.
    pub leaves: Leaves,
    /// It reads this many bytes, then nothing for this long.
    pub reads: (usize, u64),
    /// How much its kernel takes while it does not read, in bytes.
    pub window: usize,
    /// How long the way is.
    pub delay: u64,
}

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// It shuts down sending, and waits for all that it is owed.
    Politely,
    /// It waits for its answers, then shuts down sending.
    Late,
    /// It resets the connection.
    Rudely,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Without LF.
    pub bytes: Vec<u8>,
    /// Its question.
    pub ask: Ask,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A valid IAMAT.
    Iamat {
        /// The client's name.
        client: String,
        /// Where.
        location: &'static str,
        /// When, as it is written.
        time: String,
        /// When.
        at: i128,
    },
    /// A WHATSAT that is valid if its client is known. No two have the same numbers.
    Whatsat {
        /// The client in the middle.
        client: String,
        /// Radius in kilometres, and bound.
        numbers: Numbers,
    },
    /// Nothing that there is.
    Nothing,
    /// Nothing, and too long for a line.
    Overlong,
    /// A line that never ends.
    Half,
}

const PLACES: [&str; 5] = ["+1-1", "+1-2", "-1+1", "+34.068930-118.445127", "-00.5+007"];
const NONSENSE: [&[u8]; 12] = [
    b"",
    b" \t",
    b"hello",
    b"hello\r",
    b"iamat k0 +1-1 5",
    b"IAMAT k0 +91-1 5",
    b"IAMAT k0 +1-1 nan",
    b"WHATSAT k0 51 5",
    b"WHATSAT k0 5 21",
    b"AT A +0.000000000 k0 +1-1 5",
    b"MARK 1 1 0000000000000000",
    b"\xff\x00\x0b \xfe",
];

/// Everybody who visits.
pub fn visits(random: &mut Random, size: usize, heal: u64, limits: &Limits) -> Vec<Visit> {
    let clients = 1 + random.below(6);
    let mut asked = 0;
    let mut visits: Vec<Visit> = (0..1 + random.below(8))
        .map(|_| {
            let count = 1 + random.below(12);
            let mut lines: Vec<Line> = (0..count)
                .map(|_| line(random, clients, &mut asked))
                .collect();
            if random.percent(5) {
                let extra = 1 + random.below(100);
                let bytes = vec![b'x'; limits.client_line + extra];
                let ask = Ask::Overlong;
                lines.push(Line { bytes, ask });
            }
            let place = random.below(size);
            let at = random.between(0, heal + 500 * MILLISECOND);
            let mut visit = Visit::new(place, at, lines);
            visit.dress(random);
            visit
        })
        .collect();
    // A client that is heard twice, by two servers, in the same words.
    for twin in 0..visits.len() {
        if random.percent(20) {
            let is_iamat = |line: &&Line| matches!(line.ask, Ask::Iamat { .. });
            let lines = visits[twin].lines.iter().filter(is_iamat).cloned();
            let place = random.below(size);
            visits.push(Visit::new(place, visits[twin].at, lines.collect()));
        }
    }
    visits.retain(|visit| !visit.lines.is_empty());
    visits
}

fn line(random: &mut Random, clients: usize, asked: &mut usize) -> Line {
    let client = format!("k{}", random.below(clients));
    match random.below(100) {
        0..60 => iamat(random, client),
        60..85 if *asked < 51 * 21 => {
            let numbers = ((*asked % 51) as u32, *asked / 51);
            *asked += 1;
            let (radius, bound) = numbers;
            Line {
                bytes: format!("WHATSAT {client} {radius} {bound}").into_bytes(),
                ask: Ask::Whatsat { client, numbers },
            }
        }
        85..88 => {
            // Two days ahead: nobody's clock is so wrong.
            let late = BASE / 1_000_000_000 + 2 * 86_400;
            Line::nothing(format!("IAMAT {client} +1-1 {late}").as_bytes())
        }
        _ => Line::nothing(random.pick(&NONSENSE)),
    }
}

/// Few places and few times, so that equal ones meet; each time in one of its spellings.
fn iamat(random: &mut Random, client: String) -> Line {
    let seconds = BASE / i128::from(SECOND) + random.below(12) as i128 - 3;
    let nanoseconds = random.pick(&[0, 0, 1, 2, 500_000_000]);
    let at = seconds * i128::from(SECOND) + nanoseconds;
    let time = match (nanoseconds, random.below(4)) {
        (0, 0) => format!("{seconds}"),
        (0, 1) => format!("+{seconds}.0"),
        (500_000_000, 0) => format!("{seconds}.5"),
        _ => format!("{seconds}.{nanoseconds:09}"),
    };
    Line::iamat(client, random.pick(&PLACES), time, at)
}

impl Line {
    /// Somebody moves.
    pub fn iamat(client: String, location: &'static str, time: String, at: i128) -> Line {
        Line {
            bytes: format!("IAMAT {client} {location} {time}").into_bytes(),
            ask: Ask::Iamat {
                client,
                location,
                time,
                at,
            },
        }
    }

    fn nothing(bytes: &[u8]) -> Line {
        Line {
            bytes: bytes.to_vec(),
            ask: Ask::Nothing,
        }
    }
}

impl Visit {
    /// A client that sends all at once, reads at once, and leaves politely.
    pub fn new(place: usize, at: u64, lines: Vec<Line>) -> Visit {
        let mut stream = Vec::new();
        for line in &lines {
            stream.extend_from_slice(&line.bytes);
            stream.push(b'\n');
        }
        Visit {
            place,
            at,
            pieces: vec![(0, stream.len())],
            lines,
            stream,
            leaves: Leaves::Politely,
            reads: (usize::MAX, 0),
            window: 64 << 10,
            delay: MILLISECOND,
        }
    }

    /// A client that says a line byte by byte, for three times as long as it may take.
    pub fn dripping(place: usize, at: u64, limits: &Limits) -> Visit {
        let bytes = vec![b'x'; 60];
        let ask = Ask::Half;
        let mut visit = Visit::new(place, at, vec![Line { bytes, ask }]);
        visit.stream.pop();
        visit.pieces = vec![(limits.half_line / 20, 1); visit.stream.len()];
        visit
    }

    /// The ways of a real one.
    fn dress(&mut self, random: &mut Random) {
        if random.percent(20) && self.lines.last().is_some_and(|line| !line.bytes.is_empty()) {
            self.stream.pop();
        }
        self.pieces.clear();
        let overlong = self
            .lines
            .last()
            .is_some_and(|line| line.ask == Ask::Overlong);
        let (mut left, hasty) = (self.stream.len(), overlong || random.percent(40));
        let most = random.scaled(8, 512).max(left as u64 / 20);
        while left > 0 {
            let count = if hasty {
                left
            } else {
                (random.between(1, most) as usize).min(left)
            };
            let gap = random.between(0, 40) * MILLISECOND;
            self.pieces.push((gap, count));
            left -= count;
        }
        self.leaves = random.pick(&[
            Leaves::Politely,
            Leaves::Politely,
            Leaves::Late,
            Leaves::Late,
            Leaves::Rudely,
        ]);
        // After an overlong line the server waits for its reader for a while only.
        if !overlong && random.percent(20) {
            let pause = random.between(1, 100) * MILLISECOND;
            self.reads = (random.between(50, 2000) as usize, pause);
            self.window = random.scaled(64, 8 << 10) as usize;
        }
        self.delay = random.between(1, 50) * MILLISECOND;
    }
}
