//! Clients' lines and their answers, compared line by line; and what the table
//! must look like.

use std::collections::BTreeMap;

use herd::limits::Limits;
use herd::node::Node;
use herd::units::Wall;
use herd::wire::{Command, Report, push_echo};

use super::super::model;

/// All that is known of a run.
pub struct Transcript {
    limits: Limits,
    /// The least that the wall clock has said.
    earliest: Wall,
    /// Clients and the newest time of theirs that was answered with an AT line.
    acknowledged: BTreeMap<Vec<u8>, Wall>,
}

impl Transcript {
    /// Of a run that has not begun.
    pub fn new(limits: Limits) -> Transcript {
        Transcript {
            limits,
            earliest: Wall(i128::MAX),
            acknowledged: BTreeMap::new(),
        }
    }

    /// The wall clock says so.
    pub fn clock(&mut self, wall: Wall) {
        self.earliest = self.earliest.min(wall);
    }

    /// A client sent `heard`, and has `sent` in answer: one reply per line, in their order, right
    /// to the byte. A line that is too long is echoed in part, and is the last.
    pub fn check(&mut self, heard: &[u8], sent: &[u8]) {
        let mut rest = sent;
        for line in model::lines(heard) {
            let length = self.limits.client_line;
            if line.len() > length {
                let want = [b"? ", &line[..length], b"\n"].concat();
                assert_eq!(
                    rest.escape_ascii().to_string(),
                    want.escape_ascii().to_string()
                );
                return;
            }
            rest = &rest[self.reply_length(line, rest)..];
        }
        assert!(rest.is_empty(), "nobody asked for {}", rest.escape_ascii());
    }

    /// The length of the reply to `line` that `rest` must begin with.
    fn reply_length(&mut self, line: &[u8], rest: &[u8]) -> usize {
        let said = format!("{} after {}", rest.escape_ascii(), line.escape_ascii());
        let command = Command::parse(line).ok();
        if rest.starts_with(b"? ") {
            let mut echo = Vec::new();
            push_echo(&mut echo, line);
            assert!(rest.starts_with(&echo), "{said}");
            if let Some(Command::Iamat { time, .. }) = command {
                // The one reason besides a full table.
                let is_far = time.at - self.earliest > self.limits.clock_ahead;
                assert!(is_far || self.limits.records < 10, "{said}");
            }
            return echo.len();
        }
        let first = rest.split_inclusive(|byte| *byte == b'\n').next();
        let first = first.unwrap_or_else(|| panic!("no reply: {said}"));
        let report = Report::parse(first).unwrap_or_else(|| panic!("no AT line: {said}"));
        match command {
            Some(Command::Iamat {
                client,
                location,
                time,
            }) => {
                let want = (client, location.text, time.text);
                let got = (report.client, report.location.text, report.time.text);
                assert!(got == want && report.server == b"Goloman", "{said}");
                let newest = self.acknowledged.entry(client.to_vec()).or_insert(time.at);
                *newest = time.at.max(*newest);
                first.len()
            }
            Some(Command::Whatsat { client, .. }) => {
                assert_eq!(report.client, client, "{said}");
                let json = &rest[first.len()..];
                let end = json.windows(2).position(|two| two == b"\n\n");
                assert!(json.starts_with(b"{"), "{said}");
                first.len() + end.unwrap_or_else(|| panic!("no end: {said}")) + 2
            }
            None => panic!("{said}"),
        }
    }

    /// All that was acknowledged is in the table, or something newer is.
    pub fn check_acknowledged(&self, node: &Node) {
        let lines = node.inspect().lines();
        let reports = lines.iter().filter_map(|line| Report::parse(line));
        let known: BTreeMap<&[u8], Wall> = reports.map(|it| (it.client, it.time.at)).collect();
        for (client, time) in &self.acknowledged {
            let at = known.get(client.as_slice());
            let client = client.escape_ascii();
            assert!(at >= Some(time), "{client} was at {time}, not at {at:?}");
        }
    }
}

/// The table has each client once, in lines of the right form, and not too many.
pub fn check_table(node: &Node, limits: &Limits) {
    let lines = node.inspect().lines();
    assert!(lines.len() <= limits.records && lines.is_sorted());
    let mut clients: Vec<&[u8]> = Vec::with_capacity(lines.len());
    for line in lines {
        let report = Report::parse(line).expect("only reports get in");
        let mut again = Vec::new();
        report.push(&mut again);
        assert_eq!(again, line);
        clients.push(report.client);
    }
    clients.sort_unstable();
    assert!(clients.windows(2).all(|two| two[0] != two[1]));
}
