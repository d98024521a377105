//! The page that explains the commands of stories: every word of the interpreter is on it, and its
//! examples are told.

use std::collections::BTreeSet;

use crate::support::stories::story::Story;

const PAGE: &str = include_str!("../../scripts/README.md");
const INTERPRETER: &str = include_str!("../../support/stories/story.rs");

#[test]
fn every_example_of_the_page_is_a_command() {
    let mut story = Story::new();
    let mut wrong = String::new();
    let mut count = 0;
    for (number, line) in (1..).zip(PAGE.lines()) {
        let cell = line.strip_prefix("| `").and_then(|it| it.split_once("` |"));
        let Some((command, _)) = cell else { continue };
        count += 1;
        if let Err(why) = story.obey(command) {
            wrong += &format!("tests/scripts/README.md:{number}: {why}: {command}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count > 40, "only {count} examples were found");
}

#[test]
fn every_word_of_the_interpreter_is_on_the_page() {
    let shown: BTreeSet<&str> = PAGE.split('`').skip(1).step_by(2).flat_map(words).collect();
    let known = literals(INTERPRETER);
    assert!(known.contains("sends") && known.len() > 70, "{known:?}");
    let missing: Vec<&&str> = known
        .iter()
        .filter(|word| !shown.contains(**word))
        .collect();
    assert!(
        missing.is_empty(),
        "\nwords of tests/support/stories/story.rs that tests/scripts/README.md lacks: \
         {missing:?}; add a row with an example\n"
    );
}

/// The words of an example: `--fsync` and `fsync=off` have the words of their parts, too.
fn words(span: &str) -> impl Iterator<Item = &str> {
    let whole = span.split_whitespace();
    let parts = span.split(|char: char| !char.is_ascii_lowercase() && char != '_');
    whole.chain(parts)
}

/// The strings in the code that are one word in small letters.
fn literals(code: &str) -> BTreeSet<&str> {
    let lines = code.lines().map(str::trim_start);
    let code = lines.filter(|line| !line.starts_with("//"));
    let strings = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_part = |char: char| char.is_ascii_lowercase() || ['_', '=', '-'].contains(&char);
    let is_word = |it: &&str| !it.is_empty() && it.chars().all(is_part);
    strings.filter(is_word).collect()
}
