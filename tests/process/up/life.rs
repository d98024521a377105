//! `herd up` with real processes on free ports: its greeting, a server that dies, a port that is
//! taken, and that nothing is left behind however it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};

use crate::support::herd::Directory;
use crate::support::ports::{free_port, is_open};
use crate::support::process::send_signal;
use crate::support::wait::wait_until;

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
    let kill = greeting.lines().find(|line| line.contains("kill -9"));
    let pid = kill.and_then(|line| line.split(' ').next_back()).unwrap();
    assert!(send_signal("KILL", pid));
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
    assert!(line.starts_with("herd: C ended: "), "{line}");
    assert!(
        line.contains(&herd.clients(2).to_string()),
        "the port: {line}"
    );
    assert!(herd.answers(0) && herd.answers(1));
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    drop(taken);
}

#[test]
fn when_none_can_start_the_run_has_failed() {
    let herd = Herd::new();
    let taken: Vec<TcpListener> = (0..3)
        .map(|index| TcpListener::bind(("127.0.0.1", herd.clients(index))).unwrap())
        .collect();
    let mut up = herd.up();
    assert_eq!(up.wait().code(), Some(1));
    let stderr = up.rest_of_stderr();
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    assert!(
        stderr.lines().all(|line| line.starts_with("herd: ")),
        "{stderr}"
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
    let mut stdout = String::new();
    up.stdout.read_to_string(&mut stdout).unwrap();
    assert_eq!(stdout, "");
    drop(taken);
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
    let kill = greeting.lines().find(|line| line.contains("kill -9"));
    let pid = kill.and_then(|line| line.split(' ').next_back()).unwrap();
    // A stopped process cannot end by itself.
    assert!(send_signal("STOP", pid));
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

/// Three servers in a chain, on ports that were free a moment ago, with a directory of their own.
struct Herd {
    directory: Directory,
    ports: Vec<u16>,
}

impl Herd {
    fn new() -> Herd {
        let directory = Directory::new();
        let ports: Vec<u16> = (0..6).map(|_| free_port()).collect();
        let mut text = String::from("link A B\nlink B C\n");
        for (name, ports) in ["A", "B", "C"].into_iter().zip(ports.chunks(2)) {
            text += &format!(
                "server {name} 127.0.0.1 clients={} servers={}\n",
                ports[0], ports[1]
            );
        }
        fs::write(directory.0.join("t.txt"), text).unwrap();
        Herd { directory, ports }
    }

    fn path(&self, name: &str) -> String {
        self.directory.0.join(name).display().to_string()
    }

    fn clients(&self, index: usize) -> u16 {
        self.ports[2 * index]
    }

    /// Can its clients' door be dialled?
    fn answers(&self, index: usize) -> bool {
        is_open(self.clients(index))
    }

    fn up(&self) -> Up {
        let mut process = Command::new(env!("CARGO_BIN_EXE_herd"))
            .args(["up", "-t", &self.path("t.txt"), "-d", &self.path("run")])
            .env_remove("GOOGLE_MAPS_API_KEY")
            .env_remove("PLACES_API_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Up {
            stdout: BufReader::new(process.stdout.take().unwrap()),
            stderr: BufReader::new(process.stderr.take().unwrap()),
            process,
        }
    }
}

/// A running `herd up`; it does not outlive the test.
struct Up {
    process: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Up {
    /// All it says until it says how to end it.
    fn greeting(&mut self) -> String {
        let mut text = String::new();
        while !text.contains("Ctrl-C") {
            let got = self.stdout.read_line(&mut text).unwrap();
            assert!(got > 0, "{text}{}", self.rest_of_stderr());
        }
        text
    }

    fn stderr_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    fn rest_of_stderr(&mut self) -> String {
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }

    fn signal(&self, signal: &str) {
        assert!(send_signal(signal, &self.process.id().to_string()));
    }

    fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("herd up has ended", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
