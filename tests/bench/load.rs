//! The load of `make bench`: that of `herd load`, which can also speak to an echo and to Redis, and
//! reads what CPU time the server takes while it is under way.
//!
//! ```text
//! load DIALECT ADDRESS PID CONNECTIONS PIPELINE CLIENTS QUESTIONS RATE seconds:S|requests:N EVERY
//! ```
//!
//! QUESTIONS are `PERCENT,KM,BOUND,TOWNS`: the share of WHATSATs, the radius and bound of each, and
//! 1 for clients that travel.
//!
//! It prints a JSON object: requests, latencies, faults, and `samples`, one every EVERY seconds:
//! nanoseconds since the start, right replies, CPU nanoseconds of the process and of its main
//! thread (`/proc/PID/task/*/schedstat`). The difference of two samples is a steady state, without
//! connecting and closing. PID 0 is nobody; RATE 0 asks as fast as it is answered.

// It may fail as tests do: its driver shows what it says.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::fs;

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::load::{
    Fault, LoadConn, Plan, Protocol, Questions, Request, Said, Stats, Until, Workload, run,
};
use herd::units::{Mono, Now};
use serde_json::json;

/// The server's protocol.
#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    /// An echo gives back each line.
    Echo,
    /// Redis, in RESP: `SET client` to location and time; `GEOSEARCH places` for a WHATSAT.
    Redis,
}

/// One connection to something that is no herd. The same clients are at the same places.
struct Double {
    dialect: Dialect,
    workload: Workload,
    owed: VecDeque<(Mono, Request)>,
    outbox: Outbox,
    lines: LineBuffer,
    /// The fields of the last move.
    last: Said,
    /// Lines that belong to the reply that has begun.
    rest: usize,
}

/// A client's name in what an IAMAT says.
const NAME: std::ops::Range<usize> = 0..16;
/// Its place there.
const LATITUDE: std::ops::Range<usize> = 17..27;
const LONGITUDE: std::ops::Range<usize> = 27..38;
/// The lines of a place in Redis' reply: lengths, name, distance and two coordinates.
const LINES_OF_A_PLACE: usize = 10;

impl Double {
    fn is_right(&self, line: &[u8], request: &Request) -> bool {
        match (self.dialect, request) {
            (Dialect::Echo, Request::Move(said)) => line.strip_prefix(b"IAMAT ") == Some(said),
            (Dialect::Redis, Request::Move(_)) => line == b"+OK\r",
            (Dialect::Echo, Request::Near) => false,
            (Dialect::Redis, Request::Near) => places(line) <= self.workload.bound(),
        }
    }

    fn push(&mut self, words: &[&[u8]]) {
        self.outbox.push_line(format_args!("*{}\r", words.len()));
        for word in words {
            self.outbox.push_line(format_args!("${}\r", word.len()));
            self.outbox.push(word);
            self.outbox.push(b"\r\n");
        }
    }

    fn set(&mut self, said: &Said) {
        let (name, value) = (&said[NAME], &said[NAME.end + 1..]);
        self.outbox.push(b"*3\r\n$3\r\nSET\r\n$16\r\n");
        self.outbox.push(name);
        self.outbox.push(b"\r\n$42\r\n");
        self.outbox.push(value);
        self.outbox.push(b"\r\n");
    }

    /// `asked` is what a herd is asked: `WHATSAT name km bound`.
    fn search(&mut self, asked: &[u8]) {
        let words: Vec<&[u8]> = asked.trim_ascii().split(|byte| *byte == b' ').collect();
        let (said, km, bound) = (self.last, words[2], words[3]);
        let (latitude, longitude) = (&said[LATITUDE], &said[LONGITUDE]);
        let head: [&[u8]; 5] = [b"GEOSEARCH", b"places", b"FROMLONLAT", longitude, latitude];
        let tail: [&[u8]; 4] = [b"COUNT", bound, b"WITHDIST", b"WITHCOORD"];
        let radius: [&[u8]; 4] = [b"BYRADIUS", km, b"km", b"ASC"];
        self.push(&[&head[..], &radius, &tail].concat());
    }
}

/// How many places a reply's first line announces; the most if it is no such line.
fn places(line: &[u8]) -> usize {
    let count = line
        .strip_prefix(b"*")
        .and_then(|it| it.strip_suffix(b"\r"));
    let count = count.and_then(|it| str::from_utf8(it).ok()?.parse().ok());
    count.unwrap_or(usize::MAX)
}

impl Protocol for Double {
    fn owed(&self) -> usize {
        self.owed.len()
    }

