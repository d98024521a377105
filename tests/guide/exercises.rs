//! The exercises: the table of those mutants that a story tells from the herd.

use std::fs;
use std::path::{Path, PathBuf};

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

/// The table of the page, in Markdown. A mutant is told by the first sentence of its patch.
pub fn table() -> String {
    let rows = kills().map(|(mutant, _)| {
        let patch = fs::read_to_string(tests(&format!("mutants/{mutant}.patch"))).unwrap();
        let head = patch.split("\n\n").next().unwrap().replace('\n', " ");
        let sentence = head.split_once(". ").map_or(&head[..], |it| it.0);
        let sentence = sentence.trim_end_matches('.');
        format!("| `kill-{mutant}` | 10 min | {sentence} |\n")
    });
    "| name | time | the bug |\n|---|---|---|\n".to_string() + &rows.collect::<String>()
}

#[test]
fn each_mutant_has_a_story_that_is_there() {
    assert!(kills().count() > 20);
    for (mutant, story) in kills() {
        assert!(tests("scripts").join(story).exists(), "{mutant}: {story}");
    }
}
