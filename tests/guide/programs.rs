//! The chapters' programs with asyncio say what the chapters say they do.

use std::path::Path;
use std::process::Command;

/// The output of a program of tests/guide/asyncio; none: there is no Python to run it.
fn told(program: &str, arguments: &[&str]) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide/asyncio");
    let mut python = Command::new("python3");
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    let is_there = python.args(["-c", check]).status();
    if !is_there.is_ok_and(|status| status.success()) {
        println!("skipped: no python3 of version 3.11 or later");
        return None;
    }
    let mut python = Command::new("python3");
    let output = python.arg(folder.join(program)).args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A program whose output is the same every time is quoted on its page, whole.
fn is_quoted(program: &str, page: &str) {
    let Some(told) = told(program, &[]) else {
        return;
    };
    assert!(page.contains(&told), "the page lacks\n{told}");
}

#[test]
fn asyncio_goes_on_in_the_middle_of_a_line_that_is_too_long() {
    is_quoted(
        "lines.py",
        include_str!("../../src/guide/book/c04_lines.md"),
    );
}

#[test]
fn asyncio_makes_a_call_for_each_write() {
    is_quoted(
        "sends.py",
        include_str!("../../src/guide/book/c05_writing.md"),
    );
}

#[test]
fn a_close_with_unread_bytes_destroys_the_answer_and_a_linger_does_not() {
    is_quoted(
        "close.py",
        include_str!("../../src/guide/book/c05_writing.md"),
    );
}

/// The most lines that asyncio obeys between two turns of its loop.
fn most(arguments: &[&str]) -> Option<usize> {
    let told = told("fair.py", arguments)?;
    let (_, most) = told.split_once("at most ").unwrap();
    Some(most.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn an_await_gives_no_turn_away_while_there_are_lines() {
    // How much one recv(2) takes depends on the machine. Our budget is 256 lines.
    let Some(unfair) = most(&[]) else { return };
    assert!(unfair > 4 * 256, "{unfair}");
    assert_eq!(most(&["64"]), Some(64));
}

#[test]
fn a_descriptor_is_given_again() {
    is_quoted(
        "stale.py",
        include_str!("../../src/guide/book/c08_names.md"),
    );
}

#[test]
fn asyncio_keeps_cancelled_timers_and_a_time_out_of_a_read_is_none_of_a_line() {
    is_quoted(
        "timers.py",
        include_str!("../../src/guide/book/c09_time.md"),
    );
}
