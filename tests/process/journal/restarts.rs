//! A restart costs a link little: of 20,000 clients only those that moved are told, both ways.

use std::fs;

use serde_json::Value;

use super::segments;
use super::support::client::ask_text;
use super::support::herd::{Herd, at_line};
use super::support::process::Server;
use super::support::wait::wait_for;

const CLIENTS: usize = 20_000;
/// Lines in one packet.
const PACKET: usize = 500;
/// AT lines each way, where three clients moved.
const LINES_MAX: u64 = 100;

fn status(server: &Server) -> Value {
    serde_json::from_str(&ask_text(server.servers, "STATUS\n")).unwrap()
}

/// Tells a server of these clients, and waits for its replies.
fn moves(server: &Server, clients: impl Iterator<Item = usize>, time: u32) {
    let lines = clients.map(|client| format!("IAMAT k{client} +1-2 {time}\n"));
    let lines: Vec<String> = lines.collect();
    let mut client = server.client();
    for packet in lines.chunks(PACKET) {
        client.say(packet.concat());
        for _ in packet {
            assert!(client.line().starts_with("AT "));
        }
    }
}

/// Waits until both have the same table of all clients, and returns how many AT lines the second
/// has heard and told in its present run.
fn costs(herd: &Herd) -> [u64; 2] {
    let both = wait_for("both tables are equal", || {
        let both = [&herd["Goloman"], &herd["Hands"]].map(status);
        let is_whole = both[0]["known"] == CLIENTS;
        (is_whole && both[0]["digest"] == both[1]["digest"]).then_some(both)
    });
    ["at_in", "at_out"].map(|key| both[1]["totals"][key].as_u64().unwrap())
}

#[test]
fn a_restart_costs_its_link_what_changed() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    for server in &mut herd.servers {
        server.options = ["--log-level", "warn"].map(String::from).to_vec();
    }
    herd.start_quietly();
    moves(&herd["Goloman"], 0..CLIENTS, 1_000_000);
    costs(&herd);
    let copies: Vec<_> = (segments(&herd["Hands"]).into_iter())
        .map(|path| (fs::read(&path).unwrap(), path))
        .collect();

    herd["Hands"].kill();
    moves(&herd["Goloman"], 0..3, 1_000_001);
    herd["Hands"].start();
    let [heard, told] = costs(&herd);
    println!("of {CLIENTS} clients 3 moved: {heard} lines heard, {told} told");
    assert!(heard >= 3 && heard.max(told) <= LINES_MAX);

    // An older copy of the journal: it lacks the three, and three more that Hands itself heard.
    moves(&herd["Hands"], 100..103, 1_000_002);
    costs(&herd);
    herd["Hands"].kill();
    for path in segments(&herd["Hands"]) {
        fs::remove_file(path).unwrap();
    }
    for (text, path) in &copies {
        fs::write(path, text).unwrap();
    }
    herd["Hands"].start();
    let [heard, told] = costs(&herd);
    println!("with an older copy: {heard} lines heard, {told} told");
    assert!(heard >= 6 && heard.max(told) <= LINES_MAX);
    for client in [2, 102] {
        let lines = ["Goloman", "Hands"].map(|name| {
            let client = format!("k{client}");
            at_line(herd[name].clients, &client).unwrap()
        });
        assert_eq!(lines[0], lines[1]);
        let time = lines[0].rsplit(' ').next().unwrap();
        assert_eq!(time, ["1000001", "1000002"][client / 100]);
    }

    // Without a journal it is told everything, and has nothing to tell.
    herd["Hands"].kill();
    for path in segments(&herd["Hands"]) {
        fs::remove_file(path).unwrap();
    }
    herd["Hands"].start();
    let [heard, told] = costs(&herd);
    println!("without a journal: {heard} lines heard, {told} told");
    assert_eq!((heard, told), (CLIENTS as u64, 0));
}
