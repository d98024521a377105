//! Moves as an open page hears of them: with their way, sampled when there are thousands, and at no
//! cost while no page is open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{now, seconds};
use crate::support::herd::{Directory, Herd};
use crate::support::wait::wait_until;

use super::Web;

/// A page that is open.
struct Page(BufReader<TcpStream>);

impl Page {
    fn of(web: &Web) -> Page {
        let mut stream = web.connect();
        let request = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", web.address);
        stream.write_all(request.as_bytes()).unwrap();
        Page(BufReader::new(stream))
    }

    /// The name of the next event, and what it holds. That of the status has no name.
    fn next(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "it has ended");
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.trim_end().to_string();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The next event with this name.
    fn event(&mut self, name: &str) -> Value {
        loop {
            let (found, value) = self.next();
            if found == name {
                return value;
            }
        }
    }
}

fn iamat(client: &[u8]) -> Vec<u8> {
    let time = seconds(now());
    [b"IAMAT ", client, format!(" +1.5-2 {time}\n").as_bytes()].concat()
}

#[test]
fn a_move_is_told_with_its_way_and_a_new_page_knows_it() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let web = Web::of(&herd["A"].topology, &[]);
    let mut page = Page::of(&web);
    let mut client = herd["A"].client();
    let name = b"</script>\x1b\xff\"\\&";
    let mut way = Vec::new();
    wait_until("a move is told at both servers", || {
        // A move before both are watched is no event, and the status comes each second.
        let (event, value) = page.next();
        if event.is_empty() {
            client.say(iamat(name));
        }
        for it in value["moves"].as_array().into_iter().flatten() {
            assert_eq!(it["client"], r#"</script>\x1b\xff"\\&"#);
            assert_eq!((&it["lat"], &it["lon"]), (&1.5.into(), &(-2.0).into()));
            assert_eq!(it["heard_by"], "A");
            way.extend(it["way"].as_array().unwrap().iter().cloned());
        }
        way.contains(&json!([null, "A"])) && way.contains(&json!(["A", "B"]))
    });
    let mut other = Page::of(&web);
    // The first list may be a second old; then another one follows.
    wait_until("another page knows the client", || {
        other.event("clients")["clients"][0]["client"] == r#"</script>\x1b\xff"\\&"#
    });
    // So does a web server that was started after the move.
    let later = Web::of(&herd["A"].topology, &[]);
    let mut page = Page::of(&later);
    wait_until("it knows of the past", || {
        page.event("clients")["clients"][0]["heard_by"] == "A"
    });
    herd["B"].kill();
    wait_until("it says that B is not watched", || {
        let unwatched = page.event("clients")["unwatched"].clone();
        unwatched[0]
            .as_str()
            .is_some_and(|it| it.starts_with("B: "))
    });
}

/// A server that the test plays: it lets itself be watched, and tells changes until it must end.
struct Flood {
    topology: std::path::PathBuf,
    watchers: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
    must_end: Arc<AtomicBool>,
    _directory: Directory,
}

impl Flood {
    fn new() -> Flood {
        let doors = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [client, server] = [0, 1].map(|door| doors[door].local_addr().unwrap().port());
        let directory = Directory::new();
        let topology = directory.0.join("t.txt");
        let text = format!("server A 127.0.0.1 clients={client} servers={server}\n");
        std::fs::write(&topology, text).unwrap();
        let flood = Flood {
            topology,
            watchers: Arc::default(),
            told: Arc::default(),
            must_end: Arc::default(),
            _directory: directory,
        };
        let [watchers, told] = [&flood.watchers, &flood.told].map(Arc::clone);
        let must_end = Arc::clone(&flood.must_end);
        thread::spawn(move || {
            for stream in doors[1].incoming().map(Result::unwrap) {
                let mut line = String::new();
                let mut stream = BufReader::new(stream);
                stream.read_line(&mut line).unwrap();
                if !line.starts_with("WATCH ") {
                    let status = "{\"name\":\"A\",\"up\":true,\"known\":7,\"digest\":\"1\"}\n";
                    let _ = stream.get_mut().write_all(status.as_bytes());
                    continue;
                }
                watchers.fetch_add(1, Ordering::SeqCst);
                let begin = b"WATCHING A 0123456789abcdef 0\n";
                stream.get_mut().write_all(begin).unwrap();
                // The first call asks where A is, and the second for the changes.
                if line.contains("after=") {
                    let (told, must_end) = (Arc::clone(&told), Arc::clone(&must_end));
                    let stream = stream.into_inner();
                    thread::spawn(move || tell(stream, &told, &must_end));
                }
            }
        });
        flood
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.must_end.store(true, Ordering::SeqCst);
    }
}

/// Some 20,000 changes a second, of clients whose names are as long as they are shown.
fn tell(mut stream: TcpStream, told: &AtomicUsize, must_end: &AtomicBool) {
    let mut seq = 0;
    while !must_end.load(Ordering::SeqCst) {
        let mut text = Vec::new();
        for _ in 0..100 {
            seq += 1;
            let head = format!("CHANGE {seq} - AT A +0.000000000 c{seq:08}");
            let tail = format!(" +1+1 {seq}\n");
            text.extend([head.as_bytes(), &[b'\xff'; 55], tail.as_bytes()].concat());
        }
        if stream.write_all(&text).is_err() {
            return;
        }
        told.fetch_add(100, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(5));
    }
    // It stays open: a server that has gone would be called again.
    let _ = stream.read(&mut [0]);
}

#[test]
fn a_flood_of_changes_is_sampled_and_no_slow_page_costs_memory() {
    let flood = Flood::new();
    let web = Web::of(&flood.topology, &[]);
    assert_eq!(web.get("/healthz").status, 200);
    assert_eq!(flood.watchers.load(Ordering::SeqCst), 0, "no page is open");
    let before = web.memory();
    let mut slow = Page::of(&web);
    slow.event("clients");
    let crowd: Vec<Page> = (0..200).map(|_| Page::of(&web)).collect();
    let mut page = Page::of(&web);
    let (mut shown, mut left_out, mut most, mut seconds) = (0, 0, 0, 0);
    // By then the kernel takes no more of what the slow ones do not read.
    while seconds < 4 {
        let (name, event) = page.next();
        seconds += usize::from(name == "clients");
        if name == "change" {
            most = most.max(event["moves"].as_array().unwrap().len());
            shown += event["changes"].as_u64().unwrap();
            left_out += event["left_out"].as_u64().unwrap();
        }
    }
    let after = web.memory();
    assert!(after < before + (16 << 10), "from {before} to {after} KiB");
    assert_eq!(most, 10, "moves in an event");
    assert!(slow.event("missed").as_u64().unwrap() > 0);
    // The dots are right for all that: the clients that moved last come in full.
    assert_eq!(
        slow.event("clients")["clients"].as_array().unwrap().len(),
        500
    );
    flood.must_end.store(true, Ordering::SeqCst);
    let told = flood.told.load(Ordering::SeqCst) as u64;
    assert!(shown + left_out <= told + 100 && shown < left_out);
    drop((crowd, slow));
}
