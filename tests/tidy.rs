//! The house rules that a compiler does not know: who may use whom, which words belong in which
//! room, how large a room may be, and what stands in the top level.

#![allow(clippy::unwrap_used)] // A test that cannot read its files fails, and says where.

use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms that it may use. `places` may use only the two types that it shares with
/// the node.
const EDGES: [(&str, &[&str]); 17] = [
    ("units", &[]),
    ("limits", &["units"]),
    ("wire", &["units", "limits"]),
    ("buffers", &["units"]),
    ("node", &["units", "limits", "wire", "buffers"]),
    ("places", &["limits", "node", "wire"]),
    ("journal", &["limits", "node"]),
    (
        "reactor",
        &["units", "limits", "node", "places", "journal", "logging"],
    ),
    ("topology", &["limits"]),
    ("logging", &["units", "limits"]),
    ("terminal", &[]),
    (
        "up",
        &[
            "units", "limits", "buffers", "reactor", "topology", "terminal",
        ],
    ),
    (
        "status",
        &["units", "limits", "node", "reactor", "topology", "terminal"],
    ),
    (
        "load",
        &["units", "limits", "wire", "buffers", "reactor", "terminal"],
    ),
    (
        "cli",
        &[
            "units", "limits", "node", "places", "journal", "reactor", "topology", "logging",
            "terminal", "up", "status", "load",
        ],
    ),
    ("guide", &[]),
    ("main", &["cli"]),
];

/// Rooms without I/O, and what they never mention.
const PURE: [&str; 5] = ["units", "limits", "wire", "buffers", "node"];
/// Files likewise, in a room that has I/O elsewhere.
const PURE_FILES: [&str; 5] = [
    "src/load/verify.rs",
    "src/load/conn.rs",
    "src/load/stats.rs",
    "src/load/workload.rs",
    "src/status/dialogue.rs",
];
const IMPURE_WORDS: [&str; 13] = [
    "mio::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::io",
    "std::thread",
    "Instant",
    "SystemTime",
    "log::",
    "std::fs",
    "std::env",
    "println!",
    "sleep(",
];

/// Words that belong in one room, or one file, alone.
const OWNED_WORDS: [(&str, &[&str]); 7] = [
    ("Instant", &["reactor/clock.rs"]),
    ("SystemTime", &["reactor/clock.rs"]),
    // Workers that look places up, resolve names or wait for a disk; and getaddrinfo(3).
    ("thread::", &["reactor/pool.rs", "status/client.rs"]),
    ("ureq::", &["places/"]),
    (
        "mio::",
        &[
            "reactor/",
            "load/run.rs",
            "status/call.rs",
            "status/client.rs",
            "up/child.rs",
            "up/children.rs",
        ],
    ),
    ("simplelog", &["logging.rs"]),
    ("getopts", &["cli/"]),
];

const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "tests",
    "topology.txt",
    "Makefile",
    "README.md",
    "target",
    "run",
];

const RUN_TIME_CRATES: [&str; 14] = [
    "getopts",
    "hashbrown",
    "hdrhistogram",
    "log",
    "memchr",
    "mio",
    "ring",
    "serde_json",
    "signal-hook",
    "simplelog",
    "slab",
    "socket2",
    "ureq",
    "xxhash-rust",
];

const FILE_LINES_MAX: usize = 401;
const FUNCTION_LINES_MAX: usize = 80;
const COLUMNS_MAX: usize = 100;

/// A source file: its path below the package, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The room that it belongs to; none outside `src`.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split(['/', '.']).next().unwrap())
    }

    /// Its lines with their numbers, comments and the unit tests at its end left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        lines
            .take_while(|(_, line)| *line != "#[cfg(test)]")
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files of `src` and `tests`.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![top().join("src"), top().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path
                    .strip_prefix(top())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_string();
                found.push(Source { path, text });
            }
        }
    }
    assert!(
        found.len() > 40,
        "the sources are not where they are looked for"
    );
    found
}

/// Fails with everything that is wrong, a line each.
fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room().filter(|room| *room != "lib") else {
            continue;
        };
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: a room that the table of edges does not list",
                source.path
            ));
            continue;
        };
        for (number, line) in source.code() {
            for prefix in ["crate::", "herd::"] {
                for (at, _) in line.match_indices(prefix) {
                    let used = line[at + prefix.len()..].split(|c: char| !c.is_alphanumeric());
                    let used = used.into_iter().next().unwrap();
                    if used != room && !allowed.contains(&used) {
                        wrong.push(format!("{}:{number}: {room} uses {used}", source.path));
                    }
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn places_uses_little_of_the_node() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.room() != Some("places") {
            continue;
        }
        for (number, line) in source.code() {
            let shared = ["Query", "LookupError"];
            if line.contains("crate::node") && !shared.iter().any(|name| line.contains(name)) {
                wrong.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    report(wrong);
}

#[test]
fn pure_rooms_touch_no_socket_clock_thread_or_log() {
    let mut wrong = Vec::new();
    for source in sources() {
        let in_pure_room = source.room().is_some_and(|room| PURE.contains(&room));
        if !in_pure_room && !PURE_FILES.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.code() {
            for word in IMPURE_WORDS.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    report(wrong);
}

#[test]
fn some_words_have_one_home() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(inside) = source.path.strip_prefix("src/") else {
            continue;
        };
        for (number, line) in source.code() {
            for (word, homes) in OWNED_WORDS {
                if line.contains(word) && !homes.iter().any(|home| inside.starts_with(home)) {
                    wrong.push(format!("{}:{number}: {word}", source.path));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn rooms_are_small_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for source in sources() {
        let count = source.text.lines().count();
        if count > FILE_LINES_MAX {
            wrong.push(format!("{}: {count} lines", source.path));
        }
        if !source.text.starts_with("//!") {
            wrong.push(format!("{}: does not begin with what it is", source.path));
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                wrong.push(format!("{}:{}: too wide", source.path, index + 1));
            }
        }
        // A test may be a long table.
        let in_src = source.room().is_some();
        for (start, count) in functions(&source.text) {
            if in_src && count > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{}:{start}: a function of {count} lines",
                    source.path
                ));
            }
        }
    }
    report(wrong);
}

/// First line and length of each function: from `fn` to the brace in the same column.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line
            .trim_start()
            .trim_start_matches("pub(super) ")
            .trim_start_matches("pub ");
        if words.starts_with("fn ") && !line.ends_with(';') && !line.ends_with('}') {
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[index..].iter().position(|line| *line == end);
            found.push((index + 1, length.map_or(0, |length| length + 1)));
        }
    }
    found
}

#[test]
fn nothing_is_left_open() {
    // Put together here, so that this file does not find itself.
    let open = ["TO", "FIX", "XX", "todo", "unimplemented", "dbg"];
    let words = ["DO", "ME", "X", "!", "!", "!("];
    let words: Vec<String> = open
        .iter()
        .zip(words)
        .map(|(start, end)| format!("{start}{end}"))
        .collect();
    let mut wrong = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    report(wrong);
}

#[test]
fn the_top_level_is_what_it_is_meant_to_be() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(top()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()) {
            wrong.push(name);
        }
    }
    report(wrong);
}

#[test]
fn no_crate_comes_in_unnoticed() {
    let manifest = fs::read_to_string(top().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
    let (section, _) = rest.split_once("\n\n").unwrap();
    let found: Vec<&str> = section
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(found, RUN_TIME_CRATES);
}
