//! `herd trace`: what it makes of the logs of this folder, which the guide shows, and of those of a
//! herd that runs.
//!
//! `HERD_BLESS=1 cargo test --test process trace` draws the picture of the guide again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::support::client::{ask, now, seconds};
use super::support::herd::{Directory, Herd};
use super::support::wait::wait_until;

/// The logs of this folder.
const LOGS: &str = "tests/process/trace/run";

fn trace(arguments: &[&str]) -> Output {
    let mut herd = Command::new(env!("CARGO_BIN_EXE_herd"));
    herd.arg("trace").args(arguments);
    herd.current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// The output of a run without errors.
#[track_caller]
fn shown(arguments: &[&str]) -> String {
    let output = trace(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*said),
        (Some(0), ""),
        "{arguments:?}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    text
}

/// The one line that says why nothing is shown.
#[track_caller]
fn failed(arguments: &[&str], status: i32) -> String {
    let output = trace(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_guide_shows_what_it_prints() {
    let page = fs::read_to_string(package("src/guide/trace.md")).unwrap();
    for client in ["kiwi", "fig"] {
        let text = shown(&[client, "-d", LOGS]);
        let example = format!("$ herd trace {client}\n{text}```\n");
        assert!(
            page.contains(&example),
            "src/guide/trace.md lacks:\n{example}"
        );
    }
}

#[test]
fn the_guide_has_the_picture_that_it_draws() {
    let directory = Directory::new();
    let drawn = directory.0.join("kiwi.svg");
    shown(&["kiwi", "-d", LOGS, "--svg", drawn.to_str().unwrap()]);
    let drawn = fs::read_to_string(drawn).unwrap();
    let path = package("src/guide/trace.svg");
    if std::env::var_os("HERD_BLESS").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    let picture = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        picture == drawn,
        "src/guide/trace.svg is out of date; HERD_BLESS=1 draws it again"
    );
    assert!(drawn.lines().all(|line| !line.is_empty()));
}

/// The files may be named in any order, and the older one of a server is read first.
#[test]
fn logs_are_named_one_by_one_and_may_be_two_of_a_server() {
    let directory = Directory::new();
    let whole = fs::read_to_string(package(LOGS).join("Wilkes.log")).unwrap();
    let middle = whole.match_indices('\n').nth(1).unwrap().0 + 1;
    let mut files = vec!["kiwi".to_string()];
    for name in ["Welsh", "Hands", "Holiday", "Goloman"] {
        files.push(format!("{LOGS}/{name}.log"));
    }
    // Without the line that says whose it is, it goes by its name, and by that of the older one.
    for (name, text) in [("w.log", &whole[middle..]), ("w.log.1", &whole[..middle])] {
        let path = directory.0.join(name);
        fs::write(&path, text).unwrap();
        files.push(path.display().to_string());
    }
    let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(shown(&files), shown(&["kiwi", "-d", LOGS]));
    files[1..].reverse();
    assert_eq!(shown(&files), shown(&["kiwi", "-d", LOGS]));
}

#[test]
fn it_says_why_there_is_nothing_to_show() {
    let line = failed(&["kiw", "-d", LOGS], 1);
    let want = "herd: no update of \"kiw\" in tests/process/trace/run/Goloman.log, ";
    assert!(line.starts_with(want), "{line}");
    let line = failed(&["kiwi", "-d", LOGS, "--since", "1m"], 1);
    assert!(
        line.contains("the newest is of 2026-11-25T18:13:54.645000000Z"),
        "{line}"
    );
    let line = failed(&["kiwi", "-d", "src"], 1);
    assert_eq!(
        line,
        "herd: src has no logs; name another directory with -d DIR, or files\n"
    );
    let line = failed(&["kiwi", "src/nothing.log"], 1);
    assert!(
        line.starts_with("herd: cannot read src/nothing.log: No such file"),
        "{line}"
    );
    let line = failed(&["kiwi", "-d", LOGS, "--svg", "src"], 1);
    assert!(line.starts_with("herd: cannot write src: "), "{line}");
    failed(&["kiwi", "-d", LOGS, "-t", "nowhere.txt"], 2);
}

/// The first of two updates reaches all; the second one, all but a server that is down, until it
/// comes back.
#[test]
fn a_real_herd_leaves_a_way_for_each_update() {
    let mut herd = Herd::running("topology.txt");
    let name = "k\\\\\\xff";
    let iamat = |place: &str| {
        let words = format!(" {place} {}\n", seconds(now()));
        [b"IAMAT k\\\xff", words.as_bytes()].concat()
    };
    ask(herd["Welsh"].clients, iamat("+1+1"));
    let heard = |herd: &Herd, servers: &[&str], place: &str| {
        let line = format!("{name} {place} ");
        let is_it = |text: &str| text.contains(" < AT ") && text.contains(&line);
        for server in servers {
            let what = format!("{server} has heard of {place}");
            wait_until(&what, || herd[*server].log().lines().any(is_it));
        }
    };
    heard(&herd, &["Goloman", "Hands", "Holiday", "Wilkes"], "+1+1");
    herd["Welsh"].kill();
    ask(herd["Goloman"].clients, iamat("+2+2"));
    heard(&herd, &["Hands", "Holiday", "Wilkes"], "+2+2");

    let directory = herd["Welsh"].directory.display().to_string();
    let first = shown(&[name, "-d", &directory]);
    assert!(first.starts_with("k\\\\\\xff at +1+1, time "), "{first}");
    assert!(first.contains("\nWelsh heard it at "), "{first}");
    assert!(first.contains("all 5 knew after "), "{first}");
    let note = "\n\nA newer update has not reached Welsh: --since ";
    let (first, note) = first.split_once(note).unwrap();
    let since = note.split(char::is_whitespace).next().unwrap();
    let second = shown(&[name, "-d", &directory, "--since", since]);
    assert!(second.starts_with("k\\\\\\xff at +2+2, time "), "{second}");
    assert!(
        second.contains("; 4 of 5 knew after ") && second.contains("Welsh did not"),
        "{second}"
    );
    let both = shown(&[name, "-d", &directory, "--since", "1h"]);
    let titles = [first, &second].map(|text| text.lines().next().unwrap());
    let [one, two] = titles.map(|title| both.find(title).unwrap());
    assert!(one < two, "{both}");

    herd["Welsh"].start();
    heard(&herd, &["Welsh"], "+2+2");
    let second = shown(&[name, "-d", &directory]);
    assert!(second.starts_with("k\\\\\\xff at +2+2, time "), "{second}");
    assert!(second.contains("all 5 knew after "), "{second}");
    assert!(!second.contains("newer update"), "{second}");
}
