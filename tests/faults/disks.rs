//! Journals that are damaged, disks that are full, directories that are gone, logs that cannot be
//! written.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::gauge::{memory, more};
use super::guest::Guest;
use super::sheet::Sheet;
use super::support::client::Client;
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::wait::{wait_for, wait_until};
use super::traffic::{fill, iamat, name};

const MIB: f64 = 1024.0 * 1024.0;
/// Clients of a journal that is damaged.
const CLIENTS: usize = 1_000;
/// Lines of it that are damaged at a time, and how often.
const FLIPPED: usize = 5;
const ROUNDS: usize = 100;

/// A journal with a torn tail, flipped bytes and a bad line in the middle.
pub fn damaged_journal(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let mut guest = Guest::of_all(&mut herd);
    herd.start();
    fill(herd.servers[0].clients, 0..CLIENTS);
    herd.servers[0].kill();
    let path = herd.servers[0].directory.join("Goloman.herd");
    let whole = fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(
        lines.len(),
        1 + CLIENTS,
        "a header, and a line for each client"
    );

    let (mut good, mut named) = (0, 0);
    let mut random = 88_172_645_463_325_252_u64;
    for _ in 0..ROUNDS {
        let mut damaged: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
        let mut hit: Vec<usize> = Vec::new();
        while hit.len() < FLIPPED {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let line = 1 + (random >> 33) as usize % (CLIENTS - 1);
            if !hit.contains(&line) {
                hit.push(line);
                let place = (random >> 13) as usize % (damaged[line].len() - 1);
                damaged[line][place] ^= 1;
            }
        }
        let last = damaged.last_mut().unwrap();
        last.truncate(last.len() / 2);
        let mut bytes = damaged.concat();
        let middle = damaged[..=CLIENTS / 2].concat().len();
        bytes.splice(middle..middle, *b"this is no line of a journal\n");
        fs::write(&path, bytes).unwrap();
        let before = herd.servers[0].log().lines().count();
        herd.servers[0].start();
        let extent = guest.extent(&herd.servers[0]).unwrap();
        good += usize::from(extent.count as usize == CLIENTS - FLIPPED - 1);
        // Counted from 1, and behind the line that was put in by one more.
        let log = herd.servers[0].log();
        let is_named = |line: usize| {
            let number = line + 1 + usize::from(line > CLIENTS / 2);
            let text = format!("Goloman.herd:{number}: ");
            log.lines().skip(before).any(|line| line.contains(&text))
        };
        hit.push(CLIENTS);
        named += usize::from(hit.into_iter().all(is_named));
        herd.servers[0].kill();
    }
    let text = format!(
        "{good} of {ROUNDS} starts from {FLIPPED} flipped bytes, a bad line and a torn tail lost \
         those lines only"
    );
    sheet.holds(good == ROUNDS, text);
    sheet.holds(
        named == ROUNDS,
        format!("{named} of {ROUNDS} named all those lines"),
    );
}

/// Disk full; the directory of journal and log gone; the log on /dev/full.
pub fn disks(sheet: &mut Sheet) {
    log_on_dev_full(sheet);
    disk_full(sheet);
    directory_gone(sheet);
}

/// A log that can never be written: said once, and nothing else changes.
fn log_on_dev_full(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman"], &[]);
    symlink("/dev/full", herd.servers[0].directory.join("Goloman.log")).unwrap();
    herd.start();
    let server = &herd.servers[0];
    fill(server.clients, 0..1_000);
    let before = memory(server);
    let moves = 500;
    let moved: usize = (0..moves).map(|_| fill(server.clients, 0..1_000)).sum();
    let text = format!("log on /dev/full: {moved} updates answered, memory");
    sheet.at_most(&text, more(memory(server), before), MIB, " bytes more");
    sheet.holds(moved == moves * 1_000, "all of them");
    herd.servers[0].signal("TERM");
    let ended = herd.servers[0].ended();
    sheet.holds(ended.code == Some(0), "and it ends as ever");
    let count = ended.stderr.lines().count();
    sheet.holds(
        count == 1,
        format!("it was said {count} times on standard error"),
    );
}

/// The journal's state in `STATUS`.
fn state(server: &Server) -> String {
    let mut asker = Client::of(server.servers);
    let answer: Value = serde_json::from_str(&asker.ask("STATUS\n")).unwrap();
    answer["journal"]["state"].as_str().unwrap().to_string()
}

/// A disk of a megabyte, of its own, that somebody else fills. Linux alone, and where a user may
/// have a name space of mounts.
fn disk_full(sheet: &mut Sheet) {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let directory = herd.servers[0].directory.clone();
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$0\" && exec \"$@\"";
    command.args(["-rm", "sh", "-c", script]);
    command.arg(&directory).arg(env!("CARGO_BIN_EXE_herd"));
    herd.servers[0].launch_as(command);
    herd.servers[0].greeting();
    let server = &herd.servers[0];
    fill(server.clients, 0..100);
    let sound = state(server);
    // Its disk, as it sees it.
    let disk = inside(server, &directory);
    let filler = disk.join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    // Its blocks are free again only when nobody has it open.
    drop(file);

    let before = memory(server);
    let moved: usize = (0..100).map(|_| fill(server.clients, 0..100)).sum();
    sheet.holds(moved == 10_000, "disk full: 10,000 updates answered");
    let grown = more(memory(server), before);
    sheet.at_most("disk full: memory", grown, MIB, " bytes more");
    let full = state(server);
    let text = format!("status says {full} in place of {sound}");
    sheet.holds(full != sound, text);
    fs::remove_file(&filler).unwrap();
    let last = server.client().ask(iamat(&name(7)));
    wait_until("the journal goes on", || holds(&disk, &last));
    wait_until("status says so", || state(server) == sound);
    sheet.holds(true, "when there is room, the journal has all again");
    // It keeps what fits its buffer, and counts the rest.
    let log = wait_for("the log is written again", || {
        let log = fs::read_to_string(disk.join("Goloman.log")).unwrap();
        log.contains("the log is written again").then_some(log)
    });
    let said = log.matches("the journal keeps nothing").count();
    sheet.holds(
        said == 1,
        format!("the log says {said} times that there was no journal"),
    );
    herd.servers[0].signal("TERM");
    let said = herd.servers[0].ended().stderr.lines().count();
    let text = format!("standard error says {said} times that there was no log");
    sheet.holds(said == 1, text);
}

/// The directory is removed, and later made again.
fn directory_gone(sheet: &mut Sheet) {
    let herd = Herd::one();
    let server = &herd.servers[0];
    fill(server.clients, 0..100);
    fs::remove_dir_all(&server.directory).unwrap();
    let moved: usize = (0..10).map(|_| fill(server.clients, 0..100)).sum();
    sheet.holds(moved == 1_000, "directory gone: 1,000 updates answered");
    fs::create_dir(&server.directory).unwrap();
    let last = wait_for("the journal is there again", || {
        let last = server.client().ask(iamat(&name(7)));
        holds(&server.directory, &last).then_some(last)
    });
    wait_until("the log is there again", || {
        server.client().ask("hello\n");
        server.log().contains("hello")
    });
    drop(herd);
    sheet.holds(!last.is_empty(), "made again, it has journal and log");
}

/// A directory as a process in other mounts sees it.
fn inside(server: &Server, directory: &Path) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", server.pid()));
    root.join(directory.strip_prefix("/").unwrap())
}

/// Whether the journal in a directory has this line.
fn holds(directory: &Path, line: &str) -> bool {
    let journal = fs::read(directory.join("Goloman.herd")).unwrap_or_default();
    String::from_utf8_lossy(&journal).contains(line)
}
