//! Each path of a web server, for a herd that is well and for one that is not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::support::herd::{Directory, Herd, at_line};
use crate::support::wait::{wait_for, wait_until};

use super::Web;

fn herd() -> (Herd, Web) {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let web = Web::of(&herd["A"].topology, &[]);
    (herd, web)
}

#[test]
fn every_route_shows_the_herd_and_a_server_that_is_killed() {
    let (mut herd, web) = herd();
    wait_until("all is well", || web.get("/healthz").status == 200);
    assert_eq!(web.get("/healthz").body, "OK: 2 up, 0 clients known\n");
    let status = web.get("/status.json");
    assert_eq!(
        (status.status, &status.json()[1]["name"]),
        (200, &"B".into())
    );
    for field in [
        "Content-Type: application/json\r\n",
        "Content-Security-Policy: default-src 'none'; ",
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "Cache-Control: no-store\r\n",
        "Connection: close\r\n",
    ] {
        assert!(status.head.contains(field), "{field} in {}", status.head);
    }
    let metrics = web.get("/metrics").body;
    assert!(metrics.contains("\nherd_up{server=\"B\"} 1\n"), "{metrics}");
    let page = web.get("/").body;
    assert!(
        page.contains("<body class=\"OK\"") && page.contains("A – B"),
        "{page}"
    );
    assert!(web.get("/page.js").body.starts_with("//"));
    assert!(web.get("/page.css").head.contains("text/css"));
    let head = web.request("HEAD /", "", "");
    assert!(
        head.body.is_empty() && head.head.contains("Content-Length: "),
        "{head:?}"
    );
    let events = "GET /events HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";
    let port = web.address.rsplit(':').next().unwrap();
    let mut stream = web.connect();
    stream
        .write_all(events.replace("PORT", port).as_bytes())
        .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "HTTP/1.1 200 OK");
    lines.find(|line| line.starts_with("data: ")).unwrap();

    herd["B"].kill();
    // The page that is open is told, and so is everybody who asks.
    lines
        .find(|line| line.starts_with("data: ") && line.contains("\"level\":\"DOWN\""))
        .unwrap();
    wait_until("B is down", || web.get("/healthz").status == 503);
    assert_eq!(web.get("/healthz").body, "DOWN: B\n");
    let page = web.get("/").body;
    assert!(page.contains("<body class=\"DOWN\""), "{page}");
    assert!(
        page.contains("<li>down: B</li>") && page.contains("<tr class=\"down\">"),
        "{page}"
    );
    assert!(
        web.get("/metrics")
            .body
            .contains("\nherd_up{server=\"B\"} 0\n")
    );
    assert_eq!(web.get("/status.json").json()[1]["up"], false);
    assert_eq!(web.end("INT"), Some(0));
}

