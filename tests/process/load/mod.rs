//! `herd load` end to end: against a real herd, and against servers that answer wrongly, late or
//! not at all. Its counts must be right.

mod ending;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::support::herd::{Herd, at_line};
use serde_json::Value;

/// Runs a load that ends by itself.
fn load(addresses: &[&str], options: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.arg("load").args(addresses);
    command.args(options.split_whitespace());
    command.stdin(Stdio::null()).output().unwrap()
}

/// Its result, its exit status and what it says went wrong.
fn result(addresses: &[&str], options: &str) -> (Value, Option<i32>, String) {
    let output = load(addresses, &format!("{options} --json"));
    let said = String::from_utf8(output.stderr).unwrap();
    let found = serde_json::from_slice(&output.stdout);
    let found = found.unwrap_or_else(|error| panic!("{error}: {said}"));
    (found, output.status.code(), said)
}

/// The faults of a result, by name.
fn faults(result: &Value) -> Vec<(&str, u64)> {
    let all = result["faults"].as_object().unwrap().iter();
    let all = all.map(|(name, seen)| (name.as_str(), seen["count"].as_u64().unwrap()));
    all.filter(|(_, count)| *count > 0).collect()
}

/// The right reply to an IAMAT, LF included.
fn right(line: &str) -> String {
    let said = line.strip_prefix("IAMAT ").unwrap();
    format!("AT Broken +0.000000001 {said}\n")
}

/// A server that answers each line, its connection's `number`th, with what `answer` says; None ends
/// the connection. It lives as long as the test program.
fn broken(answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || converse(&stream, &*answer));
        }
    });
    address
}

fn converse(mut stream: &TcpStream, answer: &dyn Fn(usize, &str) -> Option<String>) {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    for (number, line) in lines.enumerate() {
        match answer(number, &line) {
            // The client may be gone.
            Some(text) => drop(stream.write_all(text.as_bytes())),
            None => return,
        }
    }
}

#[test]
fn a_herd_that_is_well_answers_everything() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    herd.start();
    let doors = ["Goloman", "Hands"].map(|name| format!("127.0.0.1:{}", herd[name].clients));
    let doors = [doors[0].as_str(), doors[1].as_str()];
    let options = "--connections 4 --pipeline 8 --requests 2000 --clients 100 --whatsat 3 \
                   --radius 10 --bound 2 --towns";
    let (found, code, said) = result(&doors, options);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(
        (&found["asked"], &found["right"]),
        (&2000.into(), &2000.into())
    );
    assert_eq!(faults(&found), []);
    // Connections go to the addresses in turn, and each moves clients of its own.
    for (client, server) in [(0, "Goloman"), (1, "Hands"), (2, "Goloman"), (3, "Hands")] {
        let line = at_line(herd[server].clients, &format!("kiwi{client:08}.edu")).unwrap();
        assert!(line.starts_with(&format!("AT {server} ")), "{line}");
    }
    // At a rate, and for a time; a person's table.
    let output = load(&doors, "--rate 500 --seconds 0.2");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nright replies  100 in "), "{text}");
    assert!(text.ends_with("\nfaults         none\n"), "{text}");
}

