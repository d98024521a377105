//! The end of a load that nobody waits for: what Ctrl-C leaves of the report, and on the terminal.

use std::fs;
use std::io::{Read, Write, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use super::{broken, right};
use crate::support::herd::{Directory, Herd};
use crate::support::process::send_signal;
use crate::support::wait::{wait_for, wait_until};

/// A load of an hour.
fn long(address: &str, options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.args(["load", address, "--seconds", "3600"]);
    command.args(options.split_whitespace());
    command.stdin(Stdio::null());
    command
}

/// A server that answers everything, and how often it has done so.
fn counting() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = broken(move |_, line| {
        counted.fetch_add(1, Ordering::Relaxed);
        Some(right(line))
    });
    (server, count)
}

/// Interrupts `child` once, and returns its status, its output and its errors.
fn interrupted(child: Child, signal: &str) -> (Option<i32>, String, String) {
    assert!(send_signal(signal, &child.id().to_string()));
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn piped(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Whether `child` catches SIGINT already.
fn catches_interrupts(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|it| it.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    caught.is_some_and(|signals| signals & 0b10 != 0)
}

#[test]
fn ctrl_c_ends_it_and_reports_what_was_measured() {
    let (server, count) = counting();
    let child = piped(long(&server, "--connections 3 --pipeline 4"));
    wait_until("a hundred answers", || count.load(Ordering::Relaxed) >= 100);
    let (code, out, said) = interrupted(child, "INT");
    assert_eq!((code, said.as_str()), (Some(130), ""));
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[1].starts_with("ended by Ctrl-C after "), "{out}");
    assert!(lines[2].starts_with("right replies  "), "{out}");
    // Requests that were in flight are no faults.
    assert_eq!(lines[5], "faults         none");
}

#[test]
fn sigterm_does_so_too_whatever_the_run_waits_for() {
    // At a rate, where the loop looks for events without sleep; and while no reply comes at all.
    let (server, count) = counting();
    let child = piped(long(&server, "--rate 20000 --json"));
    wait_until("a hundred answers", || count.load(Ordering::Relaxed) >= 100);
    let (code, out, said) = interrupted(child, "TERM");
    assert_eq!((code, said.as_str()), (Some(143), ""));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["ended_by"], "SIGTERM");
    assert!(found["right"].as_u64().unwrap() >= 90, "{found}");

    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = broken(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Some(String::new())
    });
    let child = piped(long(&server, "--json"));
    wait_until("a request", || asked.load(Ordering::Relaxed) == 1);
    let (code, out, said) = interrupted(child, "INT");
    assert_eq!((code, said.as_str()), (Some(130), ""));
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&found["asked"], &found["right"]), (&1.into(), &0.into()));
    assert_eq!(found["ended_by"], "SIGINT");
    assert!(super::faults(&found).is_empty(), "{found}");
}

#[test]
fn faults_are_told_whoever_ends_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = broken(move |_, line| {
        counted.fetch_add(1, Ordering::Relaxed);
        Some(format!("? {line}\n"))
    });
    let child = piped(long(&server, ""));
    wait_until("two answers", || count.load(Ordering::Relaxed) >= 2);
    let (code, _, said) = interrupted(child, "INT");
    assert_eq!(code, Some(130));
    assert!(said.starts_with("herd: not all went well: "), "{said}");
}

/// The server's queue of connections is full, so the kernel drops what asks for another one.
#[test]
fn ctrl_c_ends_it_while_it_connects() {
    let door = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    door.bind(&address.into()).unwrap();
    door.listen(0).unwrap();
    let address = door.local_addr().unwrap().as_socket().unwrap();
    let _queued = std::net::TcpStream::connect(address).unwrap();
    let child = piped(long(&address.to_string(), ""));
    wait_until("it catches signals", || catches_interrupts(&child));
    let (code, out, said) = interrupted(child, "INT");
    assert_eq!((code, out.as_str(), said.as_str()), (Some(130), "", ""));
}

#[test]
fn a_second_ctrl_c_ends_it_when_nobody_reads_the_report() {
    // As much as a pipe holds (pipe(7)).
    let (_reader, mut writer) = pipe().unwrap();
    writer.write_all(&[b'x'; 65_536]).unwrap();
    let (server, count) = counting();
    let mut command = long(&server, "");
    let mut child = command.stdout(writer).spawn().unwrap();
    wait_until("an answer", || count.load(Ordering::Relaxed) >= 1);
    let pid = child.id().to_string();
    let status = wait_for("its end", || {
        // It may have ended just now.
        send_signal("INT", &pid);
        child.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_closed_output_keeps_nobody() {
    let (server, count) = counting();
    let mut shell = Command::new("sh");
    let line = format!(
        "exec {} load {server} --seconds 3600 >&-",
        env!("CARGO_BIN_EXE_herd")
    );
    shell.args(["-c", &line]).stdin(Stdio::null());
    let child = piped(shell);
    wait_until("an answer", || count.load(Ordering::Relaxed) >= 1);
    let (code, out, said) = interrupted(child, "INT");
    assert_eq!((code, out.as_str(), said.as_str()), (Some(130), "", ""));
}

/// Runs a load on a terminal, presses Ctrl-C once `is_enough` of what it has shown, and returns
/// that and the exit status. None: there is no script(1) to make a terminal with.
fn on_terminal(
    before: &str,
    address: &str,
    mut is_enough: impl FnMut(&str) -> bool,
) -> Option<(String, Option<i32>)> {
    let program = env!("CARGO_BIN_EXE_herd");
    let line = format!("{before} exec {program} load {address} --seconds 3600");
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm");
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut script) = script else {
        println!("skipped: no script(1) here to make a terminal with");
        return None;
    };
    let (mut out, mut keys) = (script.stdout.take().unwrap(), script.stdin.take().unwrap());
    let shown = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&shown);
    let reader = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = out.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]);
            seen.lock().unwrap().push_str(&text);
        }
    });
    wait_until("it has shown enough", || is_enough(&shown.lock().unwrap()));
    keys.write_all(b"\x03").unwrap();
    let code = script.wait().unwrap().code();
    reader.join().unwrap();
    let text = shown.lock().unwrap().clone();
    Some((text, code))
}

#[test]
fn a_terminal_is_shown_the_progress_in_place_unless_it_is_dumb() {
    let (server, count) = counting();
    let Some((shown, code)) = on_terminal("", &server, |shown| shown.contains(" a second, p99 "))
    else {
        return;
    };
    assert_eq!(code, Some(130), "{shown:?}");
    // The progress gives way to the report.
    assert!(shown.contains("\r\x1b[K1 s: "), "{shown:?}");
    assert!(
        shown.contains("\r\x1b[K127.0.0.1:") || shown.contains("\x1b[K^C127"),
        "{shown:?}"
    );
    assert!(shown.contains("\r\nended by Ctrl-C after "), "{shown:?}");
    // A dumb terminal shows nothing before the report.
    count.store(0, Ordering::Relaxed);
    let is_enough = |_: &str| count.load(Ordering::Relaxed) >= 1;
    let (shown, code) = on_terminal("TERM=dumb", &server, is_enough).unwrap();
    assert_eq!(code, Some(130), "{shown:?}");
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn servers_are_known_by_their_names() {
    let herd = Herd::one();
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    let door = herd["Goloman"].clients;
    fs::write(
        &file,
        format!("server Goloman 127.0.0.1 clients={door} plain\n"),
    )
    .unwrap();
    let options = format!("--requests 10 --topology {}", file.display());
    let (found, code, said) = super::result(&["Goloman"], &options);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(found["right"], 10);
}
