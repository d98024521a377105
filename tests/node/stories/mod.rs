//! The stories in `tests/scripts`, told by real nodes in one deterministic world.
//!
//! `HERD_BLESS=1 cargo test --test node stories` writes what they really put out; read the diff.
//! `HERD_STORY=FILE` tells that story in place of all, wherever it is.

mod diff;
mod reference;
mod script;

use std::path::{Path, PathBuf};

use script::tell;

/// Stories that are shown in full when they go otherwise; the names of the others are enough.
const SHOWN_MAX: usize = 4;

#[test]
fn every_story_goes_as_it_is_written() {
    let files = match std::env::var_os("HERD_STORY") {
        Some(file) => vec![PathBuf::from(file)],
        None => all(),
    };
    let mut complaints = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a story");
        let name = file.strip_prefix(env!("CARGO_MANIFEST_DIR"));
        let name = name.unwrap_or(file);
        let name = name.display().to_string();
        assert!(text.starts_with("# "), "{name}:1: say what the story shows");
        let told = tell(&name, &text);
        assert!(told.blocks > 0, "{name}: it says nothing about its output");
        if std::env::var_os("HERD_BLESS").is_some() && told.text != text {
            std::fs::write(file, &told.text).expect("to write the story");
        }
        if !told.complaints.is_empty() {
            complaints.push((name, told.complaints));
        }
    }
    if !complaints.is_empty() {
        // No panic is shown, for where this program was says nothing.
        println!("{}", summary(&complaints));
        std::panic::resume_unwind(Box::new("stories go otherwise"));
    }
}

/// The files of `tests/scripts`.
fn all() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let entries = std::fs::read_dir(&folder).expect("the folder of the stories");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "herd"))
        .collect();
    files.sort();
    assert!(files.len() >= 24, "stories are missing: {}", files.len());
    files
}

/// The complaints about stories, and what to do.
fn summary(complaints: &[(String, String)]) -> String {
    let (shown, others) = complaints.split_at(complaints.len().min(SHOWN_MAX));
    let mut text: String = shown.iter().map(|(_, it)| format!("{it}\n")).collect();
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(name, _)| &name[..]).collect();
        text += &format!("and {} more: {}\n\n", others.len(), names.join(", "));
    }
    text + "Is the new output right? HERD_BLESS=1 cargo test --test node stories writes it; then \
            read the diff."
}

#[test]
fn few_stories_are_shown_and_what_to_do() {
    let complaint = |it: usize| (format!("{it}.herd"), format!("{it}.herd:1: x\n"));
    let all: Vec<_> = (1..=6).map(complaint).collect();
    let text = summary(&all);
    let want =
        "4.herd:1: x\n\nand 2 more: 5.herd, 6.herd\n\nIs the new output right? HERD_BLESS=1 ";
    assert!(
        text.starts_with("1.herd:1: x\n\n2.herd") && text.contains(want),
        "{text}"
    );
    assert!(!summary(&all[..1]).contains("more"));
}

#[test]
fn a_story_that_goes_otherwise_is_shown_with_its_line() {
    let text = "\
# A greeting.
herd Hands
connect c1 Hands

c1 sends \"hello\\n\"
c1 ends
---
c1 < ? hallo\\n
c1 sees the end
";
    let told = tell("a.herd", text);
    assert_eq!(
        told.complaints,
        "a.herd:8: expected (-) and got (+):\n  - c1 < ? hallo\\n\n  + c1 < ? hello\\n\n    \
         c1 sees the end\n"
    );
    let blessed = tell("a.herd", &told.text);
    assert_eq!((blessed.complaints.as_str(), blessed.blocks), ("", 1));
    assert_eq!(blessed.text, text.replace("hallo", "hello"));
}

#[test]
fn a_command_that_is_wrong_is_shown_with_its_line() {
    let check = |text: &str, want: &str| assert_eq!(tell("a.herd", text).complaints, want);
    check(
        "connect c1 A\n",
        "a.herd:1: name the herd first: herd A-B B-C: connect c1 A\n",
    );
    check(
        "# x\nherd A\n\nc1 sends \"x\"\n",
        "a.herd:4: no such command; tests/scripts/README.md has all: c1 sends \"x\"\n",
    );
    check(
        "herd A\nconnect c1 A\nc1 sends \"x\n",
        "a.herd:3: the text has no closing quote: c1 sends \"x\n",
    );
    check(
        "herd A\nconnect c1 A\nc1 sends \"x\\n\"\n",
        "a.herd:3: expected (-) and got (+):\n  + c1 < ? x\\n\n",
    );
}

#[test]
fn the_same_story_goes_the_same_way_twice() {
    let text = "herd A-B-C-A\nconnect c A\nc moves 5 clients 20 times\nwait 10s\nnotes B\n---\n";
    let (one, other) = (tell("a", text), tell("a", text));
    assert_eq!(one.text, other.text);
    assert!(one.text.contains("link to A up"), "{}", one.text);
}
