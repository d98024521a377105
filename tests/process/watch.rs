//! `herd watch`, and many of it: what it shows of a real herd, and what it costs the servers.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use herd::secret::{Secret, WATCHER, question};
use serde_json::Value;

use super::support::client::{Client, now, seconds};
use super::support::herd::{Directory, Herd};
use super::support::ports::free_port;
use super::support::process::send_signal;
use super::support::wait::wait_until;

/// A `herd watch` that is ended with the test.
struct Watcher {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Watcher {
    fn of(topology: &Path, options: &[&str]) -> Watcher {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        command.arg("watch").arg("-t").arg(topology).args(options);
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        Watcher { process, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.out.read_line(&mut line).unwrap();
        assert!(count > 0, "it has ended");
        line
    }

    /// Reads events up to the first that is right.
    fn event(&mut self, mut is_right: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let line = self.line();
            let event: Value = serde_json::from_str(&line).unwrap();
            if is_right(&event) {
                return event;
            }
        }
    }

    /// Reads until this number of servers are watched.
    fn up(&mut self, count: usize) {
        for _ in 0..count {
            self.event(|event| event["event"] == "up");
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn iamat(client: &str) -> String {
    let time = seconds(now());
    format!("IAMAT {client} +34.068930-118.445127 {time}\n")
}

#[test]
fn an_update_is_seen_at_every_server_with_its_way() {
    let herd = Herd::running("topology.txt");
    let mut watcher = Watcher::of(&herd.servers[0].topology, &["--json", "--client", "k?wi*"]);
    watcher.up(5);
    let mut client = herd["Goloman"].client();
    client.ask(iamat("plum"));
    client.ask(iamat("kiwi\u{1b}"));
    let mut ways = Vec::new();
    for _ in 0..5 {
        let event = watcher.event(|event| event["event"] == "change");
        assert_eq!(event["client"], "kiwi\\x1b");
        assert_eq!(event["heard_by"], "Goloman");
        let server = event["server"].as_str().unwrap().to_string();
        ways.push((server, event["teller"].as_str().map(String::from)));
    }
    ways.sort();
    let mut servers: Vec<&str> = ways.iter().map(|(server, _)| &server[..]).collect();
    servers.dedup();
    assert_eq!(servers.len(), 5, "{ways:?}");
    for (server, teller) in &ways {
        // Somebody who has it told it over a link that there is.
        let is_link = |teller: &String| {
            let is_it = |link: &[String; 2]| link.contains(server) && link.contains(teller);
            herd.links.iter().any(is_it)
        };
        match teller {
            None => assert_eq!(server, "Goloman"),
            Some(teller) => assert!(is_link(teller), "{ways:?}"),
        }
    }
    assert!(send_signal("INT", &watcher.process.id().to_string()));
    assert_eq!(watcher.process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_person_reads_who_heard_a_client_and_when_a_server_is_gone() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    herd.start();
    let mut watcher = Watcher::of(&herd.servers[0].topology.clone(), &["Hands", "Goloman"]);
    for _ in 0..2 {
        assert!(watcher.line().ends_with("  is watched\n"));
    }
    herd["Goloman"].client().ask(iamat("kiwi"));
    let place = "kiwi                  +34.068930-118.445127\n";
    let lines = [watcher.line(), watcher.line()];
    let found = |text: &str| lines.iter().any(|line| line.ends_with(text));
    assert!(found(&format!("  heard by Goloman   {place}")), "{lines:?}");
    assert!(found(&format!("  Hands ← Goloman    {place}")), "{lines:?}");
    herd["Hands"].kill();
    assert!(watcher.line().contains("Hands  cannot be watched: "));
    herd["Hands"].start();
    loop {
        let line = watcher.line();
        if line.contains("Hands  is watched again; it was restarted") {
            break;
        }
        assert!(line.contains("Hands  cannot be watched: "), "{line}");
    }
}

#[test]
fn a_watcher_that_does_not_read_costs_nothing_and_skips() {
    let herd = Herd::one();
    let server = &herd["Goloman"];
    let mut watcher = Watcher::of(&server.topology, &["--json"]);
    watcher.up(1);
    let mut idle: Vec<Client> = (0..3).map(|_| Client::of(server.servers)).collect();
    for it in &mut idle {
        assert!(it.ask("WATCH\n").starts_with("WATCHING Goloman "));
    }
    // Far more than all buffers of the kernel hold, by a few clients.
    let mut client = server.client();
    let mut told = 0;
    let move_all = |client: &mut Client| {
        let lines: String = (0..500).map(|it| iamat(&format!("kiwi{it}"))).collect();
        client.say(lines);
        for _ in 0..500 {
            assert!(client.line().starts_with("AT Goloman "));
        }
    };
    let memory = || {
        let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
        let digits = line.split_whitespace().nth(1).unwrap();
        digits.parse::<u64>().unwrap()
    };
    (0..20).for_each(|_| move_all(&mut client));
    let before = memory();
    (0..400).for_each(|_| move_all(&mut client));
    assert!(memory() < before + 4096, "{before} KiB, then {}", memory());
    client.ask(iamat("last"));
    // It has read nothing meanwhile: its pipe is full. Now it is told what is left of the changes.
    let last = watcher.event(|event| {
        told += u64::from(event["event"] == "change");
        event["client"] == "last"
    });
    assert_eq!(last["seq"], 420 * 500 + 1);
    assert!(told < 420 * 500, "nothing was skipped");
}

#[test]
fn a_crowd_of_watchers_is_refused_and_goes() {
    let herd = Herd::one();
    let server = &herd["Goloman"];
    let (mut watchers, mut refused) = (Vec::new(), 0);
    for _ in 0..1000 {
        let mut watcher = Client::of(server.servers);
        match watcher.ask("WATCH\n") {
            answer if answer.starts_with("WATCHING Goloman ") => watchers.push(watcher),
            answer => {
                let why = "? WATCH # 16 watch this server already; ";
                assert!(answer.starts_with(why), "{answer}");
                refused += 1;
            }
        }
    }
    assert_eq!((watchers.len(), refused), (16, 984));
    assert!(server.client().ask(iamat("kiwi")).starts_with("AT "));
    // One that goes makes room.
    watchers.pop();
    wait_until("another may watch", || {
        let mut watcher = Client::of(server.servers);
        watcher.ask("WATCH\n").starts_with("WATCHING ")
    });
}

#[test]
fn wrong_use_and_absent_servers_are_told_in_a_line() {
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    let port = free_port();
    fs::write(
        &file,
        format!("server A 127.0.0.1 clients=1 servers={port}\n"),
    )
    .unwrap();
    let run = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        let output = command.arg("watch").arg("-t").arg(&file).args(options);
        let output = output.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        (output.status.code(), text)
    };
    let want = "herd: no server can be watched: nobody listens there\n";
    assert_eq!(run(&[]), (Some(1), want.to_string()));
    let (code, text) = run(&["B"]);
    assert!(
        text.starts_with("herd: no server is called \"B\""),
        "{text}"
    );
    assert_eq!(code, Some(2));
    fs::write(&file, "server A ::1 clients=1 plain\n").unwrap();
    let (code, text) = run(&[]);
    assert!(text.starts_with("herd: all servers of the topology are plain"));
    assert_eq!(code, Some(2));
}

/// A server elsewhere, played by hand: it wants a proof, and the first one has no WATCH. From here
/// everything is loopback.
#[test]
fn a_watcher_from_elsewhere_proves_that_it_knows_the_secret() {
    const SECRET: &str = "correct-horse-battery";
    const NONCE: &str = "ffeeddccbbaa99887766554433221100";
    let directory = Directory::new();
    let (file, topology) = (directory.0.join("secret"), directory.0.join("t.txt"));
    fs::write(&file, format!("not-the-right-secret\n{SECRET}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let port = free_port();
    fs::write(
        &topology,
        format!("server Far 127.0.0.1 clients=9 servers={port}\n"),
    )
    .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let server = thread::spawn(move || {
        // One of an earlier version, one that a watcher without a secret asks, and two that get
        // the proofs of both secrets.
        for number in 0..4 {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let (mut first, mut second) = (String::new(), String::new());
            stream.read_line(&mut first).unwrap();
            let nonce = first.trim_end().strip_prefix("WATCH ").unwrap().to_string();
            if number == 0 {
                let _ = stream.get_mut().write_all(format!("? {first}").as_bytes());
                continue;
            }
            let challenge = format!("WATCH {NONCE}\n");
            stream.get_mut().write_all(challenge.as_bytes()).unwrap();
            stream.read_line(&mut second).unwrap();
            let proof = second.trim_end().strip_prefix("AUTH ").unwrap_or("");
            let message = question(WATCHER, b"Far", [nonce.as_bytes(), NONCE.as_bytes()]);
            let secret = Secret::new(SECRET.as_bytes()).unwrap();
            let at = "AT Near +0.000000000 kiwi +1+1 1";
            let answer = match secret.accepts(proof.as_bytes(), &message) {
                true => format!("WATCHING Far 0000000000000001 4\nCHANGE 5 Near {at}\n"),
                false => format!("? {second}"),
            };
            // The watcher without a secret has gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        let output = command.arg("watch").arg("-t").arg(&topology);
        let output = output.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, text) = run();
    assert!(text.contains("its version has no WATCH"), "{text}");
    assert_eq!(code, Some(1));
    let want = "herd: no server can be watched: it wants proof; give its secret with \
        --secret-file FILE\n";
    assert_eq!(run(), (Some(2), want.to_string()));
    let options = ["--json", "--secret-file", file.to_str().unwrap()];
    let mut watcher = Watcher::of(&topology, &options);
    let event = watcher.event(|event| event["event"] == "change");
    assert_eq!(
        (&event["seq"], &event["teller"]),
        (&5.into(), &"Near".into())
    );
    server.join().unwrap();
}

/// Two servers, played by hand: one tells more than anybody takes, and the other a single change.
#[test]
fn a_loud_server_does_not_drown_the_others() {
    let directory = Directory::new();
    let topology = directory.0.join("t.txt");
    let ports = [free_port(), free_port()];
    let [loud, quiet] = ports.map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    let lines = ["Loud", "Quiet"].iter().zip(ports).map(|(name, port)| {
        let clients = free_port();
        format!("server {name} 127.0.0.1 clients={clients} servers={port}\n")
    });
    fs::write(&topology, lines.collect::<String>()).unwrap();
    let begin = |listener: TcpListener, name: &str| {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        stream.read_line(&mut String::new()).unwrap();
        let line = format!("WATCHING {name} 0000000000000001 0\n");
        stream.get_mut().write_all(line.as_bytes()).unwrap();
        stream.into_inner()
    };
    let change = |seq: u64| format!("CHANGE {seq} - AT A +0.000000000 kiwi +1+1 {seq}\n");
    let mut watcher = Watcher::of(&topology, &["--json"]);
    let mut stream = begin(loud, "Loud");
    let loud = thread::spawn(move || {
        for first in 0.. {
            let lines: String = (1..=100).map(|it| change(100 * first + it)).collect();
            if stream.write_all(lines.as_bytes()).is_err() {
                return;
            }
        }
    });
    watcher.event(|event| event["server"] == "Loud" && event["seq"] == 1000);
    let mut stream = begin(quiet, "Quiet");
    stream.write_all(change(1).as_bytes()).unwrap();
    let mut count = 0;
    watcher.event(|event| {
        count += 1;
        assert!(count < 1_000_000, "Quiet is not heard");
        event["server"] == "Quiet" && event["event"] == "change"
    });
    drop(watcher);
    loud.join().unwrap();
}
