//! Slices of time in Chrome's trace event format, which Perfetto and chrome://tracing open: an
//! object with an array of events, one a line.
//!
//! A slice is a complete event, `"ph":"X"`, with start and length in microseconds. Slices that are
//! within another on the same track are drawn below it; a viewer wants the outer one first.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::process;

use serde_json::Value;

use super::phase::Phase;
use super::slices::{Recording, Slice, Slices, Track, What};
use crate::limits::LIMITS;
use crate::node::Remote;

/// Everything that the file needs.
#[derive(Debug)]
pub struct Trace {
    pub recording: Recording,
    /// Names of the neighbours, by their places.
    neighbours: Vec<String>,
    /// Monotonic zero of this process on the machine's clock: traces of several servers have one
    /// time.
    zero: i64,
}

impl Trace {
    /// Takes everything out of the ring.
    pub fn take(
        slices: &mut Slices,
        room: Option<Vec<Slice>>,
        zero: i64,
        neighbours: Vec<String>,
    ) -> Trace {
        Trace {
            recording: slices.take(room),
            neighbours,
            zero,
        }
    }
}

/// Writes JSON, a line for each event.
pub fn write_json(to: &mut impl Write, trace: &Trace, server: &str) -> io::Result<()> {
    let (slices, lost) = (in_order(&trace.recording), trace.recording.lost);
    let pid = process::id();
    let name = Value::from(format!("herd {server}"));
    write!(
        to,
        "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"server\":{},\"slices\":{},\
         \"older slices that were dropped\":{lost}}},\"traceEvents\":[\n\
         {{\"ph\":\"M\",\"pid\":{pid},\"tid\":1,\"name\":\"process_name\",\
         \"args\":{{\"name\":{name}}}}}",
        Value::from(server),
        slices.len(),
    )?;
    for track in tracks() {
        let (tid, name) = (tid(track), Value::from(track.to_string()));
        write!(
            to,
            ",\n{{\"ph\":\"M\",\"pid\":{pid},\"tid\":{tid},\"name\":\"thread_name\",\
             \"args\":{{\"name\":{name}}}}}"
        )?;
    }
    let mut line = String::new();
    for slice in slices {
        line.clear();
        // Writing to a String never fails.
        let _ = event(&mut line, slice, pid, trace);
        to.write_all(line.as_bytes())?;
    }
    to.write_all(b"\n]}\n")
}

/// By their starts, each before those that are within it; and only whole turns.
fn in_order(recording: &Recording) -> Vec<&Slice> {
    let mut slices: Vec<&Slice> = recording.slices.iter().collect();
    slices.sort_by_key(|it| (it.start, depth(it.what), it.end));
    if recording.lost > 0 {
        // The oldest turn has lost its first parts.
        let whole = slices.iter().find(|it| it.what == What::Wait);
        let whole = whole.map(|it| it.start);
        slices.retain(|it| it.track != Track::Loop || Some(it.start) >= whole);
    }
    slices
}

fn depth(what: What) -> u8 {
    match what {
        What::Wait | What::Turn | What::Job => 0,
        What::Serve => 1,
        What::Phase(_) => 2,
    }
}

/// Appends an event, with what must come before it.
fn event(line: &mut String, slice: &Slice, pid: u32, trace: &Trace) -> fmt::Result {
    let tid = tid(slice.track);
    let (start, length) = (slice.start.0 as i64, slice.end.since(slice.start));
    write!(
        line,
        ",\n{{\"ph\":\"X\",\"pid\":{pid},\"tid\":{tid},\"ts\":"
    )?;
    microseconds(line, (trace.zero + start).unsigned_abs())?;
    line.push_str(",\"dur\":");
    microseconds(line, length)?;
    let remote = slice.remote.map(|remote| match remote {
        Remote::Address(from) => from.to_string(),
        Remote::Neighbour(id) => {
            let name = trace.neighbours.get(id.index());
            name.map_or("a neighbour", |name| name).to_string()
        }
    });
    let name = match (slice.what, &remote) {
        (What::Turn, _) => "turn",
        (What::Wait, _) => "wait",
        (What::Serve, Some(remote)) => &format!("serve {remote}"),
        (What::Serve, None) => "serve",
        (What::Phase(phase), _) => of_phase(phase),
        (What::Job, _) => of_job(slice.track),
    };
    write!(line, ",\"name\":{},\"args\":{{", Value::from(name))?;
    if let Some(remote) = remote {
        let (remote, bytes) = (Value::from(remote), slice.bytes);
        write!(line, "\"connection\":{remote},\"bytes\":{bytes}")?;
    }
    match slice.what {
        What::Turn => write!(line, "\"events\":{}", slice.count)?,
        What::Serve if slice.remote.is_some() => write!(line, ",\"lines\":{}", slice.count)?,
        _ => {}
    }
    line.push_str("}}");
    Ok(())
}

