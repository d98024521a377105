//! `herd ask`: one line, a script or a prompt; what it shows, and what it says when there is no
//! good answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::support::herd::Herd;
use crate::support::ports::free_port;
use crate::support::process::Server;
use crate::support::screen::Screen;

/// Asks, with `script` as standard input. Returns exit status, output and errors.
fn ask(arguments: &[&str], script: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.arg("ask").args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A child that has failed reads nothing.
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn topology(server: &Server) -> &str {
    server.topology.to_str().unwrap()
}

/// A server that says `answer` to the first line of its first client and then ends the connection,
/// or, without an answer, says nothing as long as the client stays.
fn double(answer: Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        match answer {
            // The client may go before the end.
            Some(answer) => drop(stream.write_all(&answer)),
            None => drop(reader.read_line(&mut String::new())),
        }
    });
    address
}

#[test]
fn a_server_is_asked_by_its_name_or_its_address() {
    let herd = Herd::one();
    let (file, port) = (topology(&herd["Goloman"]), herd["Goloman"].clients);
    let address = format!("localhost:{port}");
    let iamat = ["IAMAT", "kiwi", "-34.068930-118.445127", "now"];
    let (code, said, why) = ask(&[&["-t", file, "Goloman"], &iamat[..]].concat(), "");
    assert_eq!((code, &why[..]), (Some(0), ""), "{said}");
    assert!(said.starts_with("AT Goloman +0."), "{said}");
    let time = said.trim_end().rsplit('.').next().unwrap();
    assert_eq!(time.len(), 9, "the present time: {said}");
    // Its answer is the other's, byte for byte, since no terminal reads it.
    let near = herd["Goloman"].client().near("WHATSAT kiwi 10 5\n");
    let want = format!("{}\n{}\n\n", near.line, near.json);
    assert_eq!(near.line, said.trim_end());
    for arguments in [
        &["-t", file, "Goloman", "WHATSAT", "kiwi", "10", "5"][..],
        &["Goloman", "-t", file, "--raw", "WHATSAT kiwi 10 5"],
        &[&address, "WHATSAT", "kiwi", "10 5"],
    ] {
        assert_eq!(ask(arguments, ""), (Some(0), want.clone(), String::new()));
    }
}

#[test]
fn an_invalid_line_has_a_reason() {
    let herd = Herd::one();
    let address = format!("127.0.0.1:{}", herd["Goloman"].clients);
    for (line, want) in [
        ("IMAT k +1+2 now", "no such command; did you mean IAMAT?"),
        ("IAMAT k +1 3", "there is no longitude"),
        ("WHATSAT k 51 5", "the radius is 0 to 50 km"),
        ("", "the line is empty"),
        (
            "WHATSAT kiwi 10 5",
            "nobody there knows kiwi; say where it is with IAMAT first",
        ),
        (
            "IAMAT k +1+2 99999999999",
            "its time is ahead of the server's clock, or the server's table is full, or with --ack \
             herd-or-error not all servers had it in time",
        ),
    ] {
        let (code, said, why) = ask(&[&address, line], "");
        assert_eq!((code, said), (Some(1), format!("? {line}\n")));
        assert_eq!(why, format!("herd: {address} calls it invalid: {want}\n"));
    }
}

#[test]
fn no_answer_has_a_reason_too() {
    let port = free_port();
    let down = format!("127.0.0.1:{port}");
    let refused = format!("cannot connect to {down}: Connection refused ");
    let cases = [
        (down, &refused[..]),
        (double(None), "no answer within 1 s\n"),
        (
            double(Some(b"AT k\n{".to_vec())),
            "it ended the connection in the middle of its answer, after 6 bytes\n",
        ),
        (
            double(Some(vec![])),
            "it ended the connection without an answer\n",
        ),
        (
            double(Some(vec![b'x'; 7 << 20])),
            "its answer is longer than 6 MiB\n",
        ),
    ];
    for (address, want) in &cases {
        let (code, said, why) = ask(&[address, "--wait", "1", "WHATSAT k 10 5"], "");
        assert_eq!((code, &said[..]), (Some(1), ""), "{why}");
        let want = format!("herd: {address}: {want}");
        assert!(why.starts_with(&want), "{why}");
    }
    let other = double(Some(b"SSH-2.0\r\n".to_vec()));
    let (code, said, why) = ask(&[&other, "WHATSAT k 10 5"], "");
    assert_eq!((code, &said[..]), (Some(1), "SSH-2.0\r\n"));
    assert!(why.contains("does not answer as a clients' door"), "{why}");
}

