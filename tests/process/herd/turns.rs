//! The turns of a real server's loop: a trace of them, and slow ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use herd::limits::Limits;

use super::iamat;
use super::status::{json, said, status, truth, verb};
use super::support::herd::Herd;
use super::support::process::Server;
use super::support::trace::Trace;
use super::support::wait::{wait_for, wait_until};

/// The file of a server that is started with it.
fn traced(server: &mut Server, options: &[&str]) -> PathBuf {
    let path = server.directory.join("turns.json");
    let words = ["--trace-turns", path.to_str().unwrap()];
    server.options = words
        .iter()
        .chain(options)
        .map(|it| it.to_string())
        .collect();
    path
}

/// Has a server write its trace, and reads it.
fn written(server: &Server, path: &Path) -> Trace {
    let _ = fs::remove_file(path);
    server.signal("USR1");
    wait_until("the trace is written", || path.exists());
    Trace::read(path)
}

/// The address of its only client.
fn address_of_client(server: &Server) -> String {
    let line = server.logged(" opened at the clients' door");
    let address = line.split(' ').nth(2).unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    address.to_string()
}

#[test]
fn a_trace_shows_each_turn_its_phases_and_its_connections() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    let path = traced(&mut herd.servers[0], &[]);
    herd.start();
    assert!(!path.exists(), "nobody has asked for it");
    let mut client = herd["Goloman"].client();
    let lines: String = ["a", "b", "c"].map(iamat).concat();
    client.say(&lines);
    (0..3).for_each(|_| assert!(client.line().starts_with("AT ")));
    client.near("WHATSAT a 10 5\n");
    // A neighbour's line is served as well.
    herd["Hands"].client().ask(iamat("d"));
    herd.agreed("d");

    let trace = written(&herd["Goloman"], &path);
    trace.check();
    assert_eq!(trace.whole["otherData"]["server"], "Goloman");
    let process = &trace.whole["traceEvents"][0];
    assert_eq!(process["args"]["name"], "herd Goloman");
    assert_eq!(process["pid"], herd["Goloman"].pid());
    let threads: Vec<&str> = trace.threads.values().map(String::as_str).collect();
    assert_eq!(threads[..2], ["loop", "places-1"]);

    let address = address_of_client(&herd["Goloman"]);
    let serves = trace.named(&format!("serve {address}"));
    let packet = serves.iter().find(|it| it.args["lines"] == 3);
    let args = &packet.expect("three lines at once").args;
    assert_eq!(args["bytes"], lines.len());
    assert_eq!(args["connection"], address.as_str());
    let from_hands = trace.named("serve Hands");
    assert!(
        from_hands
            .iter()
            .any(|it| it.args["lines"].as_u64() > Some(0))
    );
    let flushes = trace.named("flush");
    let is_to = |whom: &str| flushes.iter().any(|it| it.args["connection"] == whom);
    assert!(is_to(&address) && is_to("Hands"));
    for phase in ["read", "node", "journal", "log"] {
        assert!(!trace.named(phase).is_empty(), "{phase}");
    }
    let lookups = trace.named("lookup");
    assert!(!lookups.is_empty());
    let is_of_places = |thread| trace.threads[thread].starts_with("places-");
    assert!(lookups.iter().all(|it| is_of_places(&it.thread)));
    let syncs = trace.named("disk");
    assert!(
        syncs
            .iter()
            .all(|it| trace.threads[&it.thread] == "journal-1")
    );

    // The next one begins where this one ended, and the end writes the last one.
    let last = trace.named("turn").last().unwrap().end;
    client.ask(iamat("e"));
    herd["Goloman"].signal("TERM");
    assert_eq!(herd["Goloman"].ended().code, Some(0));
    let next = Trace::read(&path);
    next.check();
    assert_eq!(next.named("wait")[0].start, last);
    assert!(!next.named(&format!("serve {address}")).is_empty());
    let names = fs::read_dir(&herd["Goloman"].directory).unwrap();
    let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|it| it.ends_with(".new")), "half a file is left");
}

