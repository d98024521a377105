//! The system calls of one IAMAT: one wait, one read, one write, and the log's write; and
//! between read and write that of the journal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::places::WORKERS;
use super::support::herd::Herd;
use super::support::wait::wait_for;
use super::{check_at, iamat};

/// Whether there is a strace, and it may trace.
fn can_trace() -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "true"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// The calls of the loop from reading a line that holds `marker` until it waits again,
/// preceded by the wait before: the names of the system calls.
fn calls(trace: &str, marker: &str) -> Option<Vec<String>> {
    // A call that another thread's line interrupts is written in two; the second names it, too.
    let thread = |line: &str| line.split(' ').next().map(str::to_string);
    let name = |line: &str| {
        let call = line.split_once(' ')?.1.trim_start();
        let call = call.strip_prefix("<... ").unwrap_or(call);
        Some(call.split(['(', ' ']).next()?.to_string())
    };
    let is_read = |line: &&str| line.contains(marker) && !line.contains("write");
    let us = thread(trace.lines().find(is_read)?);
    // Of the loop alone, each call once: the journal's worker may be at work, too.
    let is_ours = |line: &&str| thread(line) == us && !line.ends_with("<unfinished ...>");
    let lines: Vec<&str> = trace.lines().filter(is_ours).collect();
    let read = lines.iter().position(is_read)?;
    let names: Vec<String> = lines[read - 1..]
        .iter()
        .filter_map(|line| name(line))
        .collect();
    let next_wait = names[2..].iter().position(|name| name == "epoll_wait")?;
    Some(names[..2 + next_wait].to_vec())
}

/// Whether the loop and all workers have come to where they wait for something to do.
fn all_wait(trace: &str, threads: usize) -> bool {
    let mut last = BTreeMap::new();
    last.extend(trace.lines().filter_map(|line| line.split_once(' ')));
    // One of them has written the greeting.
    last.retain(|_, call| !call.contains("+++ exited"));
    let is_waiting = |call: &&str| {
        let call = call.trim_start();
        (call.starts_with("futex(") || call.starts_with("epoll_wait(")) && !call.contains(" = ")
    };
    last.len() == threads && last.values().all(is_waiting)
}

#[test]
fn an_iamat_costs_a_wait_a_read_a_write_and_the_log() {
    let calls = ["epoll_wait", "recvfrom", "sendto", "write"];
    check_costs(&["--no-journal"], 1 + WORKERS, &calls);
}

#[test]
fn the_journal_is_one_write_more_before_the_reply() {
    let calls = ["epoll_wait", "recvfrom", "write", "sendto", "write"];
    check_costs(&[], 3 + WORKERS, &calls);
}

fn check_costs(options: &[&str], threads: usize, want: &[&str]) {
    if !can_trace() {
        println!("skipped: there is no strace here, or it may not trace");
        return;
    }
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = options.iter().map(|option| option.to_string()).collect();
    let file = server.directory.join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-s", "200", "-o"])
        .arg(&file)
        .arg(env!("CARGO_BIN_EXE_herd"));
    server.launch_as(strace);
    server.greeting();
    wait_for("all threads wait", || {
        all_wait(&read(&file), threads).then_some(())
    });

    let mut client = server.client();
    // The first one finds more to do: it comes with its connection.
    for marker in ["first", "second", "third"] {
        let line = iamat(marker);
        check_at(&client.ask(&line), "Goloman", &line);
        let calls = traced(&file, &format!("IAMAT {marker} "));
        if marker != "first" {
            assert_eq!(calls, want, "{marker}");
        }
    }
    // AT line and JSON leave together, in one write.
    client.near("WHATSAT third 10 5\n");
    let sent = wait_for("what was sent is traced", || {
        let trace = read(&file);
        let from = trace.find("\"WHATSAT third")?;
        // A line is there as a whole or not at all.
        let mut lines = trace[from..].split_inclusive('\n');
        let sent = lines.find(|line| line.contains("sendto(") && line.ends_with('\n'));
        sent.map(str::to_string)
    });
    assert!(
        sent.contains("AT Goloman ") && sent.contains(r"\n{\n"),
        "{sent}"
    );
    // Registered once, for life.
    let trace = read(&file);
    assert!(trace.contains("EPOLL_CTL_ADD"));
    assert!(!trace.contains("EPOLL_CTL_MOD") && !trace.contains("EPOLL_CTL_DEL"));
    server.close_stdin();
    assert_eq!(server.ended().code, Some(0));
}

fn traced(file: &Path, marker: &str) -> Vec<String> {
    wait_for("the server waits again", || calls(&read(file), marker))
}

/// The trace so far. Some machines have only the newer one of two calls that are the same for us.
fn read(file: &Path) -> String {
    let trace = fs::read_to_string(file).unwrap_or_default();
    trace.replace("epoll_pwait", "epoll_wait")
}
