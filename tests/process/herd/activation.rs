//! Doors that a service manager has opened. Needs Python 3.

use super::iamat;
use super::support::client::Client;
use super::support::herd::Herd;
use super::support::manager::{child, launch};
use super::support::mixed::has_python;
use super::support::process::send_signal;
use super::support::wait::wait_for;

#[test]
fn connections_wait_in_the_queue_of_a_managers_door_for_the_next_server() {
    if !has_python() {
        return;
    }
    let mut herd = Herd::new(&["A"], &[]);
    herd.write_topologies();
    let server = &mut herd["A"];
    let ports = format!("{} {}", server.clients, server.servers);
    launch(server, &ports, "clients:servers");
    server.greeting();
    for round in 0..5 {
        let name = format!("kiwi{round}");
        let reply = server.client().ask(iamat(&name));
        assert!(reply.starts_with("AT A "), "{reply}");
        let old = child(server).expect("a server");
        assert!(send_signal("TERM", &old));
        // Whether the old server takes it, the next one, or the queue between them: it is served.
        wait_for("the next server", || child(server).filter(|it| *it != old));
        let mut late = Client::of(server.clients);
        assert_eq!(late.near(format!("WHATSAT {name} 0 0\n")).line, reply);
        server.greeting();
    }
}

#[test]
fn a_managers_socket_that_is_no_door_is_named() {
    if !has_python() {
        return;
    }
    let mut herd = Herd::new(&["A"], &[]);
    herd.write_topologies();
    let server = &mut herd["A"];
    launch(server, "0", "web.socket");
    let ended = server.ended();
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("which is no door of A"),
        "{}",
        ended.stderr
    );
}