#[test]
fn a_trace_has_the_newest_turns_however_many_there_were() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let path = traced(
        &mut herd.servers[0],
        &["--no-journal", "--log-level", "warn"],
    );
    herd.start_quietly();
    let most = Limits::PRODUCT.trace_slices;
    let mut client = herd["Goloman"].client();
    // Each is a turn, of nine slices or more.
    (0..most / 8).for_each(|_| assert!(client.ask(iamat("kiwi")).starts_with("AT ")));
    let trace = written(&herd["Goloman"], &path);
    trace.check();
    let count = trace.slices.len();
    assert!(count <= most && count > most / 2, "{count}");
    let lost = trace.whole["otherData"]["older slices that were dropped"].as_u64();
    assert!(lost > Some(0), "{lost:?}");
    // The ring is empty now, and fills again.
    client.ask(iamat("kiwi"));
    let trace = written(&herd["Goloman"], &path);
    trace.check();
    assert!(trace.slices.len() < 1_000);
}

#[test]
fn a_trace_that_cannot_be_written_stops_nobody() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let options = ["--no-journal", "--log-level", "warn"];
    let path = traced(&mut herd.servers[0], &options);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    let mut limited = Command::new("sh");
    // A few hundred slices are longer.
    let script = "ulimit -S -f 32; exec \"$0\" \"$@\"";
    limited.args(["-c", script, env!("CARGO_BIN_EXE_herd")]);
    server.launch_as(limited);
    server.greeting();
    let mut client = server.client();
    let mut ask = || (0..100).for_each(|_| assert!(client.ask(iamat("k")).starts_with("AT ")));
    ask();
    server.signal("USR1");
    let shown = path.display();
    let why = format!("[WARN] the trace {shown} cannot be written: File too large");
    server.logged(&why);
    ask();
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(0));
    assert_eq!(server.count(&why), 2);
    let files = fs::read_dir(&server.directory).unwrap();
    let names: Vec<_> = files.map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["Goloman.log"]);
}

/// Strace holds up each write(2) for longer than a turn may take: the journal's is one.
#[test]
fn a_slow_turn_is_logged_with_what_took_the_time_and_counted() {
    let delay = "inject=write:delay_enter=150000";
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", "trace=write", "-e", delay]);
    let mut test = Command::new("strace");
    test.args([
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "trace=write",
        "-e",
        delay,
        "true",
    ]);
    let can = test.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        println!("skipped: there is no strace here, or it may not trace");
        return;
    }
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = ["--slow-turn", "100"].map(String::from).to_vec();
    server
        .options
        .extend(["--log-level", "warn"].map(String::from));
    strace.arg(env!("CARGO_BIN_EXE_herd"));
    server.launch_as(strace);
    server.greeting();
    let mut client = server.client();
    let line = iamat("kiwi");
    client.ask(&line);
    let said_of = server.logged("[WARN] turn of ");
    let bytes = line.len();
    let milliseconds = said_of
        .split(' ')
        .nth(4)
        .and_then(|it| it.parse::<u64>().ok());
    assert!(milliseconds >= Some(150), "{said_of}");
    assert!(said_of.contains(": journal 1"), "{said_of}");
    assert!(said_of.contains("; longest: 127.0.0.1:"), "{said_of}");
    assert!(
        said_of.ends_with(&format!(" 1 line, {bytes} bytes")),
        "{said_of}"
    );

    client.ask(iamat("kiwi"));
    let truth = truth(&herd);
    let counted = || {
        let all = json(&status(&truth, &["--json"]));
        all[0]["loop"]["slow_turns"]
            .as_u64()
            .filter(|count| *count > 1)
    };
    let count = wait_for("slow turns are counted", counted);
    let all = json(&status(&truth, &["--json"]));
    assert!(all[0]["limits_hit"]["slow_turn"].as_u64() >= Some(count));
    let (code, text, _) = said(&status(&truth, &[]));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("\nGoloman reached limit slow_turn "),
        "{text}"
    );
    let (_, text, _) = said(&verb("metrics", &truth, &[]));
    assert!(
        text.contains("\nherd_loop_slow_turns_total{server=\"Goloman\"} "),
        "{text}"
    );
    // The second one was too soon to be said.
    assert_eq!(herd["Goloman"].count("[WARN] turn of "), 1);
}
