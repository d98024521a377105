//! Several closed segments become one, with the newest report of each client.
//!
//! A pass over the segments collects the clients that come next in the order of their names, as
//! many as a limit of memory allows; so any number of clients is merged with bounded memory, and
//! with as few passes as that takes. (A hash that divides the clients would bound nothing, for the
//! clients choose their names.)

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use super::place::{MERGING, Place, Segment, remove};
use super::replay::read;
use crate::node::{Lost, journal_line};
use crate::units::Wall;
use crate::wire::{Report, Time, fields};

/// A client's cost in a pass beside its name and its line, in bytes: a place in the map, and the
/// allocator's share of two pieces of memory.
const CLIENT_COST: usize = 128;

/// Merges closed segments into the one with this number, and removes the others. A pass has
/// `memory` bytes for its clients. Between any two steps a start finds every line. In the result
/// `bad` counts the damaged lines that are left out.
///
/// The segments are read through the files that are open already: that takes no descriptor, and
/// works even if somebody has removed their names.
pub(super) fn merge(
    place: &Place,
    files: &[Arc<File>],
    number: u64,
    others: &[u64],
    memory: usize,
) -> io::Result<Segment> {
    let path = place.beside(MERGING);
    let mut segment = place.create(&path)?;
    let mut out = BufWriter::new(&*segment.file);
    let (mut text, mut from) = (Vec::new(), Some(Vec::new()));
    while let Some(first) = from {
        let mut pass = Pass {
            from: first,
            bytes_max: memory,
            ..Pass::default()
        };
        let bad = files.iter().map(|file| pass.read(&path, file));
        segment.bad = bad.fold(0, u64::saturating_add);
        for newest in pass.newest.values() {
            text.clear();
            journal_line::push(&mut text, &newest.line);
            out.write_all(&text)?;
            segment.bytes += text.len() as u64;
            segment.lines += 1;
        }
        from = pass.until;
    }
    out.flush()?;
    drop(out);
    segment.file.sync_all()?;
    fs::rename(&path, place.beside(number))?;
    place.sync_directory()?;
    for number in others {
        // One that stays is merged again after the next start.
        let _ = remove(&place.beside(number));
    }
    Ok(segment)
}

/// One pass over the segments.
#[derive(Default)]
struct Pass {
    /// The least client that no pass before had.
    from: Vec<u8>,
    /// The first client that there was no room for; none: there was for all.
    until: Option<Vec<u8>>,
    /// The newest report of each client between them.
    newest: BTreeMap<Vec<u8>, Newest>,
    bytes: usize,
    bytes_max: usize,
}

/// The newest report of a client so far.
struct Newest {
    time: Wall,
    line: Vec<u8>,
}

impl Newest {
    /// Most reports of a client differ in their times; only others are parsed.
    fn is_older(&self, time: Wall, line: &[u8]) -> bool {
        let rank = |line| Report::parse(line).map(|report| report.rank());
        self.time < time || self.time == time && rank(&self.line) < rank(line)
    }
}

impl Pass {
    /// Takes in a segment, and returns how many of its lines are damaged; all if it cannot be read.
    /// The log does not name them: it did at the start, or the node will tell them again.
    fn read(&mut self, path: &Path, mut file: &File) -> u64 {
        let content = match file.rewind() {
            Ok(()) => read(path, b"", file, |line| self.take(line)),
            Err(error) => Err(error.into()),
        };
        content.map_or(u64::MAX, |content| content.bad)
    }

