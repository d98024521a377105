//! Journals that are cut or written over while their server runs, and journals in a place that
//! cannot be changed: a mount of its own, or a directory that is read-only.

use std::fs::{self, File};
use std::io::Write;
use std::process::Command;

use super::support::client::ask_text;
use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::wait::wait_until;
use super::{file, journaled};

const AGAIN: &str = "the journal keeps everything again";

/// Has a server hear of the clients `k0`, `k1` and so on, `times` times.
fn say(server: &Server, count: usize, times: usize) {
    for time in 0..times {
        let line = |number| format!("IAMAT k{number} +1-2 {}\n", 1_000_000 + time);
        let lines: String = (0..count).map(line).collect();
        assert_eq!(ask_text(server.clients, lines).lines().count(), count);
    }
}

/// Kills a server, starts it again, and looks whether it knows all of them.
fn survives(server: &mut Server, count: usize, start: impl Fn(&mut Server)) {
    server.kill();
    start(server);
    for number in 0..count {
        let known = at_line(server.clients, &format!("k{number}")).is_some();
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

/// The file is a mount of its own, as with `docker run -v`, or its directory is read-only. Then it
/// cannot be made shorter, which the status says; and all that is known stays in it, even if it is
/// cut.
#[test]
fn a_journal_that_cannot_be_replaced_says_so_and_is_made_whole() {
    let mount = "for f in herd log; do touch $d/Goloman.$f; mount --bind $d/Goloman.$f \
                 $d/Goloman.$f || exit 9; done";
    let read_only = "mount --bind $d $d && cd / && ";
    let last = "&& mount -o remount,bind,ro $d";
    let scripts = [
        mount.to_string(),
        format!("{read_only}{{ {mount}; }} {last}"),
    ];
    for script in scripts {
        let mut herd = Herd::new(&["Goloman"], &[]);
        herd.write_topologies();
        let server = &mut herd.servers[0];
        let directory = server.directory.display();
        let script = format!("d={directory}; {script} && exec \"$0\" \"$@\"");
        let start = |server: &mut Server| {
            let mut command = Command::new("unshare");
            command.args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_herd")]);
            server.launch_as(command);
            server.wait_for_doors();
        };
        let may = Command::new("unshare").args(["-m", "true"]).status();
        if !may.is_ok_and(|status| status.success()) {
            println!("skipped: no right to a name space of mounts");
            return;
        }
        server.options = ["--log-level", "warn"].map(String::from).to_vec();
        start(server);
        // Twice what is worth a compaction.
        say(server, 1000, 600);
        wait_until("the status says that it is too long", || {
            journal(server)["not_compacted"].is_string()
        });
        assert_eq!(journal(server)["state"], "ok");
        let live = File::options().write(true).open(file(server)).unwrap();
        live.set_len(100).unwrap();
        server.logged(AGAIN);
        assert_eq!(journaled(server).len(), 1000);
        live.set_len(0).unwrap();
        wait_until("it is whole again", || server.count(AGAIN) == 2);
        assert_eq!(journaled(server).len(), 1000);
        survives(server, 1000, start);
    }
}
