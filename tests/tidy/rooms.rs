//! The rooms: the rooms that each may use, words with one home, and the top level.

use std::fs;

use crate::paths::mentioned;
use crate::source::{product, read, report, top};

/// Each room, and the rooms that it may use.
const EDGES: [(&str, &[&str]); 26] = [
    ("units", &[]),
    ("limits", &["units"]),
    ("wire", &["units", "limits"]),
    ("buffers", &["units"]),
    ("store", &["units", "limits", "wire"]),
    ("secret", &["limits", "wire"]),
    (
        "node",
        &["units", "limits", "wire", "buffers", "store", "secret"],
    ),
    ("places", &["limits", "node", "wire"]),
    ("holder", &[]),
    (
        "journal",
        &["units", "limits", "wire", "store", "node", "holder"],
    ),
    (
        "reactor",
        &[
            "units", "limits", "buffers", "secret", "node", "places", "journal", "logging",
        ],
    ),
    ("topology", &["limits"]),
    ("logging", &["units", "limits", "stdio"]),
    ("stdio", &["limits"]),
    ("terminal", &[]),
    (
        "up",
        &[
            "units", "limits", "buffers", "reactor", "topology", "terminal", "stdio", "holder",
            "journal",
        ],
    ),
    ("talk", &["units", "limits", "secret", "reactor"]),
    (
        "status",
        &[
            "units", "limits", "secret", "reactor", "topology", "terminal", "talk",
        ],
    ),
    (
        "watch",
        &[
            "units", "limits", "wire", "secret", "reactor", "topology", "talk",
        ],
    ),
    ("ask", &["units", "limits", "wire", "reactor", "terminal"]),
    ("trace", &["units", "limits", "wire", "terminal"]),
    (
        "load",
        &["units", "limits", "wire", "buffers", "reactor", "terminal"],
    ),
    (
        "web",
        &[
            "units", "limits", "wire", "buffers", "secret", "reactor", "topology", "status",
            "watch", "ask",
        ],
    ),
    (
        "cli",
        &[
            "units", "limits", "wire", "secret", "node", "places", "journal", "reactor",
            "topology", "logging", "terminal", "stdio", "holder", "up", "status", "watch", "ask",
            "trace", "load", "web",
        ],
    ),
    ("guide", &[]),
    ("main", &["cli"]),
];

/// The node's types that `places` may use.
const SHARED_WITH_PLACES: [&str; 3] = ["Query", "LookupError", "Refusal"];

/// Rooms without I/O, and the words that they never contain.
const PURE: [&str; 7] = [
    "units", "limits", "wire", "buffers", "secret", "store", "node",
];
/// Files without I/O in a room that has I/O elsewhere.
const PURE_FILES: [&str; 28] = [
    "src/ask/json.rs",
    "src/ask/line.rs",
    "src/load/verify.rs",
    "src/load/conn.rs",
    "src/load/stats.rs",
    "src/load/workload.rs",
    "src/status/dialogue.rs",
    "src/cli/watch/lines.rs",
    "src/cli/watch/pattern.rs",
    "src/watch/dialogue.rs",
    "src/trace/line.rs",
    "src/trace/clocks.rs",
    "src/trace/collect.rs",
    "src/trace/way.rs",
    "src/trace/words.rs",
    "src/trace/ladder.rs",
    "src/trace/svg.rs",
    "src/status/summary.rs",
    "src/web/http/conn.rs",
    "src/web/http/date.rs",
    "src/web/http/fields.rs",
    "src/web/http/output.rs",
    "src/web/http/request.rs",
    "src/web/http/response.rs",
    "src/web/command.rs",
    "src/web/guard.rs",
    "src/web/moves.rs",
    "src/web/page.rs",
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
const OWNED_WORDS: [(&str, &[&str]); 8] = [
    // The log says how long an index took to build.
    (
        "Instant",
        &["reactor/clock.rs", "places/offline.rs", "stdio.rs"],
    ),
    ("SystemTime", &["reactor/clock.rs"]),
    ("ureq::", &["places/"]),
    (
        "mio::",
        &[
            "reactor/",
            "load/run.rs",
            "status/client.rs",
            "talk/call.rs",
            "watch/",
            "up/child.rs",
            "up/children.rs",
            "web/connections.rs",
            "web/follower.rs",
            "web/server.rs",
        ],
    ),
    ("httparse", &["web/http/request.rs"]),
    // Workers that look places up or wait for a disk; getaddrinfo(3); a reader that does not read;
    // and the end of a long file.
    (
        "thread::",
        &["reactor/threads.rs", "stdio.rs", "logging/older.rs"],
    ),
    ("getopts", &["cli/"]),
    ("rustyline", &["ask/prompt.rs"]),
];

/// The top level, but for names that begin with a dot, those in .gitignore, and licences.
const TOP_LEVEL: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "tests",
    "topology.txt",
    "Makefile",
    "README.md",
];
/// The names of licences, as tools look for them; perhaps with more, as in `LICENSE-MIT`.
const LICENCES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

