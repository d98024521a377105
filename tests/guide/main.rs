//! The pages of the guide: their claims about other programs are true on this machine.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod checks;
mod exercises;
mod floods;
mod pages;
mod predict;
mod steps;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The names of asyncio on a page: dotted ones in backticks, in the first column of a table.
fn names(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.filter(|span| span.contains('.')).collect()
}

/// Those of the names that the Python of this machine lacks; none: there is no Python.
fn missing(names: &[&str]) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/names.py");
    let mut python = Command::new("python3");
    python
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut python = python.spawn().ok()?;
    let mut stdin = python.stdin.take().unwrap();
    writeln!(stdin, "{}", names.join("\n")).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_dictionary_has_asyncios_own_words() {
    let page = include_str!("../../src/guide/book/c00_dictionary.md");
    let names = names(page);
    assert!(names.len() > 40, "{names:?}");
    let Some(wrong) = missing(&[&names[..], &["asyncio.nonsense"]].concat()) else {
        println!("skipped: no python3");
        return;
    };
    assert_eq!(wrong, "asyncio.nonsense\n", "asyncio has no such names");
}

/// A part of a page that is not code, by the comment before it.
fn made(what: &str) -> Option<String> {
    match what {
        "table of tests/guide/floods" => Some(floods::table()),
        "table of tests/guide/solutions/kills" => Some(exercises::mutants()),
        "table of tests/guide/broken" => Some(exercises::bugs()),
        "table of tests/guide/steps" => Some(checks::table()),
        _ => None,
    }
}

#[test]
fn the_pages_have_the_code_and_the_tables_as_they_are() {
    for page in pages::all() {
        pages::check(&page, made);
    }
}
