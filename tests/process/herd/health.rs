//! The exit status of `herd status`: 0 for a healthy herd under load, 1 for each thing that is
//! wrong.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

use super::iamat;
use super::status::{json, said, status, truth};
use super::support::client::Client;
use super::support::herd::Herd;
use super::support::wait::{wait_for, wait_until};

/// `herd load`, which ends with the test.
struct Load(Child);

impl Load {
    /// Updates per second at one server.
    fn of(port: u16, rate: u32) -> Load {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        let (door, rate) = (format!("127.0.0.1:{port}"), rate.to_string());
        command.args(["load", &door, "--rate", &rate, "--seconds", "600"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Load(command.spawn().unwrap())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the status exits with 1 and names this reason in standard error, and returns that.
#[track_caller]
fn fails(truth: &str, reason: &str) -> String {
    wait_for(reason, || {
        let (code, table, error) = said(&status(truth, &[]));
        let is_it = code == Some(1) && error.starts_with("herd: ") && error.contains(reason);
        assert!(!is_it || table.contains(reason), "{table}");
        is_it.then_some(error)
    })
}

#[test]
fn a_healthy_herd_under_load_is_well() {
    let mut herd = Herd::of("topology.txt");
    for server in &mut herd.servers {
        server.options = ["--log-level", "warn"].map(String::from).to_vec();
    }
    herd.start_quietly();
    let truth = truth(&herd);
    wait_until("all links are up", || status(&truth, &[]).status.success());
    let _load = Load::of(herd["Goloman"].clients, 2000);
    wait_until("it moves", || {
        let all = json(&status(&truth, &["--json"]));
        all[3]["totals"]["at_in"].as_u64() > Some(0)
    });
    let (mut polls, mut uncompared) = (0, 0);
    wait_until("tables were moving", || {
        let (code, table, error) = said(&status(&truth, &[]));
        assert_eq!((code, error.as_str()), (Some(0), ""), "{table}");
        polls += 1;
        uncompared += usize::from(table.contains("\ntables were moving; not compared: "));
        polls >= 10 && uncompared > 0
    });
    let all = json(&status(&truth, &["--json"]));
    let welsh = &all[3]["links"];
    assert_eq!(
        (&welsh[0]["name"], &welsh[0]["lag"]),
        (&"Holiday".into(), &0.into()),
        "Holiday has told it everything"
    );
}

#[test]
fn a_link_that_is_not_up_is_wrong() {
    let mut herd = Herd::new(&["A", "B", "C"], &[["A", "B"]]);
    let mut proxies = [herd.between("A", "B"), herd.between("B", "A")];
    herd.start();
    let truth = truth(&herd);
    let check = |truth: &str| said(&status(truth, &["--check"]));
    let well = "OK: 3 up, 0 clients known\n";
    let well = (Some(0), well.to_string(), String::new());
    assert_eq!(check(&truth), well);
    // The servers have another topology, in which this link is missing.
    let more = truth.clone() + "link B C\n";
    let link = "link not up: B to C unknown to it, C to B unknown to it";
    fails(&more, link);
    let degraded = (Some(1), format!("DEGRADED: {link}\n"), String::new());
    assert_eq!(check(&more), degraded);
    // One server is asked for itself alone.
    let (code, ..) = said(&status(&more, &["B"]));
    assert_eq!(code, Some(0));
    proxies.iter_mut().for_each(|proxy| proxy.cut());
    fails(&truth, "link not up: ");
    proxies.iter_mut().for_each(|proxy| proxy.heal());
    wait_until("it is up again", || check(&truth) == well);
    // A server that is down is one reason, and no reason for each of its links.
    herd["B"].kill();
    let down = (Some(1), "DOWN: B\n".to_string(), String::new());
    assert_eq!(check(&truth), down);
}

#[test]
fn a_log_that_cannot_be_written_is_wrong() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let log = herd.servers[0].directory.join("Goloman.log");
    symlink("/dev/full", log).unwrap();
    herd.start();
    let error = fails(&truth(&herd), "Goloman cannot write its log: ");
    assert!(error.contains("No space left on device"), "{error}");
}

#[test]
fn a_journal_that_cannot_be_written_is_wrong() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let server = &mut herd.servers[0];
    server.options = ["--log-level", "warn"].map(String::from).to_vec();
    let mut shell = Command::new("sh");
    let script = "ulimit -S -f 64; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_herd")]);
    server.launch_as(shell);
    server.greeting();
    let mut client = server.client();
    for _ in 0..2000 {
        client.ask(iamat("kiwi"));
    }
    fails(&truth(&herd), "Goloman cannot write its journal: ");
}

#[test]
fn clients_at_their_limit_are_wrong() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let mut shell = Command::new("sh");
    let script = "ulimit -n 64 && exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_herd")]);
    herd.servers[0].launch_as(shell);
    herd.servers[0].greeting();
    let (truth, port) = (truth(&herd), herd["Goloman"].clients);
    assert_eq!(said(&status(&truth, &[])).0, Some(0));
    let most = json(&status(&truth, &["--json"]))[0]["clients_max"].clone();
    let most = most.as_u64().unwrap() as usize;
    let inside: Vec<Client> = (0..most).map(|_| Client::of(port)).collect();
    let full = format!("Goloman has all the clients that it may have: {most}");
    fails(&truth, &full);
    // One more is turned away, without an answer, and that counts for a while after they have gone.
    let crowd: Vec<TcpStream> = (0..most)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect();
    let limit = "Goloman reached limit clients ";
    fails(&truth, limit);
    drop((inside, crowd));
    wait_until("only the limit is left", || {
        let (code, _, error) = said(&status(&truth, &[]));
        assert_eq!(code, Some(1));
        error.starts_with(&format!("herd: {limit}")) && !error.contains(&full)
    });
}
