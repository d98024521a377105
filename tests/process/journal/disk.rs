//! Disks without room, and directories that go away: the server serves on, says so once, and keeps
//! everything again when it can.

use std::fs;
use std::process::Command;

use super::support::herd::{Herd, at_line};
use super::support::wait::wait_until;
use super::{file, journaled};

const FAILS: &str = "the journal keeps nothing for now: ";
const AGAIN: &str = "the journal keeps everything again";

/// A process whose files may not be longer than some blocks of 512 or 1024 bytes: to it the disk is
/// full, until the limit is lifted.
#[test]
fn a_full_disk_is_no_reason_to_stop() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = ["--log-level", "warn"].map(String::from).to_vec();
    let mut shell = Command::new("sh");
    let script = "ulimit -S -f 64; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_herd")]);
    server.launch_as(shell);
    server.greeting();
    let mut client = server.client();
    let mut said = 0;
    let mut say = |client: &mut super::support::client::Client, count: usize| {
        for _ in 0..count {
            let reply = client.ask(format!("IAMAT k{said} +1-2 1000000\n"));
            assert!(reply.starts_with("AT Goloman "), "{reply}");
            said += 1;
        }
        said
    };
    while say(&mut client, 100) < 2000 {}
    server.logged(FAILS);
    let before = fs::metadata(file(server)).unwrap().len();
    say(&mut client, 100);
    assert_eq!(fs::metadata(file(server)).unwrap().len(), before);
    let pid = server.pid().to_string();
    let mut lift = Command::new("prlimit");
    lift.args(["--pid", &pid, "--fsize=unlimited:unlimited"]);
    if !lift.status().is_ok_and(|status| status.success()) {
        println!("skipped: no prlimit here to make room with");
        return;
    }
    server.logged(AGAIN);
    let all = say(&mut client, 100);
    assert_eq!((server.count(FAILS), server.count(AGAIN)), (1, 1));
    server.kill();
    assert_eq!(journaled(server).len(), all);
    server.start();
    for number in [0, 1, all / 2, all - 1] {
        assert!(at_line(server.clients, &format!("k{number}")).is_some());
    }
}

#[test]
fn a_directory_that_goes_and_comes_back() {
    for fsync in ["always", "everysec", "off"] {
        let mut herd = Herd::one_with(&["--fsync", fsync]);
        let server = &mut herd.servers[0];
        let away = server.directory.with_extension("away");
        let mut client = server.client();
        client.ask("IAMAT before +1-2 1000000\n");
        fs::rename(&server.directory, &away).unwrap();
        client.ask("IAMAT meanwhile +1-2 1000000\n");
        let log = || fs::read_to_string(away.join("Goloman.log")).unwrap();
        wait_until("it says so", || log().contains(FAILS));
        client.ask("IAMAT later +1-2 1000000\n");
        fs::create_dir(&server.directory).unwrap();
        wait_until("it keeps everything again", || log().contains(AGAIN));
        let times = |text: &str| log().matches(text).count();
        assert_eq!((times(FAILS), times(AGAIN)), (1, 1), "{}", log());
        client.ask("IAMAT last +1-2 1000000\n");
        server.kill();
        let all: Vec<String> = journaled(server).into_keys().collect();
        assert_eq!(all, ["before", "last", "later", "meanwhile"], "{fsync}");
        server.start();
    }
}

#[test]
fn a_journal_that_cannot_be_begun_is_an_error() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    for (target, why) in [("/dev/full", "no journal"), ("none/x", "No such file")] {
        std::os::unix::fs::symlink(target, file(server)).unwrap();
        server.launch();
        let ended = server.ended();
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1);
        fs::remove_file(file(server)).unwrap();
    }
}