/// The unit of the format. The fraction is exact.
fn microseconds(line: &mut String, nanoseconds: u64) -> fmt::Result {
    write!(line, "{}.{:03}", nanoseconds / 1_000, nanoseconds % 1_000)
}

fn of_phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Read => "read",
        Phase::Node => "node",
        Phase::Journal => "journal",
        Phase::Flush => "flush",
        Phase::Log => "log",
    }
}

fn of_job(track: Track) -> &'static str {
    match track {
        Track::Places(_) => "lookup",
        Track::Merge => "merge",
        Track::Journal | Track::Loop => "disk",
    }
}

/// All tracks, from top to bottom.
fn tracks() -> impl Iterator<Item = Track> {
    let places = (1..=LIMITS.workers as u8).map(Track::Places);
    let ends = [Track::Journal, Track::Merge];
    [Track::Loop].into_iter().chain(places).chain(ends)
}

fn tid(track: Track) -> usize {
    match track {
        Track::Loop => 1,
        Track::Places(number) => 1 + usize::from(number),
        Track::Journal => 2 + LIMITS.workers,
        Track::Merge => 3 + LIMITS.workers,
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Track::Loop => f.write_str("loop"),
            Track::Places(number) => write!(f, "places-{number}"),
            Track::Journal => f.write_str("journal-1"),
            Track::Merge => f.write_str("merge-1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Mono, PeerId};

    /// The JSON of a ring with `max` places that has seen this number of turns.
    fn json(max: usize, turns: u64) -> Value {
        let mut slices = Slices::new(max);
        for turn in 0..turns {
            let at = |us: u64| Mono(turn * 100_000 + us * 1_000 + 1);
            slices.wait(at(0), at(10));
            slices.begin_serving(Some(Remote::Neighbour(PeerId(1))), at(10), turn);
            slices.phase(Phase::Node, at(10), at(10));
            slices.carry(Some(Remote::Neighbour(PeerId(1))), 70);
            slices.phase(Phase::Read, at(10), at(12));
            slices.phase(Phase::Node, at(12), at(14));
            slices.end_serving(at(14), 70, turn + 1);
            slices.phase(Phase::Log, at(14), at(20));
            slices.turn(at(10), at(20), 3);
        }
        let trace = Trace {
            recording: slices.take(None),
            neighbours: vec!["A".into(), "B \"the\" second".into()],
            zero: 5_000_000,
        };
        let mut text = Vec::new();
        write_json(&mut text, &trace, "Goloman").unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn events_are_what_viewers_expect() {
        let all = json(100, 1);
        let events = all["traceEvents"].as_array().unwrap();
        assert_eq!(events[0]["args"]["name"], "herd Goloman");
        let slices: Vec<&Value> = events.iter().filter(|it| it["ph"] == "X").collect();
        let names: Vec<&str> = slices
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        // Each before those that are within it.
        let serve = "serve B \"the\" second";
        assert_eq!(
            names,
            ["wait", "turn", serve, "node", "read", "node", "log"]
        );
        assert_eq!(
            (&slices[1]["ts"], &slices[1]["dur"]),
            (&5010.001.into(), &10.0.into())
        );
        assert_eq!(slices[1]["args"]["events"], 3);
        let args = &slices[2]["args"];
        assert_eq!((&args["lines"], &args["bytes"]), (&1.into(), &70.into()));
        assert_eq!(slices[4]["args"]["connection"], "B \"the\" second");
    }

    #[test]
    fn the_oldest_turn_is_left_out_if_it_is_not_whole() {
        // Seven slices a turn: 20 places hold two turns, and a third one without its wait.
        let all = json(20, 1_000);
        assert_eq!(all["otherData"]["older slices that were dropped"], 6_980);
        let events = all["traceEvents"].as_array().unwrap();
        let count = |name: &str| events.iter().filter(|it| it["name"] == name).count();
        assert_eq!([count("wait"), count("turn"), count("log")], [2, 2, 2]);
    }

    #[test]
    fn each_track_has_a_number_and_a_name_of_its_own() {
        let mut names: Vec<_> = tracks().map(|it| (tid(it), it.to_string())).collect();
        assert_eq!(names.len(), 3 + LIMITS.workers);
        assert!((1..=names.len()).eq(names.iter().map(|(tid, _)| *tid)));
        names.dedup_by(|one, other| one.1 == other.1);
        assert_eq!(names.len(), 3 + LIMITS.workers);
    }
}
