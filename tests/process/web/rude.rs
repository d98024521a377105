//! Clients that are slow, endless or many: each costs a bounded amount, and the others are
//! answered.

use std::io::{Read, Write};
use std::path::Path;

use crate::support::wait::wait_until;

use super::{Answer, Web};

fn web() -> Web {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/topology.txt");
    Web::of(Path::new(path), &[])
}

#[test]
fn endless_and_foreign_words_get_their_status() {
    let web = web();
    let host = format!("Host: {}\r\n", web.address);
    let long = "x".repeat(64 << 10);
    for (text, want) in [
        (format!("GET / HTTP/1.1\r\n{host}X: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\n{host}\r\n"), 414),
        (
            format!("POST /iamat HTTP/1.1\r\n{host}Content-Length: 65536\r\n\r\n{long}"),
            413,
        ),
        (format!("POST /iamat HTTP/1.1\r\n{host}\r\n"), 411),
        (
            format!("POST /iamat HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            411,
        ),
        (
            format!("POST /iamat HTTP/1.1\r\n{host}Expect: 100-continue\r\n\r\n"),
            417,
        ),
        (format!("BREW / HTTP/1.1\r\n{host}\r\n"), 501),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_string(), 505),
        ("\x16\x03\x01\x02".to_string(), 400),
    ] {
        let answer = Answer::of(&web.send(text.as_bytes()));
        assert_eq!(answer.status, want, "{}", &text[..text.len().min(60)]);
        assert!(answer.head.contains("\r\nConnection: close\r\n"));
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let web = web();
    let paths = ["/page.js", "/nowhere", "/page.css", "/iamat", "/healthz"];
    let host = format!("Host: {}\r\n", web.address);
    let requests = (0..200).map(|number| {
        let path = paths[number % paths.len()];
        let close = if number == 199 {
            "Connection: close\r\n"
        } else {
            ""
        };
        format!("GET {path} HTTP/1.1\r\n{host}{close}\r\n")
    });
    let said = web.send(requests.collect::<String>().as_bytes());
    let found: Vec<&str> = said.split("HTTP/1.1 ").skip(1).map(|it| &it[..3]).collect();
    assert_eq!(found.len(), 200);
    for (number, status) in found.into_iter().enumerate() {
        assert_eq!(
            status,
            ["200", "404", "200", "405", "503"][number % 5],
            "{number}"
        );
    }
}

#[test]
fn slow_heads_are_ended_and_keep_nobody_waiting() {
    let web = web();
    let mut slow: Vec<_> = (0..50).map(|_| web.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    }
    assert_eq!(web.get("/page.js").status, 200);
    let mut said = String::new();
    slow[0].read_to_string(&mut said).unwrap();
    assert_eq!(Answer::of(&said).status, 408);
}

#[test]
fn idle_connections_make_room() {
    let web = web();
    // More than it has room for.
    let crowd: Vec<_> = (0..600).map(|_| web.connect()).collect();
    assert_eq!(web.get("/page.js").status, 200);
    drop(crowd);
}

#[test]
fn a_thousand_listeners_that_never_read_cost_little() {
    let web = web();
    let request = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", web.address);
    let before = web.memory();
    let mut crowd = Vec::new();
    for _ in 0..1000 {
        let mut stream = web.connect();
        // It may have been turned away already.
        let _ = stream.write_all(request.as_bytes());
        crowd.push(stream);
    }
    // One that reads sees several events go out to all.
    let mut events = 0;
    let first = &mut crowd[0];
    let mut bytes = [0; 4096];
    wait_until("five events came", || {
        let count = first.read(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        events += text.matches("data: ").count();
        events >= 5
    });
    assert_eq!(web.get("/page.js").status, 200);
    let after = web.memory();
    assert!(after < before + (16 << 10), "from {before} to {after} KiB");
}
