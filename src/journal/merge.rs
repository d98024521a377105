//! Several closed segments become one, with the newest report of each client.
//!
//! A pass over the segments collects the clients that come next in the order of their names, as
//! many as a limit of memory allows; so any number of clients is merged with bounded memory, and
//! with as few passes as that takes. (A hash that divides the clients would bound nothing, for the
//! clients choose their names.)
//!
//! Clients that move often fill a segment with lines of which nearly all are outdated. So segments
//! are read from their ends, a buffer at a time, until the server's table of the moment at which
//! the last one was closed is found: as many records, and the same sum of their hashes. That is
//! proof whatever the order of the lines is. Lines that are left unread are outdated; if they are
//! damaged, nothing is lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::newest::Newest;
use super::place::{MERGING, Place, Segment, remove};
use super::replay::read;
use crate::limits::Limits;
use crate::wire::{Position, journal_line};

/// Merges closed segments into the last of them, and removes the others. Between any two
/// steps a start finds every line. `table` has all clients of the segments, if it is known. In the
/// result `bad` counts the damaged lines that are left out; none if all of the table was found.
///
/// The segments are read through the files that are open already: that takes no descriptor, and
/// works even if somebody has removed their names.
pub(super) fn merge(
    place: &Place,
    closed: &BTreeMap<u64, Segment>,
    mut table: Option<Position>,
    limits: &Limits,
) -> io::Result<Segment> {
    let path = place.beside(MERGING);
    let mut segment = place.create(&path)?;
    let mut out = BufWriter::new(&*segment.file);
    let (mut text, mut from) = (Vec::new(), Some(Vec::new()));
    while let Some(first) = from {
        let mut pass = Pass {
            path: &path,
            table: table.take(),
            slice: limits.journal_line as u64,
            newest: Newest::new(first, limits.journal_merge),
        };
        segment.bad = pass.read(closed);
        for line in pass.newest.lines() {
            text.clear();
            journal_line::push(&mut text, line);
            out.write_all(&text)?;
            segment.bytes += text.len() as u64;
            segment.lines += 1;
        }
        from = pass.newest.until;
    }
    out.flush()?;
    drop(out);
    segment.file.sync_all()?;
    let mut numbers = closed.keys().rev();
    if let Some(last) = numbers.next() {
        fs::rename(&path, place.beside(last))?;
        place.sync_directory()?;
    }
    for number in numbers {
        // One that stays is merged again after the next start.
        let _ = remove(&place.beside(number));
    }
    Ok(segment)
}

/// One pass over the segments.
struct Pass<'a> {
    path: &'a Path,
    /// Once these records are found, the rest need not be read. A later pass cannot find them.
    table: Option<Position>,
    slice: u64,
    newest: Newest,
}

impl Pass<'_> {
    /// Takes in the segments, and returns how many lines are damaged; all if one cannot be read.
    /// The log does not name them: it did at the start, or the node will tell them again.
    ///
    /// The first segment is what was merged before: it has clients that have not moved since. With
    /// it, the newest lines of the others complete the table.
    fn read(&mut self, closed: &BTreeMap<u64, Segment>) -> u64 {
        let (mut bad, mut segments) = (0u64, closed.values());
        let first = segments.next().into_iter();
        for segment in first.chain(segments.rev()) {
            let count = self.read_back(&segment.file).unwrap_or(u64::MAX);
            bad = bad.saturating_add(count);
        }
        if self.is_complete() { 0 } else { bad }
    }

    /// Takes in a segment from its end, as far as is needed. `None`: it cannot be read.
    fn read_back(&mut self, mut file: &File) -> Option<u64> {
        let (mut bad, mut end) = (0, file.metadata().ok()?.len());
        while end > 0 && !self.is_complete() {
            let start = self.slice_start(file, end).ok()?;
            file.seek(SeekFrom::Start(start)).ok()?;
            let slice = file.take(end - start);
            let content = read(self.path, b"", slice, &mut self.newest).ok()?;
            bad += content.bad;
            end = start;
        }
        Some(bad)
    }

    /// Where the slice that ends at `end` begins: behind an LF. If there is none to cut at, the
    /// rest of the segment is one slice.
    fn slice_start(&self, mut file: &File, end: u64) -> io::Result<u64> {
        let Some(start) = end.checked_sub(self.slice) else {
            return Ok(0);
        };
        file.seek(SeekFrom::Start(start))?;
        let skipped = BufReader::new(file.take(self.slice)).skip_until(b'\n')? as u64;
        let is_cut = skipped < self.slice;
        Ok(if is_cut { start + skipped } else { 0 })
    }

    fn is_complete(&self) -> bool {
        (self.table.as_ref()).is_some_and(|table| self.newest.equals(table))
    }
}

#[cfg(test)]
mod tests {
    use arbtest::arbitrary::{self, Unstructured};

    use super::*;
    use crate::journal::replay::Checked;
    use crate::journal::tests::{HEAD, Place, UNKNOWN, at, lines, table, work};
    use crate::node::JournalEvent;
    use crate::units::Mono;
    use crate::wire::Report;

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

