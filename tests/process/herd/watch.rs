//! `herd status --watch`, in a pipe and on a terminal, and what a terminal gets otherwise.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdout, Command, Stdio};

use super::status::{said, status, truth};
use super::support::herd::{Directory, Herd};
use super::support::process::send_signal;
use super::support::wait::wait_for;

/// Reads lines up to the one that has `text`.
fn read_until(out: &mut BufReader<ChildStdout>, text: &str) -> String {
    let mut all = String::new();
    while !all.contains(text) {
        let count = out.read_line(&mut all).unwrap();
        assert!(count > 0, "no {text:?} in {all:?}");
    }
    all
}

#[test]
fn a_pipe_gets_blocks_with_their_time_until_ctrl_c() {
    let herd = Herd::one();
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    fs::write(&file, truth(&herd)).unwrap();
    for seconds in [&["--watch=1"][..], &["--watch", "1"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        command.arg("status").arg("-t").arg(&file).args(seconds);
        let mut watch = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(watch.stdout.take().unwrap());
        for _ in 0..2 {
            let block = read_until(&mut out, "\nGoloman  none\n");
            let head = block.trim_start().lines().next().unwrap();
            let (time, rest) = head.split_once(' ').unwrap();
            assert!(time.len() == 20 && time.ends_with('Z'), "{head}");
            assert_eq!(rest, "OK: 1 up, 0 clients known");
            assert!(!block.contains('\x1b'), "{block:?}");
        }
        assert!(send_signal("INT", &watch.id().to_string()));
        assert_eq!(watch.wait().unwrap().code(), Some(0));
    }
    // A reader that has gone (`herd status --watch | head -1`) ends it, too.
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.arg("status").arg("-t").arg(&file).arg("--watch=1");
    let mut watch = command.stdout(Stdio::piped()).spawn().unwrap();
    read_until(
        &mut BufReader::new(watch.stdout.take().unwrap()),
        "OK: 1 up",
    );
    let status = wait_for("it ends", || watch.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

/// Runs `herd status` with `options` on a terminal of 80 × 24, presses Ctrl-C when `text` has come,
/// and returns the output and the exit status. None: there is no script(1) to make a terminal with.
fn on_terminal(herd: &Herd, options: &str, before: &str, text: &str) -> Option<(String, i32)> {
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    fs::write(&file, truth(herd)).unwrap();
    let program = env!("CARGO_BIN_EXE_herd");
    let line = format!(
        "stty cols 80 rows 24; {before} exec {program} status -t {} {options}",
        file.display()
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut script) = script else {
        println!("skipped: no script(1) here to make a terminal with");
        return None;
    };
    let mut out = BufReader::new(script.stdout.take().unwrap());
    let mut stdin = script.stdin.take().unwrap();
    let mut shown = read_until(&mut out, text);
    if options.contains("--watch") {
        stdin.write_all(b"\x03").unwrap();
    }
    out.read_to_string(&mut shown).unwrap();
    drop(stdin);
    Some((shown, script.wait().unwrap().code().unwrap()))
}

#[test]
fn a_terminal_is_written_over_and_ctrl_c_ends_it_well() {
    let herd = Herd::running("topology.txt");
    let Some((shown, code)) = on_terminal(&herd, "--watch 1", "", "\x1b[J\x1b[H") else {
        return;
    };
    assert_eq!(code, 0, "{shown:?}");
    let first = shown.split("\x1b[J").next().unwrap();
    let lines: Vec<&str> = first.split("\x1b[K\r\n").collect();
    assert!(lines.len() <= 24, "{shown:?}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{shown:?}"
    );
    assert!(
        lines[0].ends_with("Z OK: 5 up, 0 clients known"),
        "{shown:?}"
    );
    for server in &herd.servers {
        let rows = lines.iter().filter(|line| line.starts_with(&server.name));
        assert!(rows.count() >= 2, "{shown:?}");
    }
}

#[test]
fn a_terminal_gets_colours_unless_it_or_somebody_minds() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    herd["B"].kill();
    for (before, is_coloured) in [("", true), ("NO_COLOR=1", false), ("TERM=dumb", false)] {
        let Some((shown, code)) = on_terminal(&herd, "", before, "herd: down: B") else {
            return;
        };
        assert_eq!(code, 1, "{shown:?}");
        assert_eq!(
            shown.contains("\x1b[31mdown\x1b[0m"),
            is_coloured,
            "{shown:?}"
        );
        assert_eq!(shown.contains('\x1b'), is_coloured, "{shown:?}");
    }
}

#[test]
fn ways_to_show_a_herd_exclude_each_other() {
    for (options, why) in [
        (
            &["--json", "--check"][..],
            "--json and --check exclude each other; leave one out",
        ),
        (
            &["--check", "--watch"],
            "--check and --watch exclude each other; leave one out",
        ),
        (
            &["--watch", "0"],
            "--watch takes a whole number from 1 to 3600, not \"0\"",
        ),
        (
            &["--watch=x"],
            "--watch takes a whole number from 1 to 3600, not \"x\"",
        ),
        (&["--watch", "1", "2"], "no server is called \"2\" in "),
    ] {
        let (code, _, error) = said(&status("server A ::1 clients=1 servers=2\n", options));
        assert_eq!(code, Some(2), "{error}");
        assert!(error.starts_with(&format!("herd: {why}")), "{error}");
    }
}
