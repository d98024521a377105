//! `herd up` with real processes on free ports: its greeting, a server that dies, a port that is
//! taken, and that nothing is left behind however it ends.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::support::process::send_signal;
use super::support::wait::wait_until;
use super::{Herd, Up};

#[test]
fn a_herd_greets_with_what_is_needed_and_ends_at_a_signal() {
    for signal in ["INT", "TERM"] {
        let herd = Herd::new();
        let mut up = herd.up();
        let greeting = up.greeting();
        for (index, name) in ["A", "B", "C"].into_iter().enumerate() {
            let row = greeting
                .lines()
                .find(|line| line.starts_with(&format!("{name} ")));
            let row = row.unwrap_or_else(|| panic!("no {name} in {greeting}"));
            assert!(
                row.contains(&format!("127.0.0.1:{}", herd.clients(index))),
                "{row}"
            );
            assert!(row.ends_with(&format!("/{name}.log")), "{row}");
            assert!(herd.answers(index));
        }
        wait_until("there is one loop, and one thread", || {
            let threads = fs::read_dir(format!("/proc/{}/task", up.process.id()));
            threads.unwrap().count() == 1
        });
        assert!(greeting.contains("\nPlaces: "), "{greeting}");
        let ask = |name| format!("herd ask -t {} {name} ", herd.path("t.txt"));
        assert!(
            greeting.contains(&ask("A")) && greeting.contains(&ask("B")),
            "{greeting}"
        );
        assert!(greeting.contains(&format!("serve -t {} -d ", herd.path("t.txt"))));

        up.signal(signal);
        assert_eq!(up.wait().code(), Some(0));
        assert_eq!(up.rest_of_stderr(), "");
        assert!((0..3).all(|index| !herd.answers(index)), "a server is left");
    }
}