    /// The newest lines of all segments, read from start to end, and the table that they are.
    fn naive(segments: &[Vec<u8>]) -> (Vec<String>, Position) {
        let place = Place::new();
        for (number, segment) in (1..).zip(segments) {
            place.write(&format!(".{number}"), segment);
        }
        let mut newest = BTreeMap::<Vec<u8>, String>::new();
        for text in place.open().unwrap().1 {
            let report = Report::parse(text.as_bytes()).unwrap();
            let known = newest.get(report.client);
            let known = known.and_then(|known| Report::parse(known.as_bytes()));
            if known.is_none_or(|known| known.rank() < report.rank()) {
                newest.insert(report.client.to_vec(), text.clone());
            }
        }
        let texts: Vec<&str> = newest.values().map(String::as_str).collect();
        let table = table(&texts);
        (newest.into_values().collect(), table)
    }

    fn segment(u: &mut Unstructured, number: u64) -> arbitrary::Result<Vec<u8>> {
        let mut segment = lines(&[HEAD]);
        for _ in 0..u.int_in_range(0..=30)? {
            let (server, client) = (u.choose(&["A", "B"])?, u.choose(&["a", "b", "bb", "c"])?);
            let (place, time) = (u.choose(&["+1+1", "+1-1"])?, u.choose(&["1", "1.0", "2"])?);
            let text = format!("AT {server} +0.00000000{number} {client} {place} {time}");
            segment.extend(lines(&[&text]));
        }
        Ok(segment)
    }

    /// Flips bits behind the first line, or cuts the end off.
    fn damage(u: &mut Unstructured, segment: &mut Vec<u8>) -> arbitrary::Result<()> {
        let head = lines(&[HEAD]).len();
        for _ in 0..u.int_in_range(0..=3)? {
            if segment.len() > head {
                let at = u.int_in_range(head..=segment.len() - 1)?;
                segment[at] ^= 1 << u.int_in_range(0..=7)?;
            }
        }
        if u.ratio(1, 4)? {
            segment.truncate(u.int_in_range(head..=segment.len())?);
        }
        Ok(())
    }

    /// Random segments, some damaged since they were opened, are merged as if they were read from
    /// start to end: in slices of any length, with so little memory that it takes many passes, and
    /// whether or not the table is known, as it is or as it was before the damage.
    #[test]
    fn a_merge_keeps_what_a_node_would_keep() {
        arbtest::arbtest(|u| {
            let place = Place::new();
            let mut segments = Vec::new();
            let count = u.int_in_range(1..=4)?;
            for number in 1..=count {
                segments.push(segment(u, number)?);
                place.write(&format!(".{number}"), segments.last().unwrap());
            }
            let (files, _) = place.open().unwrap();
            let (_, whole) = naive(&segments);
            for (number, segment) in (1..).zip(&mut segments) {
                if u.ratio(1, 3)? {
                    damage(u, segment)?;
                    place.write(&format!(".{number}"), segment);
                }
            }
            let (want, now) = naive(&segments);
            let table = *u.choose(&[None, Some(whole), Some(now), Some(UNKNOWN)])?;
            let limits = Limits {
                journal_merge: u.int_in_range(0..=1000)?,
                journal_line: u.int_in_range(1..=500)?,
                ..Limits::PRODUCT
            };
            let bad = |(number, segment): (u64, &Vec<u8>)| {
                let path = place.0.join(format!("A.herd.{number}"));
                read(&path, b"", &segment[..], &mut Checked).unwrap().bad
            };
            let bad: u64 = (1..).zip(&segments).map(bad).sum();
            let merged = merge(&files.place, &files.closed, table, &limits).unwrap();
            let texts: Vec<&str> = want.iter().map(String::as_str).collect();
            let text = lines(&[&[HEAD], &texts[..]].concat());
            assert_eq!(place.read(&format!(".{count}")), text);
            let size = (merged.bytes, merged.lines);
            assert_eq!(size, (text.len() as u64, want.len() as u64));
            // Damage is told unless nothing is lost by it, which is known if the table is.
            match table {
                Some(table) if table == now && merged.bad != bad => assert_eq!(merged.bad, 0),
                _ => assert_eq!(merged.bad, bad),
            }
            assert_eq!(place.endings(), ["".to_string(), format!(".{count}")]);
            Ok(())
        });
    }

    /// Below the slice that completes the table nothing is read: it may be damaged.
    #[test]
    fn outdated_lines_are_not_read() {
        let (new, cold) = (at("kiwi", 2), at("lime", 1));
        let place = Place::new();
        let mut middle = lines(&[HEAD]);
        middle.extend(vec![b'#'; 1000]);
        middle.push(b'\n');
        middle.extend(lines(&[&new]));
        place.write(".1", &lines(&[HEAD, &at("kiwi", 1), &cold]));
        place.write(".2", &middle);
        let (files, _) = place.open().unwrap();
        let limits = Limits {
            journal_line: lines(&[&new]).len() + 1,
            ..Limits::PRODUCT
        };
        let mut pass = Pass {
            path: &place.file(),
            table: Some(table(&[&new, &cold])),
            slice: limits.journal_line as u64,
            newest: Newest::new(Vec::new(), limits.journal_merge),
        };
        assert_eq!(pass.read_back(&files.closed[&1].file), Some(0));
        assert_eq!(pass.read_back(&files.closed[&2].file), Some(0));
        assert!(pass.newest.lines().eq([new.as_bytes(), cold.as_bytes()]));
        let merged = merge(&files.place, &files.closed, None, &limits).unwrap();
        assert_eq!((merged.lines, merged.bad), (2, 1));
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
