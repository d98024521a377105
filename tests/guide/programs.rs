//! The chapters' programs with asyncio say what the chapters say they do.

use std::path::Path;
use std::process::Command;

/// The output of a program of tests/guide/asyncio; none: there is no Python to run it.
fn told(program: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/asyncio");
    let mut python = Command::new("python3");
    let Ok(output) = python.arg(folder.join(program)).output() else {
        println!("skipped: no python3");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A program whose output is the same every time is quoted on its page, whole.
fn is_quoted(program: &str, page: &str) {
    let Some(told) = told(program) else { return };
    assert!(page.contains(&told), "the page lacks\n{told}");
}

#[test]
fn asyncios_loop_waits_for_a_call_that_blocks_and_names_wait_for_lookups() {
    is_quoted(
        "blocking.py",
        include_str!("../../src/guide/book/c10_threads.md"),
    );
}

#[test]
fn a_task_a_line_overtakes_and_a_task_a_connection_does_not() {
    is_quoted(
        "order.py",
        include_str!("../../src/guide/book/c11_order.md"),
    );
}

/// The turns of the loop while a job of `gil.py` runs: when CPython asks for its lock every 5 ms,
/// and when it asks every minute.
fn turns(told: &str, job: &str) -> [u64; 2] {
    let row = told.lines().find_map(|line| line.strip_prefix(job));
    let words = row.unwrap().split_whitespace().step_by(2);
    let counts: Vec<u64> = words
        .map(|it| it.replace(',', "").parse().unwrap())
        .collect();
    counts.try_into().unwrap()
}

#[test]
fn a_thread_that_computes_holds_up_asyncios_loop_for_as_long_as_nobody_asks() {
    let Some(told) = told("gil.py") else { return };
    if told.starts_with("this Python has no GIL") {
        println!("skipped: {told}");
        return;
    }
    assert!(turns(&told, "sleep").iter().all(|it| *it > 100), "{told}");
    assert!(turns(&told, "spin")[0] > 0, "{told}");
    assert_eq!(
        (turns(&told, "spin")[1], turns(&told, "sum")[1]),
        (0, 0),
        "{told}"
    );
}
