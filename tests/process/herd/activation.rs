//! A service manager in the place of systemd that opens the doors itself, and starts the server
//! again and again. Needs Python 3.

use std::fs;
use std::process::Command;

use super::iamat;
use super::support::client::Client;
use super::support::herd::Herd;
use super::support::mixed::has_python;
use super::support::process::{Server, send_signal};
use super::support::wait::wait_for;

/// `PORTS` and `NAMES` of the environment are those of the sockets.
const MANAGER: &str = r#"
import fcntl, os, socket, sys
doors = [socket.create_server(("127.0.0.1", int(port))) for port in os.environ["PORTS"].split()]
# None of them is in the place of another.
copies = [fcntl.fcntl(door.fileno(), fcntl.F_DUPFD, 20) for door in doors]
for number, copy in enumerate(copies):
    os.dup2(copy, 3 + number)
os.environ.update(LISTEN_FDS=str(len(doors)), LISTEN_FDNAMES=os.environ["NAMES"])
while True:
    child = os.fork()
    if child == 0:
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.execv(sys.argv[1], sys.argv[1:])
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
"#;

/// Has a manager start `server` with these doors.
fn launch(server: &mut Server, ports: &str, names: &str) {
    let mut command = Command::new("python3");
    command.args(["-c", MANAGER, env!("CARGO_BIN_EXE_herd")]);
    command.env("PORTS", ports).env("NAMES", names);
    server.launch_as(command);
}

/// The process that the manager has started.
fn child(server: &Server) -> Option<String> {
    let pid = server.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let child = children.trim().to_string();
    (!child.is_empty()).then_some(child)
}

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
