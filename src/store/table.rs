//! The newest report of each client under a total order, so that every order and repetition of
//! arrival ends in byte-identical tables.

use std::cmp::Ordering;

use super::digests::TableDigests;
use super::index::Index;
use crate::limits::Limit;
use crate::units::Wall;
use crate::wire::{Location, Report, Scope, Sums, bucket, checksum};

/// Clients that are looked up together: the processor has not many more reads of memory under way
/// at once. It bounds nothing.
pub const TOGETHER: usize = 16;

/// The newest report of each client.
#[derive(Debug)]
pub struct Table {
    records: Vec<Record>,
    index: Index,
    digests: TableDigests,
    /// The length of all lines.
    bytes: usize,
    records_max: usize,
    bytes_max: usize,
    /// The line that is being offered.
    line: Vec<u8>,
}

/// The result of offering a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is now the newest of its client, in that slot.
    Accepted(u32),
    /// The slot holds just this report.
    Duplicate(u32),
    /// A newer one is known.
    Older,
    /// That limit of the table keeps it out.
    Full(Limit),
}

/// The newest report of one client.
#[derive(Debug)]
pub struct Record {
    /// The AT line, LF included, as it is sent.
    line: Box<[u8]>,
    /// The client's time by value.
    time: Wall,
    /// Its part of the digest.
    hash: u64,
    /// Where the difference, the client, the location and the time begin in the line.
    starts: [u16; 4],
}

impl Table {
    /// An empty table of at most `records_max` clients whose lines have at most `bytes_max` bytes.
    pub fn new(records_max: usize, bytes_max: usize) -> Table {
        Table {
            records: Vec::new(),
            index: Index::new(),
            digests: TableDigests::new(),
            bytes: 0,
            records_max,
            bytes_max,
            line: Vec::new(),
        }
    }

    /// Takes a report if it is newer than what is known. If the client itself reports
    /// (`by_client`), the same place at the same time is nothing new, whichever server heard it
    /// first.
    pub fn offer(&mut self, report: &Report<'_>, by_client: bool) -> Offered {
        let tag = self.index.tag(report.client);
        let known = self.find_tagged(tag, report.client);
        let mut bytes = self.bytes + report.line_len();
        if let Some(slot) = known {
            let record = &self.records[slot as usize];
            match record.order(report) {
                _ if by_client && record.repeats(report) => return Offered::Duplicate(slot),
                Ordering::Greater => return Offered::Older,
                Ordering::Equal => return Offered::Duplicate(slot),
                Ordering::Less => bytes -= record.line.len(),
            }
        } else if self.records.len() == self.records_max {
            return Offered::Full(Limit::records);
        }
        if bytes > self.bytes_max && bytes > self.bytes {
            return Offered::Full(Limit::record_bytes);
        }
        self.bytes = bytes;
        self.line.clear();
        report.push(&mut self.line);
        let hash = checksum(&self.line[..self.line.len() - 1]);
        let bucket = bucket(report.client);
        let slot = match known {
            Some(slot) => {
                let record = &mut self.records[slot as usize];
                self.digests.replace(bucket, record.hash, hash);
                record.replace(report, &self.line, hash);
                slot
            }
            None => {
                self.digests.replace(bucket, 0, hash);
                let slot = self.records.len() as u32;
                self.records.push(Record::new(report, &self.line, hash));
                self.index.add(tag, slot);
                slot
            }
        };
        Offered::Accepted(slot)
    }

    /// The slot of a client.
    pub fn find(&self, client: &[u8]) -> Option<u32> {
        self.find_tagged(self.index.tag(client), client)
    }

    fn find_tagged(&self, tag: u32, client: &[u8]) -> Option<u32> {
        let is_its = |slot| self.records[slot as usize].client() == client;
        self.index.find(tag, is_its)
    }

    /// The record in a slot.
    pub fn record(&self, slot: u32) -> &Record {
        &self.records[slot as usize]
    }

