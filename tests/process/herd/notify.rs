//! A service manager in the place of systemd: what a server tells it, and when.

use std::os::unix::net::UnixDatagram;

use nix::time::{ClockId, clock_gettime};

use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::PATIENCE;

/// Makes `server` one that a manager listens to, at a socket in its directory.
fn managed(server: &mut Server) -> UnixDatagram {
    let path = server.directory.with_file_name("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = path.display().to_string();
    server.variables.push(("NOTIFY_SOCKET".into(), path));
    manager
}

/// The next word, signs of life left out.
fn word(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 256];
    loop {
        let count = manager.recv(&mut buffer).unwrap();
        let word = String::from_utf8_lossy(&buffer[..count]);
        if word != "WATCHDOG=1" {
            return word.into_owned();
        }
    }
}

/// The time that a service manager compares with.
fn monotonic_us() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    now.tv_sec() * 1_000_000 + now.tv_nsec() / 1_000
}

#[test]
fn a_service_manager_hears_of_the_start_a_reload_and_the_end() {
    let mut herd = Herd::new(&["A"], &[]);
    let manager = managed(&mut herd["A"]);
    herd.start();
    assert_eq!(word(&manager), "READY=1");
    // With `Type=notify-reload` a manager waits for a reload that began after it asked for one.
    for _ in 0..2 {
        let asked = monotonic_us();
        herd["A"].signal("HUP");
        let text = word(&manager);
        let began = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let began: i64 = began.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        assert!((asked..=monotonic_us()).contains(&began), "{asked} {began}");
        assert_eq!(word(&manager), "READY=1");
    }
    herd["A"].signal("TERM");
    assert_eq!(word(&manager), "STOPPING=1");
    assert_eq!(herd["A"].ended().code, Some(0));
}

#[test]
fn an_idle_server_shows_a_watchdog_that_it_lives() {
    let mut herd = Herd::new(&["A"], &[]);
    let manager = managed(&mut herd["A"]);
    let interval = ("WATCHDOG_USEC".into(), "100000".into());
    herd["A"].variables.push(interval);
    herd.start();
    let mut buffer = [0; 256];
    for want in ["READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        let count = manager.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..count], *want.as_bytes());
    }
}

#[test]
fn a_manager_that_cannot_be_reached_is_named() {
    let mut herd = Herd::new(&["A"], &[]);
    drop(managed(&mut herd["A"]));
    herd.write_topologies();
    herd["A"].launch();
    let ended = herd["A"].ended();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("NOTIFY_SOCKET"), "{}", ended.stderr);
}
