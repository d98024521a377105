//! The pages of the guide: their claims about other programs are true on this machine.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

mod checks;
mod commands;
mod draw;
mod exercises;
mod fair;
mod floods;
mod gil;
mod measured;
mod pages;
mod paper;
mod pictures;
mod predict;
mod stage;
mod steps;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use pages::Part;

/// The names of asyncio on a page: `asyncio.NAME` or `CLASS.NAME` in backticks.
fn names(page: &str) -> Vec<&str> {
    let is_word =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || it == '_');
    let is_class = |it: &str| it.trim_start_matches('_').starts_with(char::is_uppercase);
    let spans = page.split('`').skip(1).step_by(2);
    let names = spans.filter(|span| {
        let (first, rest) = span.split_once('.').unwrap_or_default();
        (first == "asyncio" || is_class(first)) && is_word(first) && rest.split('.').all(is_word)
    });
    names.collect()
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
fn the_book_has_asyncios_own_words() {
    let pages = pages::all().into_iter();
    let pages = pages.filter(|path| path.parent().unwrap().ends_with("book"));
    let text = pages.map(|path| std::fs::read_to_string(path).unwrap());
    let text = text.map(|text| text.replace("```", ""));
    let text: Vec<String> = text.collect();
    let names: Vec<&str> = text.iter().flat_map(|page| names(page)).collect();
    assert!(names.len() > 50, "{names:?}");
    let Some(wrong) = missing(&[&names[..], &["asyncio.nonsense"]].concat()) else {
        println!("skipped: no python3");
        return;
    };
    assert_eq!(wrong, "asyncio.nonsense\n", "asyncio has no such names");
}

/// A part of a page, by the comment before it.
fn made(what: &str) -> Part {
    match what.split_once(' ') {
        Some(("table", "of tests/guide/broken")) => Part::Made(exercises::bugs()),
        Some(("table", "of tests/guide/floods")) => Part::Made(floods::table()),
        Some(("table", "of tests/guide/solutions/kills")) => Part::Made(exercises::mutants()),
        Some(("table", "of tests/guide/steps")) => Part::Made(checks::table()),
        Some(("play", story)) => Part::Made(fence(&stage::transcript(story))),
        Some(("story", path)) => Part::Made(story(path)),
        Some(("python3", program)) => output_of(program).map_or(Part::Skipped, Part::Made),
        Some(("by", what)) if is_compared_by(what) => Part::Skipped,
        _ => Part::Code,
    }
}

/// Whether something else compares a part with what it prints. The mutants' script does so when it
/// plants the bug, which must be there.
fn is_compared_by(what: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patch = |name| root.join(format!("tests/mutants/{name}.patch"));
    match what.split_once(", of ") {
        Some(("tests/mutants/run", mutant)) => patch(mutant).exists(),
        Some(_) => false,
        None => ["tests/mutants/run", "tests/process/trace", "make sim-scale"].contains(&what),
    }
}

fn fence(text: &str) -> String {
    format!("```text\n{}\n```", text.trim_end())
}

/// The output of a program of asyncio, in a fence; none: there is no Python, or only one whose
/// asyncio no longer does what the page shows, for which the program puts nothing out.
fn output_of(program: &str) -> Option<String> {
    let mut python = Command::new("python3");
    python.arg(program).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = python.output().ok()?;
    assert!(output.status.success(), "{output:?}");
    if output.stdout.is_empty() {
        return None;
    }
    Some(fence(&String::from_utf8(output.stdout).unwrap()))
}

/// A story of tests/scripts, without the comment at its top, in a fence.
fn story(path: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let lines = text.lines().skip_while(|line| line.starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    fence(&lines.join("\n"))
}

#[test]
fn the_pages_have_the_code_and_the_tables_as_they_are() {
    for page in pages::all() {
        pages::check(&page, made);
    }
}

/// A page's commands, as a reader pastes them, all in one go. `HERD_PAGE` picks pages by their
/// paths. Most of the time a page waits, so several are tried at once.
#[test]
fn the_commands_of_the_pages_run() {
    let only = std::env::var("HERD_PAGE").unwrap_or_default();
    let pages = pages::all().into_iter().chain(["README.md".into()]);
    let pages: Vec<_> = pages
        .filter(|path| path.to_string_lossy().contains(&only))
        .collect();
    let next = AtomicUsize::new(0);
    let failed: String = std::thread::scope(|scope| {
        let try_pages = || {
            let next = || pages.get(next.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(next)
                .map(|path| tried(path))
                .collect::<String>()
        };
        let threads = [(); 6].map(|()| scope.spawn(try_pages));
        threads.map(|it| it.join().unwrap()).concat()
    });
    assert!(failed.is_empty(), "{failed}");
}

/// The failures of a page; none if all went well, or if this machine cannot try it.
fn tried(path: &Path) -> String {
    let page = std::fs::read_to_string(path).unwrap();
    let strays = commands::strays(&page);
    if !strays.is_empty() {
        return format!(
            "{}: put these into a sh fence: {strays:?}\n",
            path.display()
        );
    }
    // The manual has examples of files, too.
    let is_book = path.parent().is_some_and(|it| it.ends_with("book"));
    let unheld = commands::unheld(&page);
    if is_book && !unheld.is_empty() {
        return format!("{}: what prints these? {unheld:?}\n", path.display());
    }
    let path = path.display();
    match commands::paste(&page) {
        Some(failed) if failed.is_empty() => String::new(),
        Some(failed) => format!("{path}:\n{failed}\n"),
        None => {
            println!("{path}: skipped; no name spaces here, or no examples");
            String::new()
        }
    }
}
