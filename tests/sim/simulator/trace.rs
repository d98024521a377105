//! The tale of a run, as a ladder: a column per server, and a line for each line that gets from
//! one to another, when the other reads it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::support::shown::shown;

/// The teller.
#[derive(Debug)]
pub struct Trace {
    columns: usize,
    /// Bytes to and from guests, of lines that have not ended.
    begun: BTreeMap<(usize, char), Vec<u8>>,
}

/// From one column to the next, in characters.
const WIDTH: usize = 4;

impl Trace {
    /// A ladder for servers of these names, with its head.
    pub fn new(names: &[String]) -> Trace {
        let trace = Trace {
            columns: names.len(),
            begun: BTreeMap::new(),
        };
        for (place, name) in names.iter().enumerate() {
            let bars = "|   ".repeat(place);
            trace.put(&format!("{:>12}  {bars}{name}", ""));
        }
        trace
    }

    /// A line of one server has got to another.
    pub fn line(&mut self, now: u64, (from, to): (usize, usize), line: &[u8]) {
        let mut rungs = self.rungs();
        let (left, right) = (from.min(to) * WIDTH, from.max(to) * WIDTH);
        rungs[left + 1..right].fill('-');
        rungs[from * WIDTH] = 'o';
        rungs[to * WIDTH] = if from < to { '>' } else { '<' };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.rung(now, &rungs, &shown(line));
    }

    /// Something happens to a server.
    pub fn at(&mut self, now: u64, place: usize, what: &str) {
        let mut rungs = self.rungs();
        rungs[place * WIDTH] = '*';
        self.rung(now, &rungs, what);
    }

    /// Bytes get from (`>`) a guest to a server, or (`<`) from the server to it.
    pub fn outside(&mut self, now: u64, place: usize, guest: usize, way: char, bytes: &[u8]) {
        let begun = self.begun.entry((guest, way)).or_default();
        begun.extend_from_slice(bytes);
        let (mut lines, ended) = (Vec::new(), bytes.is_empty());
        while let Some(end) = begun.iter().position(|&byte| byte == b'\n') {
            lines.push(begun.drain(..=end).collect::<Vec<u8>>());
        }
        if ended {
            lines.push(std::mem::take(begun));
        }
        for line in lines.into_iter().filter(|line| !line.is_empty()) {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            self.at(now, place, &format!("guest {guest} {way} {}", shown(line)));
        }
    }

    /// Something happens.
    pub fn note(&mut self, now: u64, what: &str) {
        let rungs = self.rungs();
        self.rung(now, &rungs, what);
    }

    fn rungs(&self) -> Vec<char> {
        let mut rungs = vec![' '; (self.columns - 1) * WIDTH + 1];
        rungs.iter_mut().step_by(WIDTH).for_each(|rung| *rung = '|');
        rungs
    }

    fn rung(&self, now: u64, rungs: &[char], what: &str) {
        let rungs: String = rungs.iter().collect();
        let seconds = now as f64 / 1e9;
        self.put(&format!("{seconds:>12.6}  {rungs}  {what}"));
    }

    /// Straight to standard output, past the test harness, which keeps what a good test prints.
    fn put(&self, line: &str) {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", line.trim_end()).expect("standard output");
    }
}