#[test]
fn each_line_of_a_script_is_answered_in_its_order() {
    let herd = Herd::one();
    let address = format!("127.0.0.1:{}", herd["Goloman"].clients);
    let (code, said, why) = ask(&[&address], "IAMAT a +1+2 3\n\nhello\r\nIAMAT b +1+2 4");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((code, lines.len(), lines[1]), (Some(1), 3, "? hello"));
    assert!(lines[0].ends_with(" a +1+2 3") && lines[2].ends_with(" b +1+2 4"));
    let want = format!(
        "herd: line 3: {address} calls it invalid: no such command; there are IAMAT and WHATSAT\n\
         herd: 1 line has no good answer\n"
    );
    assert_eq!(why, want);
    let (code, said, why) = ask(&[&address], "IAMAT a +1+2 3\nWHATSAT a 0 0\n");
    assert_eq!((code, &why[..]), (Some(0), ""), "{said}");
    // After a line without any answer nothing is said.
    let silent = double(Some(vec![]));
    let (code, said, why) = ask(&[&silent], "IAMAT a +1+2 3\nIAMAT a +1+2 4\n");
    assert_eq!((code, &said[..]), (Some(1), ""));
    assert!(why.starts_with("herd: line 1: 127.0.0.1:"), "{why}");
    let (code, _, why) = ask(&[&address], &"x".repeat(9000));
    assert_eq!((code, &why[..]), (Some(1), "herd: line 1 is too long\n"));
}

#[test]
fn a_prompt_answers_line_by_line_and_goes_on() {
    let mut herd = Herd::one();
    let program = env!("CARGO_BIN_EXE_herd");
    let command = format!("{program} ask -t {} Goloman", topology(&herd["Goloman"]));
    // script(1) gives it a terminal.
    let session = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut session) = session else {
        println!("skipped: no script(1) here");
        return;
    };
    let mut keys = session.stdin.take().unwrap();
    let mut screen = Screen::of(session.stdout.take().unwrap());
    let mut types = |text: &str| keys.write_all(text.as_bytes()).unwrap();
    screen.shows("Goloman> ");
    types("help\r");
    screen.shows("WHATSAT CLIENT RADIUS BOUND");
    screen.shows("Goloman> ");
    types("IAMAT kiwi +34.068930-118.445127 now\r");
    screen.shows("\nAT Goloman +0.");
    screen.shows("Goloman> ");
    types("WHATSAT kiwi 10 1\r");
    screen.shows("\u{1b}[34;1m\"status\"\u{1b}[0m : \u{1b}[32m\"OK\"\u{1b}[0m");
    screen.shows("Goloman> ");
    // Ctrl-C leaves the line.
    types("IAMAT no");
    screen.shows("no");
    types("\u{3}");
    screen.shows("Goloman> ");
    types("IMAT\r");
    screen.shows("? IMAT");
    screen.shows("did you mean IAMAT?");
    screen.shows("Goloman> ");
    herd["Goloman"].kill();
    herd["Goloman"].start();
    // The arrow has the line before.
    types("\u{1b}[A\r");
    screen.shows("Goloman has ended the connection; connecting again");
    screen.shows("? IMAT");
    screen.shows("Goloman> ");
    // Lines that are pasted at once are one entry of the editor.
    types("\u{1b}[200~IMAT 1\rWHATIS 2\u{1b}[201~\r");
    screen.shows("\n? IMAT 1");
    screen.shows("\n? WHATIS 2");
    screen.shows("Goloman> ");
    types("\u{4}");
    assert_eq!(session.wait().unwrap().code(), Some(0));
}