#[test]
fn commands_go_to_a_server_and_reasons_come_back() {
    let (mut herd, web) = herd();
    let moved = web.post(
        "/iamat",
        r#"{"client":"kiwi","lat":"34.068930","lon":-118}"#,
    );
    assert_eq!(moved.status, 200, "{moved:?}");
    let line = moved.json()["line"].as_str().unwrap().to_string();
    assert!(
        line.starts_with("AT A +") && line.contains(" kiwi +34.068930-118 "),
        "{line}"
    );
    wait_until("B knows it", || {
        at_line(herd["B"].clients, "kiwi").is_some()
    });
    let near = web.get("/whatsat?client=kiwi&radius=50&bound=1&server=B");
    assert_eq!((near.status, &near.json()["line"]), (200, &line.into()));
    assert_eq!(
        near.json()["places"]["results"].as_array().unwrap().len(),
        1
    );
    // A form of our own page, and one from elsewhere.
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let origin = format!("{form}Origin: http://{}\r\n", web.address);
    let body = "client=moa&location=%2B1-2&time=7&server=B";
    let moved = web.request("POST /iamat", &origin, body).json();
    assert!(
        moved["line"].as_str().unwrap().ends_with(" moa +1-2 7"),
        "{moved}"
    );
    let evil = web.request(
        "POST /iamat",
        &format!("{form}Origin: http://evil\r\n"),
        body,
    );
    assert_eq!(evil.status, 403);

    let unknown = web.get("/whatsat?client=weka");
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.error().starts_with("nobody there knows weka; "),
        "{unknown:?}"
    );
    for (target, why) in [
        ("/whatsat?client=kiwi&radius=51", "the radius is 0 to 50 km"),
        ("/whatsat?radius=5", "say which client: the field client"),
        ("/whatsat?client=kiwi&server=C", "no server is called \"C\""),
        (
            "/whatsat?client=a%0aIAMAT",
            "the field client has white space in it",
        ),
    ] {
        let answer = web.get(target);
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, why),
            "{target}"
        );
    }
    // Nothing of a body that hides a command is sent.
    let hidden = r#"{"client":"x +1+2 3\nIAMAT weka","location":"+1+2"}"#;
    assert_eq!(web.post("/iamat", hidden).status, 400);
    let hidden = r#"{"line":"WHATSAT kiwi 1 1\nIAMAT weka +1+2 3","server":"A"}"#;
    assert_eq!(web.post("/ask", hidden).status, 400);
    assert_eq!(at_line(herd["A"].clients, "weka"), None);
    // Any other line may be said, and gets its reason.
    let said = web.post("/ask", r#"{"line":"IMAT x","server":"B"}"#);
    assert_eq!(
        (said.status, &said.json()["line"]),
        (200, &"? IMAT x".into())
    );
    assert_eq!(said.error(), "no such command; did you mean IAMAT?");

    herd["A"].kill();
    let gone = web.get("/whatsat?client=kiwi&server=A");
    assert!(
        gone.status == 503 && gone.error().starts_with("A: cannot connect to "),
        "{gone:?}"
    );
    // Without a name it is one that is there.
    assert_eq!(web.get("/whatsat?client=kiwi").json()["server"], "B");
}

/// A server whose door the test plays, with a count of the questions.
#[test]
fn a_crowd_costs_one_question_a_second() {
    let (clients, servers) = (
        TcpListener::bind("127.0.0.1:0"),
        TcpListener::bind("127.0.0.1:0"),
    );
    let [clients, servers] = [clients.unwrap(), servers.unwrap()];
    let [client, server] = [&clients, &servers].map(|it| it.local_addr().unwrap().port());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in servers.incoming().map(Result::unwrap) {
            count.fetch_add(1, Ordering::SeqCst);
            let mut stream = BufReader::new(stream);
            stream.read_line(&mut String::new()).unwrap();
            let status = "{\"name\":\"A\",\"up\":true,\"known\":7,\"digest\":\"1\"}\n";
            let _ = stream.get_mut().write_all(status.as_bytes());
        }
    });
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    let text = format!("server A 127.0.0.1 clients={client} servers={server}\n");
    std::fs::write(&file, text).unwrap();
    let web = Web::of(&file, &[]);
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody has asked");
    let start = Instant::now();
    let request = format!("GET /status.json HTTP/1.1\r\nHost: {}\r\n\r\n", web.address);
    let crowd: Vec<_> = (0..20)
        .map(|_| {
            let (mut stream, request) = (web.connect(), request.repeat(100));
            thread::spawn(move || {
                stream.write_all(request.as_bytes()).unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                text.matches("HTTP/1.1 200 OK\r\n").count()
            })
        })
        .collect();
    let answered: usize = crowd.into_iter().map(|it| it.join().unwrap()).sum();
    let (asked, seconds) = (
        asked.load(Ordering::SeqCst),
        start.elapsed().as_secs() as usize,
    );
    assert_eq!(answered, 2000);
    assert!(
        (1..=seconds + 2).contains(&asked),
        "{asked} questions in {seconds} s"
    );
    wait_for("a health line", || {
        Some(web.get("/healthz").body).filter(|it| it.contains("7 clients known"))
    });
}