    fn ask(&mut self, now: Now, since: Mono) {
        let mut own = Outbox::default();
        let to = match self.dialect {
            Dialect::Echo => &mut self.outbox,
            Dialect::Redis => &mut own,
        };
        let request = self.workload.ask(now.wall, to);
        match (self.dialect, request) {
            (Dialect::Echo, Request::Move(_)) => {}
            (Dialect::Echo, Request::Near) => panic!("an echo knows no WHATSAT"),
            (Dialect::Redis, Request::Move(said)) => {
                self.last = said;
                self.set(&said);
            }
            (Dialect::Redis, Request::Near) => self.search(own.unsent()),
        }
        self.owed.push_back((since, request));
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn received(&mut self, now: Mono, bytes: &[u8], stats: &mut Stats) -> bool {
        let mut fresh = bytes;
        let mut lines = std::mem::take(&mut self.lines);
        while let Some(Line::Whole(line)) = lines.next(&mut fresh, 1 << 20) {
            if self.rest > 0 {
                self.rest -= 1;
                if self.rest == 0
                    && let Some((since, _)) = self.owed.pop_front()
                {
                    stats.answered(now.since(since));
                }
                continue;
            }
            let Some(&(since, request)) = self.owed.front() else {
                stats.fault(Fault::Unasked, 1, || line.escape_ascii().to_string());
                return false;
            };
            if !self.is_right(line, &request) {
                stats.fault(Fault::Wrong, 1, || line.escape_ascii().to_string());
                return false;
            }
            if request == Request::Near {
                self.rest = places(line) * LINES_OF_A_PLACE;
            }
            if self.rest == 0 {
                self.owed.pop_front();
                stats.answered(now.since(since));
            }
        }
        lines.keep(fresh, &mut BufferPool::new(0));
        self.lines = lines;
        true
    }
}

/// CPU nanoseconds of a process, and of its main thread (sched-stats in the kernel's
/// documentation: the first number).
fn cpu(pid: u32) -> (u64, u64) {
    let of = |path: String| -> u64 {
        let text = fs::read_to_string(path).unwrap_or_default();
        let first = text.split(' ').next().and_then(|first| first.parse().ok());
        first.unwrap_or(0)
    };
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let tasks = tasks.map(|task| of(task.unwrap().path().join("schedstat").display().to_string()));
    (tasks.sum(), of(format!("/proc/{pid}/task/{pid}/schedstat")))
}

/// Reads `PERCENT,KM,BOUND,TOWNS`.
fn asked(text: &str) -> Questions {
    let numbers: Vec<u64> = text.split(',').map(|it| it.parse().unwrap()).collect();
    Questions {
        percent: numbers[0],
        radius_km: numbers[1],
        bound: numbers[2] as usize,
        towns: numbers[3] == 1,
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs it with an option and nothing to do.
    let Ok(
        [
            dialect,
            address,
            pid,
            connections,
            pipeline,
            clients,
            questions,
            rate,
            until,
            every,
        ],
    ) = <[String; 10]>::try_from(words)
    else {
        return println!("this is a part of make bench");
    };
    let (pid, every) = (pid.parse().unwrap(), every.parse::<f64>().unwrap());
    let plan = Plan {
        doors: address
            .split(',')
            .map(|address| vec![address.parse().unwrap()])
            .collect(),
        connections: connections.parse().unwrap(),
        pipeline: pipeline.parse().unwrap(),
        until: match until.split_once(':').unwrap() {
            ("seconds", text) => Until::Time((text.parse::<f64>().unwrap() * 1e9) as u64),
            (_, text) => Until::Requests(text.parse().unwrap()),
        },
        clients: clients.parse().unwrap(),
        rate: Some(rate.parse().unwrap()).filter(|rate| *rate > 0),
        questions: asked(&questions),
    };
    let mut samples = Vec::new();
    let mut watch = |stats: &Stats, elapsed: u64| {
        let (all, main) = if pid == 0 { (0, 0) } else { cpu(pid) };
        samples.push([elapsed, stats.right, all, main]);
    };
    let every = (every * 1e9) as u64;
    let double = |dialect, index| Double {
        dialect,
        workload: plan.workload(index),
        owed: VecDeque::new(),
        outbox: Outbox::default(),
        lines: LineBuffer::default(),
        last: [0; size_of::<Said>()],
        rest: 0,
    };
    let report = match dialect.as_str() {
        "echo" => run(
            &plan,
            |index| double(Dialect::Echo, index),
            every,
            &mut watch,
            None,
        ),
        "redis" => run(
            &plan,
            |index| double(Dialect::Redis, index),
            every,
            &mut watch,
            None,
        ),
        _ => run(
            &plan,
            |index| LoadConn::new(plan.workload(index)),
            every,
            &mut watch,
            None,
        ),
    };
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    let stats = &report.stats;
    let faults = stats
        .faults()
        .map(|(name, seen)| format!("{} {name} ({})", seen.count, seen.sample));
    let quantile = |share| stats.latency.value_at_quantile(share) as f64 / 1e3;
    println!(
        "{}",
        json!({
            "seconds": report.elapsed as f64 / 1e9,
            "right": stats.right,
            "p50_us": quantile(0.5),
            "p99_us": quantile(0.99),
            "p999_us": quantile(0.999),
            "faults": faults.collect::<Vec<_>>().join(", "),
            "samples": samples,
        })
    );
}
