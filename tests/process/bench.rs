//! The words of `make bench` and the pictures of `make perf`, on figures and stacks that are given.
//! The tests are the examples in the files of `tests/bench`.

use std::path::Path;
use std::process::Command;

use crate::support::mixed::has_python;

#[test]
fn the_examples_of_the_measuring_tools_are_right() {
    if !has_python() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench");
    for file in [
        "calls.py",
        "flame.py",
        "pictures.py",
        "results.py",
        "samples.py",
        "taking_turns.py",
        "turns.py",
    ] {
        let mut python = Command::new("python3");
        python.args(["-B", "-m", "doctest", file]);
        let output = python.current_dir(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{file}:\n{said}");
    }
}
