//! A trace of `--trace-turns`, as a viewer reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// One file.
pub struct Trace {
    pub whole: Value,
    pub slices: Vec<Slice>,
    /// The names of threads by their numbers.
    pub threads: BTreeMap<u64, String>,
}

/// A slice of time, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Slice {
    pub name: String,
    pub thread: u64,
    pub start: u64,
    pub end: u64,
    pub args: Value,
}

const PHASES: [&str; 5] = ["read", "node", "journal", "flush", "log"];

impl Trace {
    /// A file that is whole, or none.
    pub fn read(path: &Path) -> Trace {
        let text = fs::read_to_string(path).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        let (mut slices, mut threads) = (Vec::new(), BTreeMap::new());
        let nanoseconds = |field: &Value| (field.as_f64().unwrap() * 1e3).round() as u64;
        for event in whole["traceEvents"].as_array().unwrap() {
            let (name, thread) = (event["name"].as_str().unwrap(), &event["tid"]);
            let thread = thread.as_u64().unwrap();
            let args = event["args"].clone();
            if event["ph"] == "X" {
                let start = nanoseconds(&event["ts"]);
                slices.push(Slice {
                    name: name.to_string(),
                    thread,
                    start,
                    end: start + nanoseconds(&event["dur"]),
                    args,
                });
            } else if name == "thread_name" {
                threads.insert(thread, args["name"].as_str().unwrap().to_string());
            }
        }
        Trace {
            whole,
            slices,
            threads,
        }
    }

    /// The slices of this name.
    pub fn named(&self, name: &str) -> Vec<&Slice> {
        self.slices.iter().filter(|it| it.name == name).collect()
    }

    /// Slices of a thread nest or are apart, and come in the order of a viewer: each before those
    /// within it. Turns and waits follow one another, and the phases of a turn fill it.
    pub fn check(&self) {
        let mut open: BTreeMap<u64, Vec<&Slice>> = BTreeMap::new();
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for slice in &self.slices {
            assert!(self.threads.contains_key(&slice.thread), "{slice:?}");
            let before = last.insert(slice.thread, slice.start);
            assert!(before <= Some(slice.start), "out of order: {slice:?}");
            let open = open.entry(slice.thread).or_default();
            while let Some(outer) = open.pop_if(|outer| outer.end <= slice.start) {
                assert!(outer.start <= outer.end);
            }
            if let Some(outer) = open.last() {
                assert!(slice.end <= outer.end, "{slice:?} leaves {outer:?}");
            }
            open.push(slice);
        }
        let is_top = |it: &&Slice| it.name == "turn" || it.name == "wait";
        let top: Vec<&Slice> = self.slices.iter().filter(is_top).collect();
        assert!(!top.is_empty(), "no turn at all");
        for pair in top.windows(2) {
            assert_eq!(pair[0].end, pair[1].start, "{pair:?}");
            assert_ne!(pair[0].name, pair[1].name, "{pair:?}");
        }
        let mut at = 0;
        for turn in self.named("turn") {
            let mut spent = 0;
            while let Some(slice) = self.slices.get(at).filter(|it| it.start < turn.end) {
                let is_phase = PHASES.contains(&slice.name.as_str());
                if slice.thread == turn.thread && slice.start >= turn.start && is_phase {
                    spent += slice.end - slice.start;
                }
                at += 1;
            }
            assert_eq!(spent, turn.end - turn.start, "{turn:?}");
        }
    }
}