    /// The slots that several clients probably have: no name is compared. Each step is done for
    /// all before the next one, so that their reads of memory overlap.
    pub fn look_up<'a>(&self, clients: impl Iterator<Item = &'a [u8]>) -> [Option<u32>; TOGETHER] {
        let mut tags = [None; TOGETHER];
        for (tag, client) in tags.iter_mut().zip(clients) {
            *tag = Some(self.index.tag(client));
        }
        tags.map(|tag| self.index.find(tag?, |_| true))
    }

    /// Reads the memory that a change of the client in a slot needs, and makes a number of it.
    pub fn glance(&self, slot: u32) -> u64 {
        let Record { line, hash, .. } = &self.records[slot as usize];
        hash ^ u64::from(line[0]) ^ u64::from(line[line.len() - 1])
    }

    /// The location of the client in a slot.
    pub fn location(&self, slot: u32) -> Location<'_> {
        let text = self.records[slot as usize].location();
        Location::parse(text).expect("a record was parsed before it was kept")
    }

    /// The number of clients that are known.
    pub fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// The length of all lines.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The sum of the records' hashes, whatever their order: equal tables have equal digests.
    pub fn digest(&self) -> u64 {
        self.digests.total()
    }

    /// The digests of parts of it.
    pub fn sums(&self, scope: Scope) -> Sums {
        self.digests.sums(scope)
    }

    /// Every AT line, in the order of their bytes: what two servers must have in common.
    pub fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = self.records.iter().map(|record| &record.line[..]).collect();
        lines.sort_unstable();
        lines
    }
}

impl Record {
    fn new(report: &Report<'_>, line: &[u8], hash: u64) -> Record {
        Record {
            line: line.into(),
            time: report.time.at,
            hash,
            starts: starts(report),
        }
    }

    /// Reuses the memory where the length is the same, as it mostly is.
    fn replace(&mut self, report: &Report<'_>, line: &[u8], hash: u64) {
        if self.line.len() == line.len() {
            self.line.copy_from_slice(line);
            self.time = report.time.at;
            self.hash = hash;
            self.starts = starts(report);
        } else {
            *self = Record::new(report, line, hash);
        }
    }

    /// The total order: time by value, location, server, difference, text of the time.
    fn order(&self, other: &Report<'_>) -> Ordering {
        self.time.cmp(&other.time.at).then_with(|| {
            let ours = [
                self.location(),
                self.server(),
                self.difference(),
                self.time_text(),
            ];
            let time = other.time.text;
            ours.cmp(&[other.location.text, other.server, other.difference, time])
        })
    }

    /// The same place at the same time.
    fn repeats(&self, other: &Report<'_>) -> bool {
        self.time == other.time.at && self.location() == other.location.text
    }

    /// The AT line, LF included.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The bucket of its client.
    pub fn bucket(&self) -> usize {
        bucket(self.client())
    }

    fn server(&self) -> &[u8] {
        &self.line["AT ".len()..usize::from(self.starts[0]) - 1]
    }

    fn difference(&self) -> &[u8] {
        self.field(0)
    }

    fn client(&self) -> &[u8] {
        self.field(1)
    }

    fn location(&self) -> &[u8] {
        self.field(2)
    }

    fn time_text(&self) -> &[u8] {
        &self.line[usize::from(self.starts[3])..self.line.len() - 1]
    }

    fn field(&self, number: usize) -> &[u8] {
        &self.line[usize::from(self.starts[number])..usize::from(self.starts[number + 1]) - 1]
    }
}

