//! Limits that a process meets: the table's size, a log that cannot be written, patience.

use std::fs;
use std::os::unix::fs::symlink;

use super::iamat;
use super::support::client::ask_text;
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::wait_until;

fn log_of(server: &Server) -> std::path::PathBuf {
    server.directory.join("Goloman.log")
}

#[test]
fn a_full_table_takes_no_new_client_and_known_ones_move() {
    let herd = Herd::one_with(&["--records-max", "2"]);
    let mut client = herd.servers[0].client();
    for name in ["a", "b", "a"] {
        assert!(client.ask(iamat(name)).starts_with("AT Goloman "));
    }
    let line = iamat("c");
    assert_eq!(client.ask(&line), format!("? {}", line.trim_end()));
    assert!(client.ask(iamat("b")).starts_with("AT Goloman "));
}

#[test]
fn a_log_on_a_full_disk_stops_nobody_and_is_said_once() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let log = log_of(&herd.servers[0]);
    symlink("/dev/full", &log).unwrap();
    herd.start();
    let mut client = herd.servers[0].client();
    for number in 0..3000 {
        let line = iamat(&format!("{}{number}", "k".repeat(100)));
        assert!(client.ask(&line).starts_with("AT Goloman "));
    }
    let servers = herd.servers[0].servers;
    let shows = |text: &str| {
        let what = format!("the status shows {text}");
        wait_until(&what, || ask_text(servers, "STATUS\n").contains(text));
    };
    shows(r#""state":"failing","why":"No space left on device"#);
    // There is room again: the log is written, and says that it was not.
    fs::remove_file(&log).unwrap();
    fs::write(&log, "").unwrap();
    herd.servers[0].signal("USR1");
    herd.servers[0].logged("the log is written again");
    client.ask(iamat("again"));
    herd.servers[0].logged("< IAMAT again");
    shows(r#""state":"ok","why":null},"longest_turn_us""#);
    // Every line that is there is whole, and the first are the oldest.
    let text = herd.servers[0].log();
    let is_line = |line: &str| line.starts_with("20") && line.contains("Z [");
    assert!(text.lines().all(is_line), "{text}");
    assert!(
        text.lines().next().unwrap().contains(" begins; places: "),
        "{text}"
    );
    drop(client);
    herd.servers[0].signal("TERM");
    let ended = herd.servers[0].ended();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    let want = format!(
        "herd: warning: {} cannot be written: No space",
        log.display()
    );
    assert!(ended.stderr.starts_with(&want), "{}", ended.stderr);
}

#[test]
fn a_log_that_was_moved_away_is_begun_anew_at_a_signal() {
    let herd = Herd::one();
    let server = &herd.servers[0];
    let mut client = server.client();
    client.ask(iamat("before"));
    server.logged("< IAMAT before");
    // With its directory, too.
    let away = server.directory.with_extension("away");
    fs::rename(&server.directory, &away).unwrap();
    server.signal("USR1");
    wait_until("there is a new one", || log_of(server).exists());
    client.ask(iamat("after"));
    server.logged("< IAMAT after");
    assert_eq!(server.count("before"), 0);
    let old = fs::read_to_string(away.join("Goloman.log")).unwrap();
    assert!(old.contains("< IAMAT before") && !old.contains("< IAMAT after"));
    assert_eq!(client.ask("hello\n"), "? hello");
}

#[test]
fn a_log_that_was_removed_with_its_directory_is_made_again_when_it_can_be() {
    let mut herd = Herd::one();
    let log = log_of(&herd.servers[0]);
    let server = &herd.servers[0];
    // Where the directory was there is a file.
    fs::remove_dir_all(&server.directory).unwrap();
    fs::write(&server.directory, "").unwrap();
    server.signal("USR1");
    let mut client = server.client();
    for number in 0..10 {
        client.ask(iamat(&format!("k{number}")));
    }
    fs::remove_file(&server.directory).unwrap();
    wait_until("it is made again", || log.exists());
    server.logged("the log is written again");
    server.logged("< IAMAT k9");
    drop(client);
    herd.servers[0].close_stdin();
    let ended = herd.servers[0].ended();
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(0), 1));
}

/// Memory of a process, in bytes (proc(5)).
fn memory(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    kilobytes.unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn half_a_line_that_drips_costs_little() {
    const CLIENTS: usize = 500;
    let herd = Herd::one_with(&["--log-level", "off"]);
    let server = &herd.servers[0];
    // The first one finds more to do.
    server.client().ask("hello\n");
    let before = memory(server);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| server.client()).collect();
    for byte in b"IAMAT somebody.with.a.long.name.indeed +34.06" {
        clients.iter_mut().for_each(|client| client.say([*byte]));
    }
    clients
        .iter_mut()
        .for_each(|client| client.say("8930-118\n"));
    let each = (memory(server) - before) / CLIENTS;
    assert!(each <= 4096, "{each} bytes for each of {CLIENTS}");
    // They are all there.
    for client in &mut clients {
        assert!(client.line().starts_with("? IAMAT somebody"));
    }
}