#[test]
fn every_wrong_reply_is_counted_by_its_kind() {
    // Of ten replies one calls the line invalid, two are not quite right.
    let server = broken(|number, line| {
        Some(match number % 10 {
            3 => format!("? {line}\n"),
            5 => right(line).replace("kiwi", "Kiwi"),
            7 => right(line).replace("+0.", "0."),
            _ => right(line),
        })
    });
    let (found, code, said) = result(&[&server], "--requests 1000 --pipeline 16 --clients 1");
    assert_eq!(code, Some(1));
    assert_eq!(faults(&found), [("refused", 100), ("wrong", 200)]);
    assert_eq!(found["right"], 700);
    let line = "herd: not all went well: 100 refused (asked IAMAT kiwi00000000.edu +34.023757-";
    assert!(said.starts_with(line), "{said}");
    assert!(
        said.contains("200 wrong (asked IAMAT kiwi00000000.edu +34.039595-"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn what_follows_the_at_line_of_a_whatsat_is_checked() {
    // Right; an AT line of another time; no JSON; JSON that says there is no answer.
    let last = Mutex::new(String::new());
    let count = AtomicUsize::new(0);
    let server = broken(move |_, line| {
        let mut last = last.lock().unwrap();
        if line.starts_with("IAMAT") {
            *last = right(line);
            return Some(last.clone());
        }
        let json = "{\"results\" : [],\n\"status\" : \"OK\"}";
        Some(match count.fetch_add(1, Ordering::Relaxed) % 4 {
            0 => format!("{last}{json}\n\n"),
            1 => format!("{}{json}\n\n", last.replace("0001 ", "0002 ")),
            2 => format!("{last}<html>\n\n"),
            _ => format!("{last}{}\n\n", json.replace("OK", "OVER_QUERY_LIMIT")),
        })
    });
    let (found, code, _) = result(&[&server], "--requests 80 --whatsat 50 --pipeline 5");
    assert_eq!((code, &found["right"]), (Some(1), &50.into()));
    assert_eq!(faults(&found), [("places", 20), ("wrong", 10)]);
}

#[test]
fn a_connection_that_ends_is_lost_and_the_others_go_on() {
    // The connection that moves the first client ends after its 20th reply. A request that falls
    // due for it later has nobody to answer it.
    let server = broken(|number, line| {
        let is_first = line.contains("kiwi00000000") && number == 20;
        (!is_first).then(|| right(line))
    });
    let options = "--connections 2 --clients 2 --rate 5000 --requests 500";
    let (found, code, said) = result(&[&server], options);
    assert_eq!((code, &found["right"]), (Some(1), &270.into()));
    assert_eq!(faults(&found), [("lost", 1), ("unanswered", 230)]);
    let why = format!("1 lost (a connection to {server}: ");
    assert!(said.contains(&why), "{said}");
    // All of them: the run ends, whatever was still to be asked.
    let server = broken(|number, line| (number < 10).then(|| right(line)));
    let (found, code, _) = result(&[&server], "--connections 3 --seconds 60");
    assert_eq!((code, &found["right"]), (Some(1), &30.into()));
    assert_eq!(faults(&found), [("lost", 3), ("unanswered", 3)]);
}

#[test]
fn a_server_that_never_answers_does_not_keep_it() {
    let server = broken(|_, _| Some(String::new()));
    let (found, code, said) = result(&[&server], "--seconds 0.1 --pipeline 7");
    assert_eq!((code, &found["right"]), (Some(1), &0.into()));
    assert_eq!(faults(&found), [("unanswered", 7)]);
    let line = "herd: not all went well: 7 unanswered (no reply came)\n";
    assert_eq!(said, line);
}

#[test]
fn who_is_not_asked_and_says_something_is_cut_off() {
    let server = broken(|_, line| Some(right(line).repeat(2)));
    let (found, code, _) = result(&[&server], "--requests 10");
    assert_eq!((code, &found["right"]), (Some(1), &1.into()));
    assert_eq!(faults(&found), [("lost", 1), ("unasked", 1)]);
}

/// Two connections of one request in flight each, a request due every millisecond, to each in
/// turn. The first connection's first reply is held back until the second has asked for the 50th
/// time, so for 98 ms at least. Its other 49 were due meanwhile, and could not even be sent.
#[test]
fn at_a_rate_a_stall_counts_for_every_request_that_was_due_in_it() {
    let (asked, changed) = (Mutex::new(0), Condvar::new());
    let server = broken(move |number, line| {
        let mut asked = asked.lock().unwrap();
        if !line.contains("kiwi00000000") {
            *asked += 1;
            changed.notify_all();
        } else if number == 0 {
            drop(changed.wait_while(asked, |asked| *asked < 50).unwrap());
        }
        Some(right(line))
    });
    let options = "--connections 2 --clients 2 --rate 1000 --requests 100";
    let (found, code, said) = result(&[&server], options);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(found["right"], 100);
    // Latencies count from when a request was due: 98 ms, 96 ms and so on. Counted from when they
    // were sent, only the first would be long.
    let micros = |name: &str| found["latency_us"][name].as_f64().unwrap();
    assert!(micros("max") >= 98_000.0, "{found}");
    assert!(micros("p99") >= 96_000.0, "{found}");
}

#[test]
fn nobody_there_is_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    drop(listener);
    let output = load(&[&address.to_string()], "--seconds 1");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let want = format!("herd: cannot connect to {address}: Connection refused");
    assert!(
        said.starts_with(&want) && said.lines().count() == 1,
        "{said}"
    );
    assert!(output.stdout.is_empty());
}
