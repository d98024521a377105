//! A herd that runs already, as a whole or in part, in this directory or another; and who has what
//! it needs.

use std::fs;
use std::net::TcpListener;

use super::support::ports::is_open;
use super::support::wait::wait_until;
use super::{Herd, Up};

/// Two lines of a terminal.
#[track_caller]
fn is_short(line: &str) {
    assert!(line.lines().count() == 1 && line.len() <= 2 * 80, "{line}");
}

#[test]
fn a_second_herd_up_names_the_first_and_starts_nothing() {
    for options in [
        &[][..],
        &["--no-journal"],
        &["--no-journal", "--log-level", "off"],
    ] {
        let herd = Herd::new();
        let mut up = herd.up_with(options);
        let greeting = up.greeting();
        let said = herd.refused(options);
        is_short(&said);
        let pid = up.pid();
        let start = format!("herd: this herd already runs (herd up, pid {pid}, for ");
        assert!(said.starts_with(&start), "{said}");
        let end = format!("); end it with Ctrl-C there, or: kill {pid}\n");
        assert!(said.ends_with(&end), "{said}");
        // Each start of a server is in its log, sooner or later.
        let log = fs::read_to_string(herd.path("run/A.log")).unwrap_or_default();
        assert!(log.matches(" begins; places").count() <= 1, "{log}");
        assert!((0..3).all(|index| herd.answers(index)), "{greeting}");
        // It is true that this ends it.
        up.signal("TERM");
        assert_eq!(up.wait().code(), Some(0));
        assert_eq!(up.rest_of_stderr(), "");
    }
}

#[test]
fn a_part_of_a_herd_is_enough() {
    let herd = Herd::new();
    let mut up = herd.up();
    let pid = Up::pid_in(&up.greeting());
    assert!(super::send_signal("KILL", &pid));
    up.stderr_line();
    let said = herd.refused(&[]);
    is_short(&said);
    let start = format!(
        "herd: 2 of the 3 servers already run (herd up, pid {}, for ",
        up.pid()
    );
    assert!(said.starts_with(&start), "{said}");
    assert!(!herd.answers(1));
}

#[test]
fn a_herd_of_another_directory_is_named_by_its_port() {
    let herd = Herd::new();
    let mut up = herd.up();
    up.greeting();
    let topology = herd.path("t.txt");
    let other = herd.path("other");
    let mut second = std::process::Command::new(env!("CARGO_BIN_EXE_herd"));
    let second = second.args(["up", "-t", &topology, "-d", &other]);
    let output = second.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    is_short(&said);
    let (port, pid) = (herd.clients(0), up.pid());
    let start = format!("herd: another herd has port {port} (herd up, pid {pid}, for ");
    assert!(said.starts_with(&start), "{said}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}

#[test]
fn a_file_that_is_left_over_means_nothing() {
    let herd = Herd::new();
    let mut up = herd.up();
    up.greeting();
    up.signal("KILL");
    up.wait();
    wait_until("all servers are gone", || {
        !(0..6).any(|it| is_open(herd.ports[it]))
    });
    let mut up = herd.up();
    up.greeting();
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
}

#[test]
fn servers_that_were_started_by_themselves_are_named() {
    let herd = Herd::new();
    let servers = ["A", "B", "C"].map(|name| herd.serve(name, &[]));
    let pids = servers.each_ref().map(|it| it.pid().to_string()).join(" ");
    let said = herd.refused(&[]);
    is_short(&said);
    assert!(
        said.starts_with("herd: this herd already runs, started server by server"),
        "{said}"
    );
    assert!(
        said.ends_with(&format!("end it with: kill {pids}\n")),
        "{said}"
    );
}

#[test]
fn a_server_that_runs_elsewhere_is_left_alone_and_named_at_the_end() {
    for options in [&[][..], &["--no-journal"]] {
        let herd = Herd::new();
        let mut stray = herd.serve("B", options);
        let mut up = herd.up_with(options);
        let greeting = up.greeting();
        assert!(!greeting.contains("\nB "), "{greeting}");
        let pid = stray.pid();
        let alone =
            format!("herd: B already runs (pid {pid}), started elsewhere; it is left alone\n");
        assert_eq!(up.stderr_line(), alone);
        // The herd is whole.
        herd.tell(0, ["kiwi".to_string()]);
        herd.waits_for(2, "kiwi");
        up.signal("INT");
        assert_eq!(up.wait().code(), Some(0));
        let still =
            format!("herd: B still runs (pid {pid}), started elsewhere; end it with: kill {pid}\n");
        assert_eq!(up.rest_of_stderr(), still);
        assert!(herd.answers(1));
        stray.signal("TERM");
        assert_eq!(stray.wait().code(), Some(0));
    }
}

#[test]
fn a_server_that_was_started_again_elsewhere_is_named_at_the_end() {
    let herd = Herd::new();
    let mut up = herd.up();
    let pid = Up::pid_in(&up.greeting());
    assert!(super::send_signal("KILL", &pid));
    up.stderr_line();
    let stray = herd.serve("B", &[]);
    up.signal("INT");
    // All of ours had come up.
    assert_eq!(up.wait().code(), Some(0));
    let pid = stray.pid();
    let still =
        format!("herd: B still runs (pid {pid}), started elsewhere; end it with: kill {pid}\n");
    assert_eq!(up.rest_of_stderr(), still);
}

#[test]
fn a_program_that_has_all_ports_is_named() {
    let herd = Herd::new();
    let listen = |index| TcpListener::bind(("127.0.0.1", herd.clients(index))).unwrap();
    let _taken = [0, 1, 2].map(listen);
    let said = herd.refused(&[]);
    is_short(&said);
    assert!(said.starts_with("herd: no server can start: "), "{said}");
    let has = format!(
        " (pid {}) has port {}; ",
        std::process::id(),
        herd.clients(0)
    );
    assert!(said.contains(&has), "{said}");
}

/// Two that start at the same moment do not share the servers among them.
#[test]
fn of_two_at_once_one_starts_all() {
    let herd = Herd::new();
    let mut both = [herd.up(), herd.up()];
    let mut ended = None;
    wait_until("one has ended", || {
        ended = both
            .iter_mut()
            .position(|up| up.process.try_wait().unwrap().is_some());
        ended.is_some()
    });
    let ended = ended.unwrap();
    assert_eq!(both[ended].wait().code(), Some(1));
    let said = both[ended].rest_of_stderr();
    is_short(&said);
    let first = both[1 - ended].pid();
    // The first may have finished its start just when the second looked who it is.
    let is_named = said.contains(&format!("pid {first}"));
    assert!(
        is_named || said.starts_with("herd: another herd up is starting "),
        "{said}"
    );
    both[1 - ended].greeting();
    assert!((0..3).all(|index| herd.answers(index)));
    both[1 - ended].signal("INT");
    assert_eq!(both[1 - ended].wait().code(), Some(0));
    assert_eq!(both[1 - ended].rest_of_stderr(), "");
}
