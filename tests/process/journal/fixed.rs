//! Journals that are cut or written over while their server runs, and journals in a place that
//! cannot be changed: a mount of its own, a directory that is read-only or somebody else's, a disk
//! that has no room for a copy.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::support::client::ask_text;
use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::space::{Space, run};
use super::support::wait::wait_until;
use super::{file, journaled};

const AGAIN: &str = "the journal keeps everything again";

/// The name of a client: long, so that few moves make a long journal.
fn client(number: usize) -> String {
    format!("k{number}-{}", "x".repeat(1000))
}

/// Has a server hear of this many clients, `times` times.
fn say(server: &Server, count: usize, times: usize) {
    for time in 0..times {
        let line = |number| format!("IAMAT {} +1-2 {}\n", client(number), 1_000_000 + time);
        let lines: String = (0..count).map(line).collect();
        assert_eq!(ask_text(server.clients, lines).lines().count(), count);
    }
}

/// Kills a server, starts it again, and looks whether it knows all of them.
fn survives(server: &mut Server, count: usize, start: impl Fn(&mut Server)) {
    server.kill();
    start(server);
    for number in 0..count {
        let known = at_line(server.clients, &client(number)).is_some();
        assert!(known, "k{number} is lost");
    }
}

/// Nobody says a word to the server meanwhile.
#[test]
fn a_journal_that_is_cut_or_written_over_is_made_whole() {
    let cut = |length| {
        move |server: &Server| {
            let live = File::options().write(true).open(file(server)).unwrap();
            live.set_len(length).unwrap();
        }
    };
    let copied_back = |server: &Server| {
        let text = fs::read(file(server)).unwrap();
        fs::write(file(server), &text[..text.len() / 2]).unwrap();
    };
    // By the time of the next look it is longer than it was.
    let cut_and_grown = |server: &Server| {
        cut(0)(server);
        let mut live = File::options().append(true).open(file(server)).unwrap();
        live.write_all(&[b'\n'; 5000]).unwrap();
    };
    let alien = |server: &Server| {
        let mut text = Vec::new();
        herd::wire::journal_line::push(&mut text, b"herd-journal 2 Hands");
        fs::write(file(server), text).unwrap();
    };
    let damages: [&dyn Fn(&Server); 5] = [&cut(0), &cut(50), &copied_back, &cut_and_grown, &alien];
    for damage in damages {
        let mut herd = Herd::one();
        let server = &mut herd.servers[0];
        say(server, 10, 1);
        wait_until("it is written", || journaled(server).len() == 10);
        damage(server);
        server.logged(": it was cut or written over; serving on");
        server.logged(AGAIN);
        survives(server, 10, Server::start);
    }
}

#[test]
fn a_closed_segment_that_is_cut_is_made_whole() {
    for text in ["", "Shall I compare thee\n"] {
        let mut herd = Herd::one();
        let server = &mut herd.servers[0];
        say(server, 10, 1);
        server.kill();
        let closed = file(server).with_extension("herd.1");
        fs::rename(file(server), &closed).unwrap();
        server.start();
        fs::write(&closed, text).unwrap();
        server.logged("Goloman.herd.1: it was cut or written over");
        server.logged(AGAIN);
        survives(server, 10, Server::start);
    }
}

/// The journal's part of the status.
fn journal(server: &Server) -> serde_json::Value {
    let text = ask_text(server.servers, "STATUS\n");
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["journal"].clone()
}

/// A journal that cannot be replaced cannot be made shorter, which the status says; and all that is
/// known stays in it, even if it is cut.
fn says_so_and_is_made_whole(herd: &mut Herd, start: impl Fn(&mut Server)) {
    let server = &mut herd.servers[0];
    server.options = ["--log-level", "warn"].map(String::from).to_vec();
    start(server);
    // More than what is worth a compaction.
    say(server, 100, 180);
    wait_until("the status says that it is too long", || {
        journal(server)["not_compacted"].is_string()
    });
    assert_eq!(journal(server)["state"], "ok");
    let live = File::options().write(true).open(file(server)).unwrap();
    live.set_len(100).unwrap();
    server.logged(AGAIN);
    assert_eq!(journaled(server).len(), 100);
    live.set_len(0).unwrap();
    wait_until("it is whole again", || server.count(AGAIN) == 2);
    assert_eq!(journaled(server).len(), 100);
    survives(server, 100, start);
}

fn herd() -> Herd {
    let herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    herd
}

/// The file is a mount of its own, as with `docker run -v`, or its directory is read-only, too.
#[test]
fn a_journal_that_is_a_mount_says_so_and_is_made_whole() {
    let mount = "for f in herd log; do touch $d/Goloman.$f; mount --bind $d/Goloman.$f \
                 $d/Goloman.$f || exit 9; done";
    let read_only = "mount --bind $d $d && cd / && ";
    let last = "&& mount -o remount,bind,ro $d";
    let scripts = [
        mount.to_string(),
        format!("{read_only}{{ {mount}; }} {last}"),
    ];
    let may = Command::new("unshare").args(["-m", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        println!("skipped: no right to a name space of mounts");
        return;
    }
    for script in scripts {
        let mut herd = herd();
        let directory = herd.servers[0].directory.display();
        let script = format!("d={directory}; {script} && exec \"$0\" \"$@\"");
        says_so_and_is_made_whole(&mut herd, |server| {
            let mut command = Command::new("unshare");
            command.args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_herd")]);
            server.launch_as(command);
            server.wait_for_doors();
        });
    }
}

/// The file is another user's, in a directory like `/tmp`, where it can be written but not renamed;
/// or in one where nothing can be made.
#[test]
fn a_journal_in_anothers_directory_says_so_and_is_made_whole() {
    let as_another = || {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid", "54321", "--clear-groups"]);
        setpriv.arg(env!("CARGO_BIN_EXE_herd"));
        setpriv
    };
    let may = as_another().arg("-V").output();
    if !may.is_ok_and(|it| it.status.success()) {
        println!("skipped: no setpriv here, or no right to it");
        return;
    }
    for mode in [0o1777, 0o555] {
        let mut herd = herd();
        let directory = &herd.servers[0].directory;
        for name in ["Goloman.herd", "Goloman.log"] {
            let file = directory.join(name);
            File::create(&file).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        }
        fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
        says_so_and_is_made_whole(&mut herd, |server| {
            server.launch_as(as_another());
            server.greeting();
        });
    }
}

/// There is room for what is appended, but not for a copy of all clients.
#[test]
fn a_journal_without_room_for_its_copy_says_so() {
    let test = "journal::fixed::a_journal_without_room_for_its_copy_says_so";
    let Some(_space) = Space::enter(test) else {
        return;
    };
    let mut herd = herd();
    let server = &mut herd.servers[0];
    let directory = server.directory.display().to_string();
    run(&format!("mount -t tmpfs -o size=20m tmpfs {directory}"));
    server.options = ["--log-level", "warn"].map(String::from).to_vec();
    server.start();
    // 16.9 MiB, of which 6.2 MiB are the newest reports.
    say(server, 6000, 2);
    say(server, 4500, 3);
    wait_until("the status says that it is too long", || {
        let why = journal(server)["not_compacted"].to_string();
        why.contains("No space left on device")
    });
    // The room that the copy took is free again.
    wait_until("it keeps everything", || journal(server)["state"] == "ok");
    server.kill();
    assert_eq!(journaled(server).len(), 6000);
    server.start();
    let last = at_line(server.clients, &client(5999));
    assert!(last.is_some());
}
