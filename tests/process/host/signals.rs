//! Signals that come before a server has begun, that its parent blocks or ignores, or that the
//! first process of a container gets: each is obeyed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use nix::sys::signal::SigSet;

use super::after;
use super::support::herd::Herd;
use super::support::process::{Server, send_signal};
use super::support::wait::{wait_for, wait_until};

/// A herd of one whose topology is a named pipe: nobody can read it before the test writes it.
fn herd() -> (Herd, String) {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let path = &herd.servers[0].topology;
    let text = fs::read_to_string(path).unwrap();
    fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    (herd, text)
}

/// Whether a process waits in open(2), or is about to: its program is there, and catches SIGTERM.
fn is_waiting(pid: u32) -> bool {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let caught = read("status")
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    read("comm").trim() == "herd" && caught.is_some_and(|signals| signals >> 14 & 1 == 1)
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split(' ').filter_map(|it| it.parse().ok()).collect()
}

#[test]
fn a_signal_is_not_lost_before_a_server_has_begun() {
    for signal in ["HUP", "USR1"] {
        let (mut herd, text) = herd();
        let server = &mut herd.servers[0];
        server.launch();
        wait_until("it waits", || is_waiting(server.pid()));
        server.signal(signal);
        fs::write(&server.topology, &text).unwrap();
        server.greeting();
        // It is obeyed when the loop begins. This pipe has nothing more to read.
        server.logged(match signal {
            "HUP" => "the topology was read again, and is not taken over",
            _ => "the log is reopened",
        });
    }
}

#[test]
fn a_server_that_has_not_begun_ends_when_it_is_asked_to() {
    for parent in [":", "trap '' TERM INT HUP USR1"] {
        for signal in ["TERM", "INT"] {
            let (mut herd, _) = herd();
            let server = &mut herd.servers[0];
            server.launch_as(after(parent));
            wait_until("it waits", || is_waiting(server.pid()));
            server.signal(signal);
            let ended = server.ended();
            assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{parent}");
        }
    }
}

#[test]
fn signals_that_the_parent_blocks_or_ignores_are_obeyed() {
    let begin = |server: &mut Server, command: Command| {
        server.launch_as(command);
        server.greeting();
    };
    for blocks in [true, false] {
        let mut herd = Herd::new(&["Goloman"], &[]);
        herd.write_topologies();
        let server = &mut herd.servers[0];
        if blocks {
            // A process inherits the mask of the thread that starts it (sigprocmask(2)).
            thread::scope(|scope| {
                scope.spawn(|| {
                    SigSet::all().thread_block().unwrap();
                    begin(server, after(":"));
                });
            });
        } else {
            begin(server, after("trap '' TERM INT HUP USR1 CHLD PIPE"));
        }
        server.signal("HUP");
        server.logged("the topology was read again: ");
        server.signal("USR1");
        server.logged("the log is reopened");
        server.signal("TERM");
        assert_eq!(server.ended().code, Some(0));
    }
}

/// `herd up` too, and it notices how its servers end.
#[test]
fn herd_up_is_no_worse() {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &herd.servers[0];
    let mut up = after("trap '' TERM INT CHLD");
    up.args(["up", "-t"])
        .arg(&server.topology)
        .arg("-d")
        .arg(&server.directory);
    let mut up = up
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.wait_for_doors();
    let child = children(up.id())[0].to_string();
    assert!(send_signal("KILL", &child));
    wait_until("herd up has ended", || up.try_wait().unwrap().is_some());
    assert_eq!(up.wait().unwrap().code(), Some(1), "no server is left");

    let (herd, _) = self::herd();
    let mut up = Command::new(env!("CARGO_BIN_EXE_herd"));
    let mut up = up
        .arg("up")
        .arg("-t")
        .arg(&herd.servers[0].topology)
        .spawn()
        .unwrap();
    for signal in ["HUP", "USR1", "TERM"] {
        wait_until("it waits", || is_waiting(up.id()));
        assert!(up.try_wait().unwrap().is_none());
        assert!(send_signal(signal, &up.id().to_string()));
    }
    wait_until("herd up has ended", || up.try_wait().unwrap().is_some());
    assert_eq!(up.wait().unwrap().code(), Some(0));
}

/// The first process of a name space of processes; none where there is no right to one.
fn first_process(arguments: &[&str], topology: &PathBuf) -> Option<(Child, u32)> {
    let mut unshare = Command::new("unshare");
    unshare.args(["-p", "-f", "--kill-child", env!("CARGO_BIN_EXE_herd")]);
    unshare.args(arguments).arg("-t").arg(topology);
    let mut unshare = unshare
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let pid = unshare.id();
    let first = wait_for("the first process runs", || {
        if unshare.try_wait().unwrap().is_some() {
            return Some(None);
        }
        children(pid)
            .first()
            .copied()
            .filter(|it| is_waiting(*it))
            .map(Some)
    });
    first.map(|first| (unshare, first))
}

/// Nothing ends the first process of a container that it does not catch.
#[test]
fn the_first_process_of_a_container_ends_when_it_is_asked_to() {
    for (verb, code) in [
        (&["serve", "Goloman"][..], 0),
        (&["up"], 0),
        (&["check"], 143),
        (&["status"], 143),
    ] {
        let (herd, _) = herd();
        let Some((mut unshare, first)) = first_process(verb, &herd.servers[0].topology) else {
            println!("skipped: no unshare here, or no right to it");
            return;
        };
        assert!(send_signal("TERM", &first.to_string()));
        wait_until("it has ended", || unshare.try_wait().unwrap().is_some());
        assert_eq!(unshare.wait().unwrap().code(), Some(code), "{verb:?}");
    }
}

/// nohup(1) has SIGHUP ignored in `herd up` alone: what it starts knows nothing of that.
#[test]
fn under_nohup_a_server_reads_its_topology_at_a_signal() {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &herd.servers[0];
    let (topology, directory) = (server.topology.display(), server.directory.display());
    let program = env!("CARGO_BIN_EXE_herd");
    let pids = server.directory.join("pids");
    let command = format!(
        "nohup {program} up -t {topology} -d {directory} > /dev/null 2>&1 & echo $! > {}; wait",
        pids.display()
    );
    // script(1) gives it a terminal.
    let script = Command::new("script")
        .args(["-qc", &command, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut script) = script else {
        println!("skipped: no script(1) here");
        return;
    };
    server.wait_for_doors();
    let up: u32 = fs::read_to_string(pids).unwrap().trim().parse().unwrap();
    let child = children(up)[0];
    let terminal = format!("/proc/{child}/stat");
    // The seventh field, behind the name in brackets, is the terminal.
    let terminal = || {
        fs::read_to_string(&terminal)
            .unwrap()
            .split(' ')
            .nth(6)
            .unwrap()
            != "0"
    };
    assert!(terminal(), "it was started from one");
    script.kill().unwrap();
    script.wait().unwrap();
    wait_until("the terminal is closed", || !terminal());
    assert!(send_signal("HUP", &child.to_string()));
    server.logged("the topology was read again: ");
    assert!(File::open(format!("/proc/{child}/stat")).is_ok());
    assert!(send_signal("TERM", &up.to_string()));
    wait_until("all are gone", || children(up).is_empty());
}
