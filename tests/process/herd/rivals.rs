//! Two processes with one name: a second copy of a machine, the same topology started twice.

use std::fs;
use std::process::Command;

use super::support::client::ask_text;
use super::support::herd::{Directory, Herd};
use super::support::ports::free_port;
use super::support::process::Server;
use super::support::wait::wait_until;

/// Another server of that name, with doors of its own, that dials Goloman.
fn copy(name: &str, goloman: &Server, directory: &Directory) -> Server {
    let copy = Server::new(name, [free_port(), free_port()], directory.0.clone());
    let server = |it: &Server| {
        let (name, clients, servers) = (&it.name, it.clients, it.servers);
        format!("server {name} 127.0.0.1 clients={clients} servers={servers}\n")
    };
    let text = server(goloman) + &server(&copy) + &format!("link Goloman {name}\n");
    fs::write(&copy.topology, text).unwrap();
    copy
}

/// Whether `herd status` of a server's topology fails, and says this.
fn fails_with(server: &Server, text: &str) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    let output = command
        .arg("status")
        .arg("-t")
        .arg(&server.topology)
        .output();
    let output = output.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.code() == Some(1) && error.contains(text)
}

fn knows(server: &Server, client: &str) -> bool {
    ask_text(server.clients, format!("WHATSAT {client} 0 0\n")).starts_with("AT ")
}

#[test]
fn the_first_of_several_servers_with_one_name_keeps_the_link_and_all_are_told() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    herd.start();
    let directories = [Directory::new(), Directory::new()];
    let mut copies: Vec<Server> = Vec::new();
    for directory in &directories {
        let mut copy = copy("Hands", &herd["Goloman"], directory);
        copy.start();
        copy.logged("refused: it refuses us: two servers are Hands: run ");
        let text = "Hands has trouble with Goloman: it refuses us: two servers are Hands";
        wait_until("its status fails", || fails_with(&copy, text));
        copies.push(copy);
    }
    let goloman = &herd["Goloman"];
    goloman.logged("two servers are Hands: run ");
    let text = "Goloman has trouble with Hands: two servers are Hands: run ";
    wait_until("the status fails", || fails_with(goloman, text));
    // One look at the newcomer, the first back again, and that is all.
    assert!(
        goloman.count("link from Hands up") <= 6,
        "{}",
        goloman.log()
    );
    let mut client = herd["Hands"].client();
    assert!(client.ask(super::iamat("first")).starts_with("AT Hands"));
    wait_until("the first is heard", || knows(goloman, "first"));
    // When the first is gone, another one takes its place.
    let mut client = copies[0].client();
    assert!(client.ask(super::iamat("second")).starts_with("AT Hands"));
    let mut client = copies[1].client();
    assert!(client.ask(super::iamat("third")).starts_with("AT Hands"));
    assert!(!knows(goloman, "second") && !knows(goloman, "third"));
    herd["Hands"].kill();
    let goloman = &herd["Goloman"];
    wait_until("another is heard", || {
        knows(goloman, "second") || knows(goloman, "third")
    });
}
