//! The requests of one connection: moves of its own clients and, now and then, the places near the
//! client that it moved last.
//!
//! Every line has the same length, so a line is made by writing digits into the line before it:
//! that is far cheaper than answering it.

use crate::buffers::Outbox;
use crate::limits::LIMITS;
use crate::units::{SECOND, Wall};

/// The line that digits are written into. Its client is as long as `kiwi.cs.ucla.edu`.
const MOVE: [u8; 66] = *b"IAMAT kiwi00000000.edu +34.000000-118.400000 0000000000.000000000\n";
/// Clients move about the first, Los Angeles. Clients that travel also visit Paris, Tokyo and
/// the point of the ocean that is farthest from any land.
const TOWNS: [&[u8; 21]; 4] = [
    b"+34.000000-118.400000",
    b"+48.800000+002.300000",
    b"+35.600000+139.700000",
    b"-48.800000-123.400000",
];
/// The columns of [`MOVE`] that change: the client, its place, the digits in it, the time.
const CLIENT: std::ops::Range<usize> = 10..18;
const PLACE: std::ops::Range<usize> = 23..44;
const LATITUDE: std::ops::Range<usize> = 28..33;
const LONGITUDE: std::ops::Range<usize> = 39..44;
const SECONDS: std::ops::Range<usize> = 45..55;
const NANOSECONDS: std::ops::Range<usize> = 56..65;
/// The client's whole name.
const NAME: std::ops::Range<usize> = 6..22;
/// The columns that the reply repeats: client, location and time.
const SAID: std::ops::Range<usize> = 6..65;

/// The share of WHATSATs in a run, and the question that each asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Questions {
    /// The percentage of requests that are WHATSATs.
    pub percent: u64,
    pub radius_km: u64,
    /// The most results.
    pub bound: usize,
    /// Each move takes a client to the next of four towns, instead of about Los Angeles. Hundreds
    /// of places are near some of them, and none is near another.
    pub towns: bool,
}

/// The fields of an IAMAT after its verb, without LF.
pub type Said = [u8; SAID.end - SAID.start];

/// A connection's requests, one after the other.
#[derive(Clone, Debug)]
pub struct Workload {
    line: [u8; MOVE.len()],
    /// The first of this connection's clients; every `step`th after it is its own, too.
    first: u64,
    step: u64,
    /// How many clients are its own.
    own: u64,
    /// The distance from the client of a move to that of the next, among its own.
    stride: u64,
    /// Moves so far: each is to another location.
    moves: u64,
    /// No two moves may have the same time.
    last: Wall,
    questions: Questions,
    /// At 100, a WHATSAT is due.
    due: u64,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// An IAMAT, and its fields.
    Move(Said),
    /// A WHATSAT about the client of the last IAMAT.
    Near,
}

impl Questions {
    /// The questions of a run whose options name no others.
    pub fn usual(percent: u64) -> Questions {
        Questions {
            percent,
            radius_km: 50,
            bound: 5,
            towns: false,
        }
    }
}

impl Workload {
    /// The connection `first` of `connections`, which share `clients` clients, at least one each;
    /// `questions` says which of its requests are WHATSATs.
    pub fn new(first: u64, connections: u64, clients: u64, questions: Questions) -> Workload {
        assert!(first < connections && connections <= clients && clients <= LIMITS.load_clients);
        let own = (clients - first).div_ceil(connections);
        Workload {
            line: MOVE,
            first,
            step: connections,
            own,
            stride: stride(own),
            moves: 0,
            last: Wall(0),
            questions,
            due: 0,
        }
    }

    /// The most results of a WHATSAT.
    pub fn bound(&self) -> usize {
        self.questions.bound
    }

    /// Appends the next request to `out`. A move says that it is `wall` now, or a nanosecond later
    /// than the move before.
    pub fn ask(&mut self, wall: Wall, out: &mut Outbox) -> Request {
        self.due += self.questions.percent;
        if self.due >= 100 && self.moves > 0 {
            self.due -= 100;
            let (radius_km, bound) = (self.questions.radius_km, self.questions.bound);
            out.push(b"WHATSAT ");
            out.push(&self.line[NAME]);
            out.push_line(format_args!(" {radius_km} {bound}"));
            return Request::Near;
        }
        self.due = self.due.min(100);
        self.last = wall.max(Wall(self.last.0 + 1));
        let nanoseconds = u64::try_from(self.last.0).unwrap_or(0);
        let client = self.moves % self.own * self.stride % self.own;
        digits(&mut self.line[CLIENT], self.first + self.step * client);
        if self.questions.towns {
            // Connections begin at different towns.
            let town = (self.first + self.moves) % TOWNS.len() as u64;
            self.line[PLACE].copy_from_slice(TOWNS[town as usize]);
        }
        digits(&mut self.line[LATITUDE], self.moves * 7_919);
        digits(&mut self.line[LONGITUDE], self.moves * 6_151);
        digits(&mut self.line[SECONDS], nanoseconds / SECOND);
        digits(&mut self.line[NANOSECONDS], nanoseconds % SECOND);
        self.moves += 1;
        out.push(&self.line);
        let mut said = [0; SAID.end - SAID.start];
        said.copy_from_slice(&self.line[SAID]);
        Request::Move(said)
    }
}

