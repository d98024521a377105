//! Journals that are damaged: the server starts, names the line, and loses that line only. Journals
//! that are not ours: they are refused, and left alone.

use std::fs;

use super::support::herd::{Herd, at_line};
use super::support::process::Ended;
use super::support::wait::wait_until;
use super::{file, journaled, killed};

/// Damages the journal of a server that knows ten clients, and starts it again: which lines its log
/// must name, and whom it must not know any more.
fn check(damage: impl Fn(&mut Vec<u8>, &[usize]), named: &[(usize, &str)], lost: &[usize]) {
    let mut herd = killed(10, &["--log-level", "warn"]);
    let path = file(&herd.servers[0]);
    let mut text = fs::read(&path).unwrap();
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = ends.map(|(at, _)| at).collect();
    assert_eq!(ends.len(), 11);
    damage(&mut text, &ends);
    fs::write(&path, text).unwrap();

    let server = &mut herd.servers[0];
    server.start();
    for number in 0..10 {
        let known = at_line(server.clients, &format!("k{number}")).is_some();
        assert_eq!(known, !lost.contains(&number), "k{number}");
    }
    let path = path.display();
    let want: Vec<String> = named
        .iter()
        .map(|(line, why)| format!("[WARN] {path}:{line}: {why}"))
        .collect();
    let log = server.log();
    let got: Vec<&str> = log
        .lines()
        .filter_map(|line| Some(line.split_once(' ')?.1))
        .filter(|line| line.contains(".herd:"))
        .collect();
    assert_eq!(got, want, "{log}");
    // It goes on: what is said now is known after the next kill.
    server.client().ask("IAMAT later +1-2 2000000\n");
    server.kill();
    server.start();
    assert!(at_line(server.clients, "later").is_some());
}

const HASH: &str = "this line is lost: its checksum is wrong";
const TORN: &str = "this line is lost: the file ends within it; it is cut off";
const LF: &str = "its end is damaged, but nothing is lost";
const LONG: &str = "this line is lost: it is too long";

#[test]
fn a_torn_tail_is_cut_off() {
    check(
        |text, ends| text.truncate(ends[10] - 5),
        &[(11, TORN)],
        &[9],
    );
}

#[test]
fn a_flipped_digit_is_seen() {
    check(|text, ends| text[ends[4] - 18] ^= 1, &[(5, HASH)], &[3]);
}

#[test]
fn a_flipped_hash_is_seen() {
    check(|text, ends| text[ends[4] - 1] ^= 1, &[(5, HASH)], &[3]);
}

#[test]
fn a_flipped_line_feed_loses_nothing() {
    check(|text, ends| text[ends[4]] ^= 1, &[(5, LF)], &[]);
    check(|text, ends| text[ends[10]] ^= 1, &[(11, LF)], &[]);
}

#[test]
fn a_digit_that_became_a_line_feed_is_two_bad_lines() {
    check(
        |text, ends| text[ends[4] - 30] = b'\n',
        &[(5, HASH), (6, HASH)],
        &[3],
    );
}

#[test]
fn a_bad_line_in_the_middle_is_named() {
    let garbage = |text: &mut Vec<u8>, ends: &[usize]| {
        let at = ends[2] + 1;
        text.splice(at..at, *b"? what is this\n");
    };
    check(garbage, &[(4, HASH)], &[]);
    let long = |text: &mut Vec<u8>, ends: &[usize]| {
        let line = [&vec![0; 1 << 20][..], b"\n"].concat();
        let at = ends[2] + 1;
        text.splice(at..at, line);
    };
    check(long, &[(4, LONG)], &[]);
}

/// After a loss of power a file may end in zeros.
#[test]
fn zeros_at_the_end_are_cut_off() {
    check(|text, _| text.extend([0; 5000]), &[(12, TORN)], &[]);
}

#[test]
fn many_bad_lines_are_counted() {
    let mut herd = killed(1, &["--log-level", "warn"]);
    let path = file(&herd.servers[0]);
    let bad = "bad line\n".repeat(1000);
    fs::write(&path, [fs::read(&path).unwrap(), bad.into()].concat()).unwrap();
    herd.servers[0].start();
    herd.servers[0].logged(&format!("{}: 990 more bad lines", path.display()));
    assert_eq!(herd.servers[0].count(HASH), 10);
}

/// The first line says whose the file is: if it is damaged, the file is closed, and merged.
#[test]
fn a_damaged_first_line_is_mended() {
    let mut herd = killed(3, &["--log-level", "warn"]);
    let path = file(&herd.servers[0]);
    let text = fs::read(&path).unwrap();
    let mut damaged = text.clone();
    damaged[15] ^= 1;
    fs::write(&path, damaged).unwrap();
    let server = &mut herd.servers[0];
    server.start();
    server.logged(&format!("{}:1: this line is lost", path.display()));
    let closed = path.with_extension("herd.1");
    wait_until("the closed segment is as the journal was", || {
        fs::read(&closed).unwrap() == text
    });
    assert_eq!(journaled(server).len(), 3);
    for client in ["k0", "k1", "k2"] {
        assert!(at_line(server.clients, client).is_some());
    }
}

#[track_caller]
fn is_refused(herd: &mut Herd, why: &str) {
    let path = file(&herd.servers[0]);
    let before = fs::read(&path).unwrap_or_default();
    herd.servers[0].launch();
    let Ended { code, stderr } = herd.servers[0].ended();
    let path = path.display();
    let want = format!(
        "herd: cannot use the journal {path}: {why}, name another directory with -d DIR, or keep \
         nothing with --no-journal\n"
    );
    assert_eq!((code, stderr), (Some(2), want));
    assert_eq!(fs::read(file(&herd.servers[0])).unwrap_or_default(), before);
}

#[test]
fn what_is_not_ours_is_refused() {
    let mut herd = killed(1, &[]);
    let path = file(&herd.servers[0]);
    let text = fs::read_to_string(&path).unwrap();
    let mut other = Vec::new();
    herd::wire::journal_line::push(&mut other, b"herd-journal 2 Hands\n");
    fs::write(&path, [&other, text.as_bytes()].concat()).unwrap();
    is_refused(&mut herd, "it is the journal of Hands; move it away");
    fs::write(&path, "Shall I compare thee\n").unwrap();
    is_refused(&mut herd, "it is no journal; move it away");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    herd.servers[0].launch();
    let Ended { code, stderr } = herd.servers[0].ended();
    assert!(code == Some(2) && stderr.contains("directory"), "{stderr}");
    fs::remove_dir(&path).unwrap();

    // Without one nothing is kept, and nothing is in the way.
    fs::write(&path, "Shall I compare thee\n").unwrap();
    herd.servers[0].options = vec!["--no-journal".to_string()];
    herd.servers[0].start();
    assert_eq!(at_line(herd.servers[0].clients, "k0"), None);
}

#[test]
fn one_that_is_in_use_is_refused() {
    let mut herd = Herd::one();
    let mut second = Herd::new(&["Goloman"], &[]);
    second.write_topologies();
    second.servers[0].directory = herd.servers[0].directory.clone();
    // Its holder is named, as far as the kernel tells.
    let pid = herd.servers[0].pid();
    let holder = format!("it is in use by herd serve (pid {pid}); end it with kill {pid}");
    is_refused(&mut second, &holder);
    herd.servers[0].kill();
    second.servers[0].start();
}
