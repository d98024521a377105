//! The load of `make bench`: that of `herd load`, which can also speak to an echo and to Redis, and
//! reads what CPU time the server takes while it is under way.
//!
//! ```text
//! load DIALECT ADDRESS PID CONNECTIONS PIPELINE CLIENTS WHATSAT_PERCENT seconds:S|requests:N EVERY
//! ```
//!
//! It prints a JSON object: requests, latencies, faults, and `samples`, one every EVERY seconds:
//! nanoseconds since the start, right replies, CPU nanoseconds of the process and of its main
//! thread (`/proc/PID/task/*/schedstat`). The difference of two samples is a steady state, without
//! connecting and closing. PID 0 is nobody.

// It may fail as tests do: its driver shows what it says.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::fs;

use herd::buffers::{BufferPool, Line, LineBuffer, Outbox};
use herd::load::{Fault, LoadConn, Plan, Protocol, Request, Said, Stats, Until, Workload, run};
use herd::units::{Mono, Now};
use serde_json::json;

/// The server's protocol.
#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    /// An echo gives back each line.
    Echo,
    /// Redis: `SET client` to location and time, in RESP.
    Redis,
}

/// One connection to something that is no herd. The same clients are at the same places.
struct Double {
    dialect: Dialect,
    workload: Workload,
    owed: VecDeque<(Mono, Said)>,
    outbox: Outbox,
    lines: LineBuffer,
}

/// A client's name in what an IAMAT says.
const NAME: std::ops::Range<usize> = 0..16;

impl Double {
    fn is_right(&self, line: &[u8], said: &Said) -> bool {
        match self.dialect {
            Dialect::Echo => line.strip_prefix(b"IAMAT ") == Some(said),
            Dialect::Redis => line == b"+OK\r",
        }
    }
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
        let Request::Move(said) = self.workload.ask(now.wall, to) else {
            panic!("a double knows no WHATSAT");
        };
        if self.dialect == Dialect::Redis {
            let (name, value) = (&said[NAME], &said[NAME.end + 1..]);
            self.outbox.push(b"*3\r\n$3\r\nSET\r\n$16\r\n");
            self.outbox.push(name);
            self.outbox.push(b"\r\n$42\r\n");
            self.outbox.push(value);
            self.outbox.push(b"\r\n");
        }
        self.owed.push_back((since, said));
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn received(&mut self, now: Mono, bytes: &[u8], stats: &mut Stats) -> bool {
        let mut fresh = bytes;
        let mut lines = std::mem::take(&mut self.lines);
        while let Some(Line::Whole(line)) = lines.next(&mut fresh, 1 << 20) {
            let Some((since, said)) = self.owed.pop_front() else {
                stats.fault(Fault::Unasked, 1, || line.escape_ascii().to_string());
                return false;
            };
            if self.is_right(line, &said) {
                stats.answered(now.since(since));
            } else {
                stats.fault(Fault::Wrong, 1, || line.escape_ascii().to_string());
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
            percent,
            until,
            every,
        ],
    ) = <[String; 9]>::try_from(words)
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
        rate: None,
        whatsat_percent: percent.parse().unwrap(),
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
    };
    let report = match dialect.as_str() {
        "echo" => run(
            &plan,
            |index| double(Dialect::Echo, index),
            every,
            &mut watch,
        ),
        "redis" => run(
            &plan,
            |index| double(Dialect::Redis, index),
            every,
            &mut watch,
        ),
        _ => run(
            &plan,
            |index| LoadConn::new(plan.workload(index)),
            every,
            &mut watch,
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
            "faults": faults.collect::<Vec<_>>().join(", "),
            "samples": samples,
        })
    );
}