    /// Takes a line, of which just the client and the time are read: its checksum says that we
    /// wrote it.
    fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
        let line = journal_line::text(line).ok_or(Lost::Checksum)?;
        let mut fields = fields(line);
        let (client, time) = (fields.nth(3), fields.nth(1).and_then(Time::parse));
        let (client, time) = (client.ok_or(Lost::Garbage)?, time.ok_or(Lost::Garbage)?.at);
        let is_past = |until: &Vec<u8>| client >= &until[..];
        if client < &self.from[..] || self.until.as_ref().is_some_and(is_past) {
            return Ok(());
        }
        match self.newest.get_mut(client) {
            Some(known) if !known.is_older(time, line) => return Ok(()),
            Some(known) => {
                self.bytes = self.bytes + line.len() - known.line.len();
                known.time = time;
                known.line.clear();
                known.line.extend_from_slice(line);
            }
            None => {
                self.bytes += line.len() + client.len() + CLIENT_COST;
                let line = line.to_vec();
                self.newest.insert(client.to_vec(), Newest { time, line });
            }
        }
        // A single client always fits, or there would be no end.
        while self.bytes > self.bytes_max
            && self.newest.len() > 1
            && let Some((client, newest)) = self.newest.pop_last()
        {
            self.bytes -= newest.line.len() + client.len() + CLIENT_COST;
            self.until = Some(client);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{HEAD, Place, at, lines, work};
    use crate::limits::Limits;
    use crate::node::{Ack, Config, Fsync, JournalEvent, Node};
    use crate::units::Mono;

    #[test]
    fn what_cannot_be_merged_is_tried_again_later() {
        let place = Place::new();
        place.write(".1", &lines(&[HEAD, "AT 1"]));
        place.write(".2", &lines(&[HEAD, "AT 2"]));
        let (mut files, _) = place.open().unwrap();
        fs::create_dir(place.0.join("A.herd.merging")).unwrap();
        assert_eq!(work(&mut files), []);
        assert!(!files.size().compacting);
        assert_eq!(place.read(".1"), lines(&[HEAD, "AT 1"]));
        let later = Mono(Limits::PRODUCT.journal_merge_retry);
        assert!(files.next_job(Mono(later.0 - 1), 0).is_none());
        assert!(files.next_job(later, 0).is_some_and(|job| job.is_long()));
    }

    #[test]
    fn a_closed_segment_that_was_removed_is_merged_all_the_same() {
        let [kiwi, lime] = [at("kiwi", 1), at("lime", 1)];
        let place = Place::new();
        place.write(".1", &lines(&[HEAD, &kiwi]));
        place.write(".2", &lines(&[HEAD, &lime]));
        let (mut files, _) = place.open().unwrap();
        fs::remove_file(place.0.join("A.herd.1")).unwrap();
        assert_eq!(work(&mut files), []);
        assert_eq!(place.read(".2"), lines(&[HEAD, &kiwi, &lime]));
    }

    /// The lines of a node that replayed a file.
    fn known(text: &[u8]) -> Vec<Vec<u8>> {
        let mut node = Node::new(Config {
            name: "A".into(),
            run: 1,
            seed: 1,
            neighbours: vec![],
            ack: Ack::Local,
            journal: Some(Fsync::Off),
            secret: None,
            level: None,
            limits: Limits::default(),
        });
        for line in text.split(|byte| *byte == b'\n') {
            if !line.is_empty() && !line.starts_with(b"herd-journal ") {
                node.replay(line).unwrap();
            }
        }
        node.inspect()
            .lines()
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect()
    }

    /// Random segments, merged with so little memory that it takes many passes, hold what a node
    /// knows that replays all of them.
    #[test]
    fn a_merge_keeps_what_a_node_would_keep() {
        arbtest::arbtest(|u| {
            let place = Place::new();
            let mut all = Vec::new();
            let count = u.int_in_range(1..=4)?;
            for number in 1..=count {
                let mut segment = lines(&[HEAD]);
                for _ in 0..u.int_in_range(0..=30)? {
                    let (server, client) =
                        (u.choose(&["A", "B"])?, u.choose(&["a", "b", "bb", "c"])?);
                    let (place, time) =
                        (u.choose(&["+1+1", "+1-1"])?, u.choose(&["1", "1.0", "2"])?);
                    let text = format!("AT {server} +0.00000000{number} {client} {place} {time}");
                    segment.extend(lines(&[&text]));
                }
                place.write(&format!(".{number}"), &segment);
                all.extend(segment);
            }
            let (files, _) = place.open().unwrap();
            let segments: Vec<_> = files.closed.values().map(|it| it.file.clone()).collect();
            let others: Vec<u64> = (1..count).collect();
            let memory = u.int_in_range(0..=1000)?;
            let merged = merge(&files.place, &segments, count, &others, memory).unwrap();
            let text = place.read(&format!(".{count}"));
            let want = known(&all);
            assert_eq!(known(&text), want);
            let size = (merged.bytes, merged.lines, merged.bad);
            assert_eq!(size, (text.len() as u64, want.len() as u64, 0));
            assert_eq!(place.endings(), ["".to_string(), format!(".{count}")]);
            Ok(())
        });
    }

    #[test]
    fn a_merge_of_many_clients_takes_no_more_memory() {
        let clients: Vec<String> = (0..1000)
            .map(|number| at(&format!("k{number:03}"), 1))
            .collect();
        let texts: Vec<&str> = clients.iter().map(String::as_str).collect();
        let place = Place::new();
        place.write(".1", &lines(&[HEAD]));
        place.write(".2", &lines(&[&[HEAD], &texts[..]].concat()));
        let (mut files, _) = place.open().unwrap();
        let mut passes = 0;
        let mut from = Some(Vec::new());
        while let Some(first) = from {
            let mut pass = Pass {
                from: first,
                bytes_max: 20_000,
                ..Pass::default()
            };
            let bad = pass.read(&place.file(), &files.closed[&2].file);
            assert_eq!(bad, 0);
            assert!(pass.bytes <= 20_000);
            passes += 1;
            from = pass.until;
        }
        // Each takes some 170 bytes.
        assert!((8..=10).contains(&passes), "{passes}");
        let job = files.next_job(Mono(0), 0).unwrap();
        let merged = job.run().unwrap().unwrap();
        assert_eq!(merged.lines, 1000);
    }

    #[test]
    fn a_merge_leaves_damaged_lines_out() {
        let [kiwi, lime, lemon] = ["kiwi", "lime", "lemon"].map(|client| at(client, 1));
        let place = Place::new();
        let mut damaged = lines(&[HEAD, &kiwi, &lime, &lemon]);
        let end = lines(&[HEAD, &kiwi]).len();
        // An LF: nothing is lost. Then a digit of the last line.
        damaged[end - 1] ^= 4;
        let last = damaged.len() - 30;
        damaged[last] ^= 4;
        place.write(".1", &damaged);
        place.write(".2", &lines(&[HEAD]));
        let (mut files, texts) = place.open().unwrap();
        assert_eq!(
            (texts, files.bad_lines()),
            (vec![kiwi.clone(), lime.clone()], 2)
        );
        assert_eq!(
            work(&mut files),
            [],
            "it was named when the journal was opened"
        );
        assert_eq!(place.endings(), ["", ".2"]);
        assert_eq!(place.read(".2"), lines(&[HEAD, &kiwi, &lime]));
        assert_eq!((files.size().lines, files.bad_lines()), (2, 0));
    }

    /// The node knows the line that is lost, and tells it again.
    #[test]
    fn damage_that_a_merge_finds_is_told() {
        let [kiwi, lime] = ["kiwi", "lime"].map(|client| at(client, 1));
        let place = Place::new();
        place.write(".1", &lines(&[HEAD, &kiwi]));
        place.write(".2", &lines(&[HEAD, &lime]));
        let (mut files, _) = place.open().unwrap();
        let mut damaged = lines(&[HEAD, &kiwi]);
        let last = damaged.len() - 30;
        damaged[last] ^= 4;
        place.write(".1", &damaged);
        let events = work(&mut files);
        let want = "A.herd.2: something in it was damaged";
        assert!(
            matches!(&events[..], [JournalEvent::Lost(why)] if why.ends_with(want)),
            "{events:?}"
        );
        assert_eq!(place.read(".2"), lines(&[HEAD, &lime]));
    }
}
