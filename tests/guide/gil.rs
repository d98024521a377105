//! `tests/guide/asyncio/gil.py` counts what chapter 14 says: its numbers differ, its zeros do not.

use std::path::Path;
use std::process::Command;

/// The turns of the loop while a job runs: when it asks for CPython's lock after 5 ms, and when it
/// asks after a minute.
fn turns(told: &str, job: &str) -> [u64; 2] {
    let row = told.lines().find_map(|line| line.strip_prefix(job));
    let words = row.unwrap().split_whitespace().step_by(2);
    let counts: Vec<u64> = words
        .map(|it| it.replace(',', "").parse().unwrap())
        .collect();
    counts.try_into().unwrap()
}

#[test]
fn a_thread_that_computes_stops_asyncios_loop_for_as_long_as_nobody_asks() {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/asyncio/gil.py"));
    let Ok(output) = python.output() else {
        println!("skipped: no python3");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    if told.starts_with("this Python has no GIL") {
        println!("skipped: {told}");
        return;
    }
    assert!(turns(&told, "sleep").iter().all(|it| *it > 100), "{told}");
    assert!(turns(&told, "spin")[0] > 0, "{told}");
    let [spin, sum] = ["spin", "sum"].map(|job| turns(&told, job)[1]);
    assert_eq!((spin, sum), (0, 0), "{told}");
}
