//! Any bytes as a topology.

use std::collections::BTreeSet;
use std::fmt::Write;

use herd::limits::Limits;
use herd::topology::Topology;

const LIMITS: Limits = Limits::PRODUCT;

/// Either a topology that keeps its promises, and is the same once it is written and read again;
/// or one short line that says what is wrong, and nothing in it acts on a terminal.
pub fn topology(bytes: &[u8]) {
    match Topology::parse("t.txt", bytes) {
        Ok(found) => {
            check(&found);
            let text = write(&found);
            // Written out, a file of the largest size may be too large.
            if text.len() <= LIMITS.topology_file {
                assert_eq!(Topology::parse("t.txt", text.as_bytes()), Ok(found));
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("t.txt:"), "{text}");
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.len() < 8 << 10, "{} bytes", text.len());
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)));
        }
    }
}

fn check(found: &Topology) {
    let count = found.servers.len();
    assert!((1..=LIMITS.servers).contains(&count));
    let names: BTreeSet<String> = (found.servers.iter())
        .map(|server| server.name.to_lowercase())
        .collect();
    assert_eq!(names.len(), count, "two share a name");
    let doors = found.servers.iter().flat_map(|server| {
        assert!(server.clients > 0 && server.servers != Some(0));
        [Some(server.clients_door()), server.servers_door()]
    });
    let doors: Vec<String> = doors.flatten().collect();
    let distinct: BTreeSet<&String> = doors.iter().collect();
    assert_eq!(distinct.len(), doors.len(), "two share a door");
    let mut edges = BTreeSet::new();
    for &(a, b) in &found.links {
        assert!(a != b && a.max(b) < count);
        assert!(edges.insert((a.min(b), a.max(b))), "an edge twice");
        assert!(!(found.servers[a].is_plain() && found.servers[b].is_plain()));
    }
    for index in 0..count {
        assert!(found.neighbours(index).count() <= LIMITS.neighbours);
        assert_eq!(found.find(&found.servers[index].name), Some(index));
    }
}

/// The file that says the same, links first.
fn write(topology: &Topology) -> String {
    let mut text = String::from("\u{feff}");
    for &(a, b) in &topology.links {
        let (a, b) = (&topology.servers[a].name, &topology.servers[b].name);
        writeln!(text, "link {a} {b}\r").unwrap();
    }
    for server in &topology.servers {
        let (name, host, clients) = (&server.name, &server.host, server.clients);
        write!(text, "server\t{name} {host} ").unwrap();
        match server.servers {
            Some(port) => writeln!(text, "servers={port} clients={clients} # both").unwrap(),
            None => writeln!(text, "plain clients={clients}").unwrap(),
        }
    }
    text
}