#[test]
fn the_lines_of_the_greeting_can_be_pasted() {
    let herd = Herd::new();
    let mut up = herd.up();
    let greeting = up.greeting();
    let lines = greeting
        .lines()
        .filter_map(|line| line.strip_prefix("    "));
    for line in lines.take(2) {
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.starts_with("AT A "), "{line}: {said}");
    }
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn a_server_that_dies_is_named_and_the_others_go_on() {
    let herd = Herd::new();
    let mut up = herd.up();
    let greeting = up.greeting();
    let pid = Up::pid_in(&greeting);
    assert!(send_signal("KILL", &pid));
    let line = up.stderr_line();
    assert!(
        line.starts_with("herd: B ended: killed by SIGKILL; "),
        "{line}"
    );
    assert!(
        line.trim_end().ends_with(" B"),
        "how to start it again: {line}"
    );
    assert!(herd.answers(0) && !herd.answers(1) && herd.answers(2));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn signals_for_logs_and_links_reach_every_server() {
    let herd = Herd::new();
    let mut up = herd.up();
    up.greeting();
    let log = |name: &str| fs::read_to_string(herd.path(&format!("run/{name}.log")));
    let all = |text: &str| {
        let has = |name| log(name).is_ok_and(|log| log.contains(text));
        ["A", "B", "C"].into_iter().all(has)
    };
    fs::rename(herd.path("run"), herd.path("old")).unwrap();
    up.signal("USR1");
    wait_until("the logs are reopened", || all("the log is reopened"));
    up.signal("HUP");
    wait_until("all have read the topology", || {
        all("read again: links kept")
    });
    assert!((0..3).all(|index| herd.answers(index)));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn a_terminal_that_is_closed_ends_the_herd() {
    let herd = Herd::new();
    let program = env!("CARGO_BIN_EXE_herd");
    let command = format!(
        "{program} up -t {} -d {}",
        herd.path("t.txt"),
        herd.path("run")
    );
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: no script(1) here");
        return;
    }
    // script(1) gives it a terminal. Where these tests run under nohup(1), SIGHUP is ignored, and a
    // herd would outlive its terminal, as it should.
    let mut script = Command::new("env")
        .args(["--default-signal=HUP", "script", "-qc"])
        .args([&command, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("all doors are open", || {
        (0..3).all(|index| herd.answers(index))
    });
    script.kill().unwrap();
    script.wait().unwrap();
    wait_until("all servers are gone", || {
        (0..3).all(|index| !herd.answers(index))
    });
}

#[test]
fn a_log_that_cannot_be_written_is_named_while_the_server_goes_on() {
    let herd = Herd::new();
    fs::create_dir_all(herd.path("run")).unwrap();
    std::os::unix::fs::symlink("/dev/full", herd.path("run/B.log")).unwrap();
    let mut up = herd.up();
    let line = up.stderr_line();
    assert!(
        line.starts_with("herd: B: ") && line.contains("cannot be written"),
        "{line}"
    );
    up.greeting();
    assert!((0..3).all(|index| herd.answers(index)));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    assert_eq!(up.rest_of_stderr(), "");
}

#[test]
fn a_taken_port_fails_one_server_and_is_given_as_the_reason() {
    let herd = Herd::new();
    let taken = TcpListener::bind(("127.0.0.1", herd.clients(2))).unwrap();
    let mut up = herd.up();
    let greeting = up.greeting();
    assert!(
        !greeting.lines().any(|line| line.starts_with("C ")),
        "{greeting}"
    );
    let line = up.stderr_line();
    let (port, pid) = (herd.clients(2), std::process::id());
    let why = format!("herd: C did not start: cannot listen on 127.0.0.1:{port}: ");
    assert!(line.starts_with(&why), "{line}");
    // To start it again would not help.
    let what = format!(" (pid {pid}), or change the port in the topology\n");
    assert!(line.ends_with(&what), "{line}");
    assert!(herd.answers(0) && herd.answers(1));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(1));
    assert_eq!(up.rest_of_stderr(), "herd: C never came up\n");
    drop(taken);
}

#[test]
fn when_none_can_start_the_run_has_failed() {
    let herd = Herd::new();
    for name in ["A", "B", "C"] {
        // An alien journal is found by its server alone.
        fs::write(herd.path(&format!("run/{name}.herd")), "my poems\n").unwrap();
    }
    let stderr = herd.refused(&[]);
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    let is_fine = |line: &str| line.starts_with("herd: ") && !line.contains("again:");
    assert!(stderr.lines().all(is_fine), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn nothing_is_left_when_up_itself_is_killed() {
    let herd = Herd::new();
    let mut up = herd.up();
    up.greeting();
    up.signal("KILL");
    up.wait();
    wait_until("all servers are gone", || {
        (0..3).all(|index| !herd.answers(index))
    });
}

#[test]
fn a_server_that_hangs_is_killed_by_a_second_signal() {
    let herd = Herd::new();
    let mut up = herd.up();
    let greeting = up.greeting();
    let pid = Up::pid_in(&greeting);
    // A stopped process cannot end by itself.
    assert!(send_signal("STOP", &pid));
    up.signal("INT");
    wait_until("the others have ended", || {
        !herd.answers(0) && !herd.answers(2)
    });
    // Signals that come together with the first are taken for the same wish.
    wait_until("herd up has ended", || {
        up.signal("INT");
        up.process.try_wait().unwrap().is_some()
    });
    assert_eq!(up.wait().code(), Some(0));
    // Closed doors are not the end of a process yet, so the others may be killed as well.
    let killed = up.rest_of_stderr();
    let line = "herd: B did not end and was killed\n";
    assert!(killed.contains(line), "{killed}");
}

#[test]
fn what_takes_long_to_end_is_named() {
    let herd = Herd::new();
    let mut up = herd.up();
    let pid = Up::pid_in(&up.greeting());
    assert!(send_signal("STOP", &pid));
    up.signal("INT");
    let line = up.line();
    // On a slow machine the others may take as long.
    assert!(
        line.starts_with("Ending; waiting for ") && line.contains('B'),
        "{line}"
    );
    assert!(line.ends_with(" (Ctrl-C again kills).\n"), "{line}");
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    assert!(
        up.rest_of_stderr()
            .contains("herd: B did not end and was killed\n")
    );
}

#[test]
fn a_herd_of_one_is_spoken_of_as_one() {
    let herd = Herd::of(&["A"]);
    let mut up = herd.up();
    let greeting = up.greeting();
    assert!(
        greeting.contains("then ask what is near it:\n"),
        "{greeting}"
    );
    assert!(greeting.ends_with("\nCtrl-C ends it.\n"), "{greeting}");
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}
