//! `herd up --follow`: the logs on the terminal.

use std::fs::{self, OpenOptions};
use std::io::Write;

use super::support::wait::wait_until;
use super::{Herd, Script, Up};

impl Up {
    /// Reads up to the line with `text`, and returns that.
    fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "no {text:?}; {}", self.rest_of_stderr());
            let is_heartbeat = ["MARK", "SINCE", "HELLO"]
                .iter()
                .any(|it| line.contains(it));
            assert!(!is_heartbeat, "{line}");
            if line.contains(text) {
                return line;
            }
        }
    }
}

/// Follows a herd whose first server has a longer name.
fn followed(options: &[&str]) -> (Herd, Up) {
    let herd = Herd::of(&["Goloman", "B", "C"]);
    let mut up = herd.up_with(&[&["--follow"], options].concat());
    up.greeting();
    (herd, up)
}

#[test]
fn an_update_is_seen_on_its_way() {
    let (herd, mut up) = followed(&[]);
    up.line_with("The logs, less what only keeps links alive:");
    // A link may have been cut before, and the way goes on as soon as it is up.
    herd.tell(0, ["kiwi".to_string()]);
    let line = up.line_with(" < IAMAT kiwi +34");
    assert!(line.starts_with("Goloman  127.0.0.1:"), "{line}");
    let (mut has_b, mut has_c) = (false, false);
    while !(has_b && has_c) {
        let line = up.line_with(" < AT Goloman ");
        has_b |= line.starts_with("B        Goloman < AT Goloman ");
        has_c |= line.starts_with("C        B < AT Goloman ");
        assert!(!line.contains('\u{1b}'), "{line}");
    }
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    // How it ends is shown, too.
    assert!(up.rest_of_stdout().contains("Goloman  end"));
}

#[test]
fn a_log_is_followed_into_the_next_file() {
    let (herd, mut up) = followed(&[]);
    let log = herd.path("run/Goloman.log");
    fs::rename(&log, herd.path("run/Goloman.log.1")).unwrap();
    up.signal("USR1");
    wait_until("the log is reopened", || fs::metadata(&log).is_ok());
    herd.tell(0, ["kiwi".to_string()]);
    let line = up.line_with(" < IAMAT kiwi ");
    assert!(line.starts_with("Goloman  "), "{line}");
}

#[test]
fn strangers_can_do_nothing_to_a_terminal_and_long_lines_are_cut() {
    let (herd, mut up) = followed(&[]);
    let mut client = super::Client::of(herd.clients(0));
    client.say(format!("\u{1b}[2J{}\n", "x".repeat(7000)));
    let line = up.line_with("xxx");
    assert!(!line.contains('\u{1b}') && line.len() < 5000, "{line}");
}

/// More than anybody can read is skipped and counted.
#[test]
fn a_fast_log_is_skipped() {
    let (herd, mut up) = followed(&[]);
    let mut log = OpenOptions::new();
    let mut log = log.append(true).open(herd.path("run/B.log")).unwrap();
    let line = "2026-11-26T03:24:15.834104242Z [INFO] a line\n";
    log.write_all(line.repeat(200_000).as_bytes()).unwrap();
    let line = up.line_with("skipped");
    assert!(line.starts_with("B        ... about ") && line.ends_with(" more lines skipped\n"));
    let count: String = line.chars().filter(char::is_ascii_digit).collect();
    // It may be read while it is being written, and is counted by the mean length of lines.
    let is_about = (1_000..210_000).contains(&count.parse::<u32>().unwrap());
    assert!(is_about, "{line}");
    // Then it goes on.
    herd.tell(0, ["kiwi".to_string()]);
    up.line_with(" < IAMAT kiwi ");
}

/// As when somebody presses Ctrl-S: nothing is gathered, and nothing waits.
#[test]
fn a_reader_that_stops_holds_up_nobody() {
    let (herd, mut up) = followed(&[]);
    let mut log = OpenOptions::new();
    let mut log = log.append(true).open(herd.path("run/B.log")).unwrap();
    for round in 0..100 {
        let line = format!(
            "2026-11-26T03:24:15.834104242Z [INFO] {}\n",
            "x".repeat(3000)
        );
        log.write_all(line.repeat(30).as_bytes()).unwrap();
        herd.tell(0, [format!("k{round}")]);
    }
    let status = fs::read_to_string(format!("/proc/{}/status", up.pid())).unwrap();
    let memory = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib: u64 = memory
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(kib < 100_000, "{kib} KiB");
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn it_says_what_a_log_level_leaves_out() {
    let (_herd, mut up) = followed(&["--log-level", "warn"]);
    up.line_with("The logs; --log-level leaves out what clients and servers say:");
    let herd = Herd::new();
    let mut up = herd.up_with(&["--follow", "--log-level", "off"]);
    assert_eq!(up.wait().code(), Some(2));
    let said = up.rest_of_stderr();
    assert!(
        said.starts_with("herd: --follow shows the logs, and --log-level off "),
        "{said}"
    );
}

#[test]
fn a_terminal_has_colours_unless_it_wants_none() {
    for (variables, is_coloured) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
    ] {
        let herd = Herd::of(&["Goloman", "B"]);
        let program = env!("CARGO_BIN_EXE_herd");
        let (topology, run) = (herd.path("t.txt"), herd.path("run"));
        let command = format!("stty cols 60; exec {program} up --follow -t {topology} -d {run}");
        let Some((mut session, mut keys, mut screen)) = Script::start(&command, variables) else {
            return;
        };
        screen.shows("keeps links alive:");
        herd.tell(0, ["kiwi".to_string()]);
        let text = screen.shows("< AT Goloman ");
        assert_eq!(
            text.contains("\u{1b}[32mGoloman\u{1b}[0m  "),
            is_coloured,
            "{text:?}"
        );
        assert_eq!(text.contains('\u{1b}'), is_coloured, "{text:?}");
        // A line has a row for itself.
        let rest = screen.shows("\n");
        assert!(rest.trim_end().ends_with("..."), "{rest:?}");
        keys.write_all(b"\x03").unwrap();
        assert_eq!(session.0.wait().unwrap().code(), Some(0));
    }
}
