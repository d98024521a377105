//! The journal in real processes: what a SIGKILL, a damaged file and a full disk leave of it.
//!
//! `HERD_LONG=1 cargo test --release --test process journal::kills -- --nocapture` kills a whole
//! herd 200 times while it hears a million updates, and says what it measured.

mod damage;
mod disk;
mod kills;
mod order;
mod replies;
mod restarts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::support;
use crate::support::herd::Herd;
use crate::support::process::Server;
use herd::wire::Report;
use herd::wire::journal_line;

/// Where the live segment of a server's journal is.
fn file(server: &Server) -> PathBuf {
    server.directory.join(format!("{}.herd", server.name))
}

/// The files of a server's journal: the live segment, if there is one, and the closed ones.
fn segments(server: &Server) -> Vec<PathBuf> {
    let live = format!("{}.herd", server.name);
    let entries = fs::read_dir(&server.directory).unwrap();
    let is_segment = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let end = name.strip_prefix(&live);
        end.is_some_and(|end| end.is_empty() || end[1..].parse::<u64>().is_ok())
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(is_segment).collect()
}

/// The newest time, in nanoseconds, that a journal has of each client. Every line but a torn last
/// one must be whole.
#[track_caller]
fn journaled(server: &Server) -> BTreeMap<String, i128> {
    let mut times: BTreeMap<String, i128> = BTreeMap::new();
    let texts = segments(server).into_iter().map(|it| fs::read(it).unwrap());
    let lines = texts.flat_map(|text| {
        let lines = text.split_inclusive(|&byte| byte == b'\n').skip(1);
        lines.map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    for line in lines {
        let Some(line) = line.strip_suffix(b"\n") else {
            continue;
        };
        let text = journal_line::text(line).expect("a line with its checksum");
        let report = Report::parse(text).expect("an AT line");
        let client = String::from_utf8_lossy(report.client).into_owned();
        let time = times.entry(client).or_insert(report.time.at.0);
        *time = report.time.at.0.max(*time);
    }
    times
}

/// One server that has heard of `count` clients, `k0` and so on, and was killed. Its journal has a
/// line for each, in this order, from line 2 on.
fn killed(count: usize, options: &[&str]) -> Herd {
    let mut herd = Herd::one_with(options);
    let mut client = herd.servers[0].client();
    for number in 0..count {
        let reply = client.ask(format!("IAMAT k{number} +1-2 {}\n", 1_000_000 + number));
        assert!(reply.starts_with("AT Goloman "), "{reply}");
    }
    herd.servers[0].kill();
    herd
}