/// A step that visits each of `own` clients once before it visits one again, and not in the order
/// of their numbers, so that records which lie side by side do not move one after the other.
fn stride(own: u64) -> u64 {
    let is_coprime = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    };
    // The golden ratio spreads the steps most evenly.
    let near = (own * 618 / 1_000).max(1);
    (near..).find(|&step| is_coprime(step, own)).unwrap_or(1)
}

/// Fills `room` with the last digits of `value`.
fn digits(room: &mut [u8], mut value: u64) {
    for place in room.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Command;

    /// The first `count` lines of a workload, with the requests that it says they are.
    fn lines(workload: &mut Workload, count: usize, wall: i128) -> Vec<(String, Request)> {
        let mut all = Vec::new();
        for _ in 0..count {
            let mut out = Outbox::default();
            let request = workload.ask(Wall(wall), &mut out);
            let line = String::from_utf8(out.unsent().to_vec()).unwrap();
            all.push((line, request));
        }
        all
    }

    #[test]
    fn moves_are_right_and_never_the_same() {
        let wall = 1_520_023_934_999_999_999;
        let found = lines(&mut Workload::new(1, 3, 8, Questions::usual(0)), 4, wall);
        let want = [
            "IAMAT kiwi00000001.edu +34.000000-118.400000 1520023934.999999999\n",
            "IAMAT kiwi00000004.edu +34.007919-118.406151 1520023935.000000000\n",
            "IAMAT kiwi00000007.edu +34.015838-118.412302 1520023935.000000001\n",
            "IAMAT kiwi00000001.edu +34.023757-118.418453 1520023935.000000002\n",
        ];
        for ((line, request), want) in found.iter().zip(want) {
            assert_eq!(line, want);
            let Request::Move(said) = request else {
                panic!("no move: {line}");
            };
            assert_eq!(format!("IAMAT {}\n", str::from_utf8(said).unwrap()), *line);
            let command = Command::parse(line.trim_end().as_bytes());
            assert!(matches!(command, Ok(Command::Iamat { .. })), "{line}");
        }
    }

    #[test]
    fn together_the_connections_move_every_client_once() {
        for (connections, clients) in [(1, 1), (1, 2), (3, 8), (3, 9), (7, 1_000), (50, 12_345)] {
            let mut names = Vec::new();
            for first in 0..connections {
                let own = u64::div_ceil(clients - first, connections);
                let mut workload = Workload::new(first, connections, clients, Questions::usual(0));
                let lines = lines(&mut workload, own as usize, 1);
                names.extend(lines.iter().map(|(line, _)| line[NAME].to_string()));
            }
            names.sort();
            names.dedup();
            assert_eq!(names.len() as u64, clients, "{connections}");
        }
    }

    #[test]
    fn the_share_of_whatsats_is_right_and_each_is_about_the_last_move() {
        for percent in [0, 1, 10, 33, 50, 99, 100] {
            let found = lines(
                &mut Workload::new(0, 1, 5, Questions::usual(percent)),
                1_000,
                1,
            );
            let near = found.iter().filter(|(_, r)| *r == Request::Near).count();
            // The first is a move, whatever the share.
            let want = percent as usize * 10;
            assert!(near + 1 >= want && near <= want, "{percent}: {near}");
            let mut moved = "";
            for (line, request) in &found {
                match request {
                    Request::Move(_) => moved = &line[NAME],
                    Request::Near => assert_eq!(*line, format!("WHATSAT {moved} 50 5\n")),
                }
            }
        }
    }

    #[test]
    fn a_client_that_travels_is_asked_about_in_each_town() {
        let questions = Questions {
            percent: 50,
            radius_km: 10,
            bound: 20,
            towns: true,
        };
        let found = lines(
            &mut Workload::new(1, 2, 2, questions),
            8,
            1_520_023_934_918_963_997,
        );
        let moves = found.iter().step_by(2).map(|(line, _)| &line[PLACE]);
        let want = [
            "+48.800000+002.300000",
            "+35.607919+139.706151",
            "-48.815838-123.412302",
            "+34.023757-118.418453",
        ];
        assert_eq!(moves.collect::<Vec<_>>(), want);
        for (line, request) in found {
            assert!(Command::parse(line.trim_end().as_bytes()).is_ok(), "{line}");
            let is_near = line == "WHATSAT kiwi00000001.edu 10 20\n";
            assert_eq!(request == Request::Near, is_near, "{line}");
        }
    }
}
