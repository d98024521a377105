//! The newest reports of the clients that a pass of a merge collects.

use std::collections::BTreeMap;

use crate::node::{Lost, Replay};
use crate::units::Wall;
use crate::wire::{Position, Report, Time, checksum, fields, journal_line};

/// A client's cost beside its name and its line, in bytes: a place in the map, and the allocator's
/// share of two pieces of memory.
const CLIENT_COST: usize = 144;

/// The newest report of each client from one name up to another.
#[derive(Default)]
pub(super) struct Newest {
    /// The least client that belongs here.
    from: Vec<u8>,
    /// The first client that there was no room for, with which the next pass begins; none: there
    /// was for all.
    pub(super) until: Option<Vec<u8>>,
    reports: BTreeMap<Vec<u8>, Known>,
    /// The sum of the hashes of their lines.
    digest: u64,
    bytes: usize,
    bytes_max: usize,
}

/// The newest report of a client so far.
struct Known {
    time: Wall,
    hash: u64,
    line: Vec<u8>,
}

impl Known {
    /// Most reports of a client differ in their times; only others are parsed.
    fn is_older(&self, time: Wall, line: &[u8]) -> bool {
        let rank = |line| Report::parse(line).map(|report| report.rank());
        self.time < time || self.time == time && rank(&self.line) < rank(line)
    }
}

impl Newest {
    /// Has `bytes_max` bytes for the clients that are not before `from`.
    pub(super) fn new(from: Vec<u8>, bytes_max: usize) -> Newest {
        Newest {
            from,
            bytes_max,
            ..Newest::default()
        }
    }

    /// Whether these are the records of a table.
    pub(super) fn equals(&self, table: &Position) -> bool {
        let count = self.reports.len() as u64;
        self.until.is_none() && count == table.count && self.digest == table.digest
    }

    /// Their lines, in the order of the clients.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.reports.values().map(|known| &known.line[..])
    }
}

impl Replay for Newest {
    /// Just the client and the time are read: the line's checksum says that we wrote it.
    fn take(&mut self, line: &[u8]) -> Result<(), Lost> {
        let line = journal_line::text(line).ok_or(Lost::Checksum)?;
        let mut fields = fields(line);
        let (client, time) = (fields.nth(3), fields.nth(1).and_then(Time::parse));
        let (client, time) = (client.ok_or(Lost::Garbage)?, time.ok_or(Lost::Garbage)?.at);
        let is_past = |until: &Vec<u8>| client >= &until[..];
        if client < &self.from[..] || self.until.as_ref().is_some_and(is_past) {
            return Ok(());
        }
        let mut hash = checksum(line);
        match self.reports.get_mut(client) {
            Some(known) if !known.is_older(time, line) => return Ok(()),
            Some(known) => {
                self.bytes = self.bytes + line.len() - known.line.len();
                known.time = time;
                known.line.clear();
                known.line.extend_from_slice(line);
                let before = std::mem::replace(&mut known.hash, hash);
                hash = hash.wrapping_sub(before);
            }
            None => {
                self.bytes += line.len() + client.len() + CLIENT_COST;
                let line = line.to_vec();
                let known = Known { time, hash, line };
                self.reports.insert(client.to_vec(), known);
            }
        }
        self.digest = self.digest.wrapping_add(hash);
        // A single client always fits, or there would be no end.
        while self.bytes > self.bytes_max
            && self.reports.len() > 1
            && let Some((client, known)) = self.reports.pop_last()
        {
            self.bytes -= known.line.len() + client.len() + CLIENT_COST;
            self.digest = self.digest.wrapping_sub(known.hash);
            self.until = Some(client);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{at, lines, table};

    #[test]
    fn many_clients_take_no_more_memory() {
        let clients: Vec<String> = (0..1000)
            .map(|number| at(&format!("k{number:03}"), 1))
            .collect();
        let (mut passes, mut found) = (0, 0);
        let mut from = Some(Vec::new());
        while let Some(first) = from {
            let mut newest = Newest::new(first, 20_000);
            for client in &clients {
                let line = lines(&[client]);
                assert_eq!(newest.take(&line[..line.len() - 1]), Ok(()));
                assert!(newest.bytes <= 20_000);
            }
            passes += 1;
            found += newest.lines().count();
            from = newest.until;
        }
        // Each takes some 190 bytes.
        assert!((9..=11).contains(&passes), "{passes}");
        assert_eq!(found, 1000);
    }

    #[test]
    fn a_table_is_known_by_its_count_and_digest() {
        let texts = [at("kiwi", 1), at("lime", 1), at("kiwi", 2)];
        let (before, after) = (
            table(&[&texts[0], &texts[1]]),
            table(&[&texts[1], &texts[2]]),
        );
        let mut newest = Newest::new(Vec::new(), 1 << 20);
        let mut seen = Vec::new();
        for text in &texts {
            let line = lines(&[text]);
            newest.take(&line[..line.len() - 1]).unwrap();
            seen.push((newest.equals(&before), newest.equals(&after)));
        }
        assert_eq!(seen, [(false, false), (true, false), (false, true)]);
        assert!(!newest.equals(&Position { count: 3, ..after }));
    }
}
