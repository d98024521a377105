//! Several closed segments become one, with the newest report of each client.
//!
//! A pass over the segments collects the clients that come next in the order of their names, as
//! many as a limit of memory allows; so any number of clients is merged with bounded memory, and
//! with as few passes as that takes. (A hash that divides the clients would bound nothing, for the
//! clients choose their names.)

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::place::{Place, remove, why};
use super::replay::Replay;
use super::segment::Segment;
use crate::limits::Limits;
use crate::node::{Lost, journal_line};
use crate::wire::Report;

/// A client's cost in a pass beside its name and its line, in bytes: a place in the map, and the
/// allocator's share of two pieces of memory.
const CLIENT_COST: usize = 128;

/// Merges closed segments into the last of them. Between any two steps a start finds every line.
/// In the result `bad` counts the damaged lines that were not known before.
///
/// The segments are read through the files that are open already: that takes no descriptor, and
/// works even if somebody has removed their names.
pub(super) fn merge(
    place: &Place,
    files: &[Arc<File>],
    numbers: &[u64],
    bad: u64,
) -> Result<Segment, String> {
    let path = place.merging();
    let merged = put_in_place(place, files, numbers, Limits::PRODUCT.journal_merge);
    if merged.is_err() {
        let _ = remove(&path);
    }
    let merged = merged.map_err(|error| why(&path, &error))?;
    Ok(Segment {
        bad: merged.bad.saturating_sub(bad),
        ..merged
    })
}

pub(super) fn put_in_place(
    place: &Place,
    files: &[Arc<File>],
    numbers: &[u64],
    memory: usize,
) -> io::Result<Segment> {
    let path = place.merging();
    let mut segment = place.create(&path)?;
    let mut out = BufWriter::new(&*segment.file);
    let (mut text, mut from) = (Vec::new(), Some(Vec::new()));
    while let Some(first) = from {
        let mut pass = Pass::new(first, memory);
        let bad = files.iter().map(|file| pass.read(&path, file));
        segment.bad = bad.fold(0, u64::saturating_add);
        for line in pass.newest.values() {
            text.clear();
            journal_line::push(&mut text, line);
            out.write_all(&text)?;
            segment.bytes += text.len() as u64;
            segment.lines += 1;
        }
        from = pass.until;
    }
    out.flush()?;
    drop(out);
    segment.file.sync_all()?;
    let [before @ .., last] = numbers else {
        return Err(io::Error::other("there is nothing to merge"));
    };
    fs::rename(&path, place.closed(*last))?;
    place.sync_directory()?;
    for number in before {
        // One that stays is merged again after the next start.
        let _ = remove(&place.closed(*number));
    }
    Ok(segment)
}

/// One pass over the segments.
pub(super) struct Pass {
    /// The least client that no pass before had.
    from: Vec<u8>,
    /// The first client that there was no room for; none: there was for all.
    pub(super) until: Option<Vec<u8>>,
    /// The line of each client between them.
    newest: BTreeMap<Vec<u8>, Box<[u8]>>,
    pub(super) bytes: usize,
    bytes_max: usize,
}

impl Pass {
    pub(super) fn new(from: Vec<u8>, bytes_max: usize) -> Pass {
        Pass {
            from,
            until: None,
            newest: BTreeMap::new(),
            bytes: 0,
            bytes_max,
        }
    }

    /// Takes in a segment, and returns how many of its lines are damaged; all if it cannot be read.
    /// The log does not name them: it did at the start, or the node will tell them again.
    pub(super) fn read(&mut self, path: &Path, mut file: &File) -> u64 {
        let replay = Replay::new(path, &[], 0, |line| self.take(line));
        let start = file.seek(SeekFrom::Start(0)).map_err(Into::into);
        let content = start.and_then(|_| replay.run(file, |_| Ok(())));
        content.map_or(u64::MAX, |content| content.bad)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
        let report = journal_line::parse(line)?;
        let client = report.client;
        if client < &self.from[..] || self.until.as_ref().is_some_and(|it| client >= &it[..]) {
            return Ok(());
        }
        let known = self.newest.get(client);
        if known.is_some_and(|line| !is_newer(&report, line)) {
            return Ok(());
        }
        let mut line = Vec::with_capacity(report.line_len());
        report.push(&mut line);
        self.bytes += line.len();
        match self.newest.insert(client.to_vec(), line.into()) {
            Some(before) => self.bytes -= before.len(),
            None => self.bytes += client.len() + CLIENT_COST,
        }
        // A single client always fits, or there would be no end.
        while self.bytes > self.bytes_max
            && self.newest.len() > 1
            && let Some((client, line)) = self.newest.pop_last()
        {
            self.bytes -= line.len() + client.len() + CLIENT_COST;
            self.until = Some(client);
        }
        Ok(())
    }
}

/// Whether a report is newer than the one in an AT line.
fn is_newer(report: &Report<'_>, line: &[u8]) -> bool {
    Report::parse(line).is_none_or(|known| report.rank() > known.rank())
}
