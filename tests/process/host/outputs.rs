//! Standard output, standard error and the log may be full, closed, or a pipe, a socket or a
//! terminal whose reader has stopped. That stops nobody.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::support::client::ask_text;
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::wait_until;
use super::{after, say};

/// A server that does not run yet, and its log, which is not there yet.
fn herd() -> (Herd, std::path::PathBuf) {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let log = herd.servers[0].directory.join("Goloman.log");
    (herd, log)
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_herd"))
}

/// Writes into a pipe or a socket until it takes no more.
fn fill<W: Write + AsFd>(mut writer: W) -> W {
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    loop {
        match writer.write(&[b'.'; 512]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    writer
}

/// A pipe that nobody reads, and that is full.
pub(super) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    (reader, fill(writer))
}

/// All that comes until the other side ends, read on another thread.
fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).map(|_| text).unwrap()
    })
}

/// Says far more than the reader's pipe takes, before it is read. The log is written again then.
fn read_late(server: &Server, reader: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    say(server, "while-it-stops", 8000);
    let shows = |text: &str| {
        let what = format!("the status shows {text}");
        wait_until(&what, || {
            ask_text(server.servers, "STATUS\n").contains(text)
        });
    };
    shows(r#""state":"failing","why":"its reader does not keep up""#);
    let text = read_all(reader);
    shows(r#""state":"ok","why":null},"longest_turn_us""#);
    text
}

/// The log leads to standard output, whose reader stops and then goes on.
fn check_log_to(reader: impl Read + Send + 'static, stdout: Stdio) {
    let (mut herd, log) = herd();
    symlink("/dev/stdout", &log).unwrap();
    let server = &mut herd.servers[0];
    server.launch_to(program(), stdout, Stdio::piped());
    server.wait_for_doors();
    let text = read_late(server, reader);
    say(server, "later", 1);
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("its reader does not keep up"),
        "{}",
        ended.stderr
    );
    let text = text.join().unwrap();
    assert!(text.contains("[WARN] the log is written again; "), "{text}");
    assert!(text.contains("< IAMAT later0"), "{text}");
    let is_line =
        |line: &str| line.starts_with("20") && line.contains("Z [") || line.contains(": clients ");
    assert!(text.lines().all(is_line), "{text}");
}

#[test]
fn a_log_that_is_a_pipe_without_a_reader_stops_nobody() {
    let (reader, writer) = pipe().unwrap();
    check_log_to(reader, writer.into());
}

#[test]
fn a_log_that_is_a_socket_without_a_reader_stops_nobody() {
    let (reader, writer) = UnixStream::pair().unwrap();
    check_log_to(reader, OwnedFd::from(writer).into());
}

#[test]
fn a_log_that_is_a_named_pipe_waits_for_its_reader() {
    let (mut herd, log) = herd();
    assert!(Command::new("mkfifo").arg(&log).status().unwrap().success());
    let server = &mut herd.servers[0];
    server.start();
    say(server, "before", 1);
    let text = read_all(File::open(&log).unwrap());
    wait_until("it is written", || {
        ask_text(server.servers, "STATUS\n").contains(r#""state":"ok","why":null},"longest"#)
    });
    say(server, "after", 1);
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    let text = text.join().unwrap();
    for client in ["before0", "after0"] {
        assert!(text.contains(&format!("< IAMAT {client}")), "{text}");
    }
}

/// A line of the log, as it goes to a file or to a reader that has no clock.
fn is_dated(line: &str) -> bool {
    line.starts_with("20") && line.contains("Z [")
}

/// With `--log -` standard error is the log: its reader stops and then goes on.
#[test]
fn a_standard_error_that_is_the_log_and_is_not_read_stops_nobody() {
    let (pipe, writer) = pipe().unwrap();
    check_standard_error(pipe, writer.into());
    let (socket, writer) = UnixStream::pair().unwrap();
    check_standard_error(socket, OwnedFd::from(writer).into());
}

fn check_standard_error(reader: impl Read + Send + 'static, stderr: Stdio) {
    let (mut herd, log) = herd();
    let server = &mut herd.servers[0];
    server.options = ["--log", "-"].map(String::from).to_vec();
    // It does not lead to the journal.
    server.variables = vec![("JOURNAL_STREAM".into(), "1:2".into())];
    server.launch_to(program(), Stdio::piped(), stderr);
    assert!(server.greeting().ends_with(", log standard error"));
    let text = read_late(server, reader);
    say(server, "later", 1);
    // There is nothing to reopen.
    server.signal("USR1");
    say(server, "after-that", 1);
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    let text = text.join().unwrap();
    assert!(text.contains("[WARN] the log is written again; "), "{text}");
    assert!(text.contains("< IAMAT later0") && text.contains("< IAMAT after-that0"));
    assert!(text.lines().all(is_dated) && text.ends_with('\n'), "{text}");
    assert!(!text.contains("reopened") && !log.exists());
}

/// In a service of systemd standard error is a socket, and JOURNAL_STREAM says which.
#[test]
fn the_journal_has_a_time_of_its_own_and_reads_the_level() {
    let (mut herd, _) = herd();
    let server = &mut herd.servers[0];
    server.options = ["--log", "-", "--no-journal"].map(String::from).to_vec();
    // No directory is needed.
    server.directory = "/proc/nowhere".into();
    let (reader, writer) = UnixStream::pair().unwrap();
    let writer = File::from(OwnedFd::from(writer));
    let facts = writer.metadata().unwrap();
    let stream = format!("{}:{}", facts.dev(), facts.ino());
    server.variables = vec![("JOURNAL_STREAM".into(), stream)];
    server.launch_to(program(), Stdio::piped(), writer.into());
    server.greeting();
    say(server, "kiwi", 1);
    server.client().ask("nonsense\n");
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    let text = read_all(reader).join().unwrap();
    let is_line = |line: &str| line.starts_with("<6>") && !is_dated(&line[3..]);
    assert!(text.lines().all(is_line), "{text}");
    for part in [
        "<6>Goloman of herd ",
        " < IAMAT kiwi0 ",
        " > AT Goloman ",
        "<6>ended\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A pipe of another user's cannot be opened again, as under su(1).
#[test]
fn a_standard_error_of_another_user_is_the_log_all_the_same() {
    let (mut herd, _) = herd();
    let server = &mut herd.servers[0];
    server.options = ["--log", "-", "--no-journal"].map(String::from).to_vec();
    let (reader, writer) = pipe().unwrap();
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--reuid", "65534", "--clear-groups", "true"]);
    if !setpriv.status().is_ok_and(|status| status.success()) {
        println!("skipped: no setpriv here, or no right to it");
        return;
    }
    let mut setpriv = Command::new("setpriv");
    setpriv.args([
        "--reuid",
        "65534",
        "--clear-groups",
        env!("CARGO_BIN_EXE_herd"),
    ]);
    server.launch_to(setpriv, Stdio::piped(), writer.into());
    server.greeting();
    let text = read_late(server, reader);
    say(server, "later", 1);
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    let text = text.join().unwrap();
    assert!(text.contains("< IAMAT later0"), "{text}");
    assert!(text.lines().all(is_dated) && text.ends_with('\n'), "{text}");
}

/// Its one line of greeting is not worth the end of a server.
#[test]
fn a_standard_output_that_cannot_be_written_stops_no_server() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (_reader, writer) = full_pipe();
    let gone = pipe().unwrap().1;
    let no_room = "herd: warning: cannot write to standard output: No space left";
    for (script, stdout, said) in [
        (":", full().into(), no_room),
        (":", writer.into(), ""),
        (":", gone.into(), ""),
        ("exec >&-", Stdio::null(), ""),
        ("exec >&- 2>&- <&-", Stdio::null(), ""),
    ] {
        let (mut herd, _) = herd();
        let server = &mut herd.servers[0];
        let mut command = after(script);
        if script.contains("<&-") {
            // There is no standard input whose end could end it.
            command = after(&format!("{script}; shift 3; set -- serve Goloman \"$@\""));
        }
        server.launch_to(command, stdout, Stdio::piped());
        server.wait_for_doors();
        say(server, "kiwi", 1);
        server.signal("TERM");
        let ended = server.ended();
        assert_eq!(ended.code, Some(0), "{script}: {}", ended.stderr);
        assert!(ended.stderr.starts_with(said), "{}", ended.stderr);
        assert_eq!(ended.stderr.is_empty(), said.is_empty());
    }
}

#[test]
fn a_standard_error_that_nobody_reads_stops_no_server() {
    let (mut herd, log) = herd();
    symlink("/dev/full", log).unwrap();
    let (_reader, writer) = full_pipe();
    let server = &mut herd.servers[0];
    server.launch_to(program(), Stdio::null(), writer.into());
    server.wait_for_doors();
    say(server, "kiwi", 100);
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    // Its last words are not waited for either.
    let (_reader, writer) = full_pipe();
    server.options.push("--log-level=none".to_string());
    server.launch_to(program(), Stdio::null(), writer.into());
    assert_eq!(server.ended().code, Some(2));
}

/// Its greeting, and its words about a server that ends, go nowhere.
#[test]
fn outputs_that_nobody_reads_do_not_stop_herd_up() {
    let (herd, _) = herd();
    let server = &herd.servers[0];
    let [(_one, stdout), (_other, stderr)] = [full_pipe(), full_pipe()];
    let mut up = program()
        .arg("up")
        .arg("-t")
        .arg(&server.topology)
        .arg("-d")
        .arg(&server.directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    server.wait_for_doors();
    let pid = up.id().to_string();
    assert!(super::support::process::send_signal("TERM", &pid));
    let mut status = None;
    wait_until("herd up has ended", || {
        status = up.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0));
}

/// A verb whose output is all that is wanted of it has failed without it.
#[test]
fn a_verb_that_cannot_say_its_answer_has_failed() {
    let mut files = OpenOptions::new();
    for verb in [&["check"][..], &["limits"], &["--help"], &["up", "--help"]] {
        let output = program()
            .args(verb)
            .stdout(files.write(true).open("/dev/full").unwrap())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let want = "herd: cannot write to standard output: No space left";
        assert!(stderr.starts_with(want), "{verb:?}: {stderr}");
        assert_eq!(output.status.code(), Some(1));
    }
}

/// To a process with a limit on the size of its files (RLIMIT_FSIZE) the disk is full; the signal
/// that comes with it ends nobody. The log is cut there, and so is the journal.
#[test]
fn a_limit_on_the_size_of_files_ends_nobody() {
    let (mut herd, log) = herd();
    let server = &mut herd.servers[0];
    server.launch_as(after("ulimit -f 64"));
    server.greeting();
    say(server, "kiwi", 2000);
    wait_until("log and journal fail", || {
        let status = ask_text(server.servers, "STATUS\n");
        status.matches(r#""why":"#).count() == 2 && !status.contains(r#""why":null"#)
    });
    let length = fs::metadata(&log).map(|facts| facts.len());
    assert!(length.is_ok_and(|length| length <= 64 << 10));
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    // So does a verb that writes to a file.
    let path = log.with_extension("limits");
    let mut limits = Command::new("sh");
    let script = "ulimit -f 1; exec \"$0\" limits > \"$1\"";
    limits.args(["-c", script, env!("CARGO_BIN_EXE_herd")]);
    let output = limits.arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let why = io::Error::from_raw_os_error(27).to_string();
    assert!(String::from_utf8_lossy(&output.stderr).contains(&why));
}
