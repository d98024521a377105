//! `tests/guide/asyncio/fair.py` counts what chapter 7 says: how much one recv(2) takes depends on
//! the machine, and that asyncio obeys all of it does not.

use std::path::Path;
use std::process::Command;

/// The most lines that asyncio obeys between two turns of its loop; none: there is no Python.
fn most(arguments: &[&str]) -> Option<usize> {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/asyncio/fair.py"));
    let Ok(output) = python.args(arguments).output() else {
        println!("skipped: no python3");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let (_, most) = told.split_once("at most ").unwrap();
    Some(most.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn an_await_gives_no_turn_away_while_there_are_lines() {
    let Some(unfair) = most(&[]) else { return };
    // Ours is 256.
    assert!(unfair > 4 * 256, "{unfair}");
    assert_eq!(most(&["64"]), Some(64));
}