/// A line is at most 17 KiB and a few bytes long, so 16 bits point anywhere in it.
fn starts(report: &Report<'_>) -> [u16; 4] {
    let mut start = "AT ".len();
    [
        report.server,
        report.difference,
        report.client,
        report.location.text,
    ]
    .map(|field| {
        start += field.len() + 1;
        start as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(table: &mut Table, line: &str) -> Offered {
        table.offer(&Report::parse(line.as_bytes()).unwrap(), false)
    }

    #[test]
    fn a_client_that_repeats_itself_changes_nothing() {
        let mut table = Table::new(9, 999);
        offer(&mut table, "AT A +1.000000000 k +1+1 1");
        let again = Report::parse(b"AT B +2.000000000 k +1+1 1.0").unwrap();
        assert_eq!(table.offer(&again, true), Offered::Duplicate(0));
        assert_eq!(table.offer(&again, false), Offered::Accepted(0));
    }

    #[test]
    fn the_newest_wins_under_the_total_order() {
        // Each is newer than the one before.
        let lines = [
            "AT Z +9.000000000 k +9+9 1.999999998",
            "AT A -1.000000000 k -1-1 1.999999999",
            "AT A +1.000000000 k +1+1 2",
            "AT A +1.000000000 k +1+2 2",
            "AT B +1.000000000 k +1+2 2",
            "AT B +1.000000001 k +1+2 2",
            "AT B +1.000000001 k +1+2 2.0",
        ];
        // Text: '+' < '-', so -1-1 is not less than +1+1 as a location.
        for (place, newer) in lines.iter().enumerate() {
            for older in &lines[..place] {
                let (mut up, mut down) = (Table::new(9, 999), Table::new(9, 999));
                assert_eq!(offer(&mut up, older), Offered::Accepted(0));
                assert_eq!(
                    offer(&mut up, newer),
                    Offered::Accepted(0),
                    "{older} then {newer}"
                );
                assert_eq!(offer(&mut up, newer), Offered::Duplicate(0));
                assert_eq!(offer(&mut down, newer), Offered::Accepted(0));
                assert_eq!(
                    offer(&mut down, older),
                    Offered::Older,
                    "{newer} then {older}"
                );
                assert_eq!(up.lines(), down.lines());
                assert_eq!(up.digest(), down.digest());
            }
        }
    }

    #[test]
    fn the_digest_is_that_of_the_set() {
        let (mut one, mut other) = (Table::new(9, 999), Table::new(9, 999));
        offer(&mut one, "AT A +1.000000000 k +1+1 1");
        offer(&mut one, "AT A +1.000000000 longer.name +1+1 1");
        offer(&mut one, "AT A +1.000000000 k +1+1 2.000");
        offer(&mut other, "AT A +1.000000000 longer.name +1+1 1");
        assert_ne!(one.digest(), other.digest());
        offer(&mut other, "AT A +1.000000000 k +1+1 2.000");
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.lines(), other.lines());
        assert_eq!(one.count(), 2);
    }

    #[test]
    fn a_full_table_still_moves_whom_it_knows() {
        let mut table = Table::new(1, 999);
        assert_eq!(
            offer(&mut table, "AT A +1.000000000 k +1+1 1"),
            Offered::Accepted(0)
        );
        assert_eq!(
            offer(&mut table, "AT A +1.000000000 l +1+1 1"),
            Offered::Full(Limit::records)
        );
        assert_eq!(
            offer(&mut table, "AT A +1.000000000 k +1+1 20"),
            Offered::Accepted(0)
        );
        let slot = table.find(b"k").unwrap();
        assert_eq!(table.record(slot).line(), b"AT A +1.000000000 k +1+1 20\n");
        assert_eq!(table.find(b"l"), None);
    }

    #[test]
    fn several_clients_are_looked_up_together() {
        let mut table = Table::new(99, 9999);
        let names: Vec<String> = (0..2 * TOGETHER).map(|it| format!("k{it}")).collect();
        for name in &names {
            offer(&mut table, &format!("AT A +1.000000000 {name} +1+1 1"));
        }
        let clients = [&b"stranger"[..]].into_iter();
        let found = table.look_up(clients.chain(names.iter().map(String::as_bytes)));
        // A name that is not known may have the tag of another, but hardly ever has.
        assert!(found[1..].iter().copied().eq((0..15).map(Some)));
        assert_eq!(table.look_up(std::iter::empty()), [None; TOGETHER]);
        assert_ne!(table.glance(1), table.glance(2));
    }

    #[test]
    fn long_lines_fill_it_too() {
        let mut table = Table::new(9, 60);
        let (accepted, bytes) = (Offered::Accepted(0), Offered::Full(Limit::record_bytes));
        assert_eq!(offer(&mut table, "AT A +1.000000000 k +1+1 1"), accepted);
        let longer = "AT A +1.000000000 k +1.00000000000000000+1.00000000000000000000 3";
        assert_eq!(offer(&mut table, longer), bytes);
        assert_eq!(
            offer(&mut table, "AT A +1.000000000 l +1+1 1"),
            Offered::Accepted(1)
        );
        assert_eq!(offer(&mut table, "AT A +1.000000000 m +1+1 1"), bytes);
        // A known client still moves, as far as there is room.
        assert_eq!(offer(&mut table, "AT A +1.000000000 k +1+2 2"), accepted);
        assert_eq!(table.bytes, 2 * 27);
    }
}
