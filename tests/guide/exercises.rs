//! The exercises: the tables of the bugs in steps, and of the mutants that a story tells from the
//! herd.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mutant in each line, and a story that kills it.
const KILLS: &str = include_str!("solutions/kills");

fn kills() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = KILLS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').expect("MUTANT STORY"))
}

fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(path)
}

/// The table of mutants, in Markdown. A mutant is told by the first sentence of its patch.
pub fn mutants() -> String {
    let rows = kills().map(|(mutant, _)| {
        let patch = patch(&format!("mutants/{mutant}.patch"));
        let head = patch.split("\n\n").next().unwrap().replace('\n', " ");
        let sentence = head.split_once(". ").map_or(&head[..], |it| it.0);
        let sentence = sentence.trim_end_matches('.');
        let time = if mutant == "stale-name-accepted" {
            "1 hour"
        } else {
            "10 min"
        };
        format!("| `kill-{mutant}` | {time} | {sentence} |\n")
    });
    "| name | time | the bug |\n|---|---|---|\n".to_string() + &rows.collect::<String>()
}

/// The table of bugs in steps, in Markdown, in the order of the steps: what a user sees, and no
/// word about the reason.
pub fn bugs() -> String {
    let entries = fs::read_dir(tests("guide/broken")).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut rows: Vec<(String, String)> = names.map(|file| bug(&file)).collect();
    rows.sort();
    let rows = rows.into_iter().map(|(_, row)| row);
    "| name | time | what a user sees |\n|---|---|---|\n".to_string() + &rows.collect::<String>()
}

/// The step of a bug, and its row.
fn bug(file: &str) -> (String, String) {
    let (name, text) = (
        file.trim_end_matches(".patch"),
        patch(&format!("guide/broken/{file}")),
    );
    let (_, rest) = text
        .split_once("Seen by a user: ")
        .expect("Seen by a user:");
    let seen = rest
        .split("\nCaught by: ")
        .next()
        .unwrap()
        .replace('\n', " ");
    let (_, rest) = text.split_once("+++ b/tests/guide/steps/").expect("a step");
    let step = rest.lines().next().unwrap();
    let seen = seen.trim_end_matches('.').replace('|', "\\|");
    (
        format!("{step} {name}"),
        format!("| `mend-{name}` | 20 min | {seen} |\n"),
    )
}

fn patch(path: &str) -> String {
    fs::read_to_string(tests(path)).unwrap()
}

#[test]
fn each_mutant_has_a_story_that_is_there() {
    assert!(kills().count() > 20);
    for (mutant, story) in kills() {
        assert!(tests("scripts").join(story).exists(), "{mutant}: {story}");
    }
}

#[test]
fn a_name_given_to_make_is_never_a_command() {
    for (target, variable) in [("broken", "BUG"), ("exercise", "N"), ("exercise", "FILE")] {
        let mut make = Command::new("make");
        make.current_dir(env!("CARGO_MANIFEST_DIR"));
        make.args(["--silent", target, "N=line"]);
        make.arg(format!("{variable}=it's no name; echo planted #"));
        let Ok(output) = make.output() else {
            return;
        };
        let (out, errors) = (output.stdout, output.stderr);
        let (out, errors) = (
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&errors),
        );
        assert!(!out.lines().any(|it| it == "planted"), "{target}: {out}");
        assert!(
            errors.contains("it's no name; echo planted #"),
            "{target}: {errors}"
        );
    }
}