const RUN_TIME_CRATES: [&str; 22] = [
    "getopts",
    "hashbrown",
    "hdrhistogram",
    "httparse",
    "log",
    "memchr",
    "mio",
    "nix",
    "ring",
    "rstar",
    "rustix",
    "rustls",
    "rustls-native-certs",
    "rustyline",
    "sd-listen-fds",
    "serde_json",
    "signal-hook",
    "slab",
    "smallvec",
    "socket2",
    "ureq",
    "xxhash-rust",
];

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for source in product() {
        let Some(room) = source.room().filter(|room| *room != "lib") else {
            continue;
        };
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: the room {room} is not in EDGES of tests/tidy/rooms.rs; say there what it \
                 may use",
                source.path
            ));
            continue;
        };
        for path in mentioned(&source) {
            let used = path.get(1).map_or("", |room| room);
            seen += 1;
            if used != room && !allowed.contains(&used) {
                wrong.push(format!(
                    "{}: {room} uses {}, but EDGES of tests/tidy/rooms.rs does not let it use \
                     {used}",
                    source.path,
                    path.join("::")
                ));
            }
        }
    }
    assert!(seen > 200, "only {seen} paths were found");
    report(wrong);
}

#[test]
fn places_uses_little_of_the_node() {
    let mut wrong = Vec::new();
    for source in product()
        .iter()
        .filter(|source| source.room() == Some("places"))
    {
        for path in mentioned(source).iter().filter(|path| path[1] == "node") {
            if !path
                .get(2)
                .is_some_and(|name| SHARED_WITH_PLACES.contains(&&name[..]))
            {
                wrong.push(format!(
                    "{}: places may use {SHARED_WITH_PLACES:?} of the node, not {}",
                    source.path,
                    path.join("::")
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn pure_rooms_touch_no_socket_clock_thread_or_log() {
    let mut wrong = Vec::new();
    for source in product() {
        let in_pure_room = source.room().is_some_and(|room| PURE.contains(&room));
        if !in_pure_room && !PURE_FILES.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.lines() {
            for word in IMPURE_WORDS.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!(
                    "{}:{number}: {word} is I/O, and this file is pure; let its caller do that \
                     (PURE and PURE_FILES of tests/tidy/rooms.rs)",
                    source.path
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn pure_files_are_there() {
    let missing = PURE_FILES.iter().filter(|path| !top().join(path).exists());
    let missing =
        missing.map(|path| format!("{path}: not there; mend PURE_FILES of tests/tidy/rooms.rs"));
    report(missing.collect());
}

#[test]
fn some_words_have_one_home() {
    let mut wrong = Vec::new();
    for source in product() {
        let inside = source.path.trim_start_matches("src/");
        for (number, line) in source.lines() {
            for (word, homes) in OWNED_WORDS {
                if line.contains(word) && !homes.iter().any(|home| inside.starts_with(home)) {
                    let homes = homes.join(", ");
                    wrong.push(format!(
                        "{}:{number}: {word} belongs in {homes}; use what is there (OWNED_WORDS of \
                         tests/tidy/rooms.rs)",
                        source.path
                    ));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn the_top_level_is_what_it_is_meant_to_be() {
    let entries = fs::read_dir(top()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ignored = read(".gitignore");
    let wrong = names.filter(|name| !may_be_on_top(name, &ignored));
    let wrong = wrong.map(|name| {
        format!(
            "{name}: not in TOP_LEVEL of tests/tidy/rooms.rs; move it into src or tests, or, if it \
             is yours alone, add /{name} to .gitignore"
        )
    });
    report(wrong.collect());
}

fn may_be_on_top(name: &str, ignored: &str) -> bool {
    let mut ignored = ignored.lines().filter_map(|line| line.strip_prefix('/'));
    let is_licence = LICENCES.iter().any(|licence| {
        let rest = name.strip_prefix(licence);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    });
    name.starts_with('.')
        || TOP_LEVEL.contains(&name)
        || is_licence
        || ignored.any(|it| it.trim_end_matches('/') == name)
}

#[test]
fn licences_and_ignored_names_may_be_on_top() {
    for name in [
        "src",
        "LICENSE",
        "LICENSE-MIT",
        "COPYING.txt",
        "run",
        "secret",
        ".ci",
    ] {
        assert!(may_be_on_top(name, "/run/\n/secret\n"), "{name}");
    }
    for name in ["secret", "LICENSES", "docs"] {
        assert!(!may_be_on_top(name, "/run/\nsecret\n"), "{name}");
    }
}

#[test]
fn no_crate_comes_in_unnoticed() {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
    let (section, _) = rest.split_once("\n\n").unwrap();
    let found: Vec<&str> = section
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let new = found.iter().filter(|name| !RUN_TIME_CRATES.contains(name));
    let new = new.map(|name| {
        format!(
            "{name}: not in RUN_TIME_CRATES of tests/tidy/rooms.rs; add it there, and the reason \
             for it to the commit"
        )
    });
    let gone = RUN_TIME_CRATES.iter().filter(|name| !found.contains(name));
    let gone = gone.map(|name| {
        format!(
            "{name}: no longer in Cargo.toml; take it out of RUN_TIME_CRATES in tests/tidy/rooms.rs"
        )
    });
    report(new.chain(gone).collect());
}
