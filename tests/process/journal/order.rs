//! When the disk is written to and waited for, as the kernel sees it.

use std::fs;
use std::process::{Command, Stdio};

use super::support::herd::Herd;
use super::support::wait::wait_for;

/// Starts a server under strace. None: there is no strace here, or it may not trace.
fn traced(options: &[&str]) -> Option<(Herd, std::path::PathBuf)> {
    let mut probe = Command::new("strace");
    probe.args(["-f", "-o", "/dev/null", "true"]);
    let status = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        println!("skipped: there is no strace here, or it may not trace");
        return None;
    }
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = options.iter().map(|option| option.to_string()).collect();
    let trace = server.directory.join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "200", "-o"]).arg(&trace);
    strace.arg(env!("CARGO_BIN_EXE_herd"));
    server.launch_as(strace);
    server.greeting();
    Some((herd, trace))
}

/// The first line from `start` on that holds all of these: its place, and its thread.
fn find(lines: &[&str], start: usize, texts: &[&str]) -> Option<(usize, String)> {
    let is = |line: &&str| texts.iter().all(|text| line.contains(text));
    let place = start + lines[start..].iter().position(is)?;
    Some((place, lines[place].split(' ').next()?.to_string()))
}

#[test]
fn with_fsync_always_a_reply_leaves_after_its_sync_on_another_thread() {
    let Some((herd, trace)) = traced(&["--fsync", "always", "--log-level", "off"]) else {
        return;
    };
    let mut client = herd.servers[0].client();
    for name in ["first", "second", "third"] {
        client.ask(format!("IAMAT {name} +1-2 1000000\n"));
        let order = wait_for("the reply is traced", || {
            let text = fs::read_to_string(&trace).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let (read, us) = find(&lines, 0, &["recvfrom", &format!("IAMAT {name} ")])?;
            let (kept, writer) =
                find(&lines, read, &["write(", &format!(" {name} +1-2 1000000 ")])?;
            let (sync, worker) = find(&lines, kept, &["fdatasync("])?;
            let done = match lines[sync].contains(" = 0") {
                true => sync,
                false => find(&lines, sync, &[&worker, "fdatasync resumed", " = 0"])?.0,
            };
            let (sent, sender) = find(&lines, read, &["sendto(", &format!(" {name} ")])?;
            assert!(us == writer && us == sender && us != worker, "{text}");
            Some(vec![read, kept, sync, done, sent])
        });
        assert!(order.is_sorted(), "{name}: {order:?}");
    }
}

#[test]
fn the_loop_never_waits_for_the_disk() {
    let Some((mut herd, trace)) = traced(&["--log-level", "off"]) else {
        return;
    };
    let server = &mut herd.servers[0];
    let mut client = server.client();
    // 100 clients move until the journal is longer than 16 MiB, and more than half outdated.
    let name = "k".repeat(900);
    for round in 0..200 {
        let line = |number| format!("IAMAT {name}{number} +1-2 {}\n", 1_000_000 + round);
        client.say((0..100).map(line).collect::<String>());
        for _ in 0..100 {
            client.line();
        }
    }
    let text = wait_for("it is made safe, closed and merged", || {
        let text = fs::read_to_string(&trace).unwrap();
        let done = text.contains("fdatasync(") && text.contains("rename(");
        done.then_some(text)
    });
    let lines: Vec<&str> = text.lines().collect();
    let (_, us) = find(&lines, 0, &["recvfrom", "IAMAT k"]).unwrap();
    for call in ["fdatasync(", "fsync(", "rename("] {
        let mut by = lines.iter().filter(|line| line.contains(call)).peekable();
        assert!(by.peek().is_some(), "{call}");
        assert!(
            by.all(|line| !line.starts_with(&format!("{us} "))),
            "{call}"
        );
    }
    server.close_stdin();
    assert_eq!(server.ended().code, Some(0));
}
