//! A service manager in the place of systemd that opens the doors of a server itself, and starts
//! the server again and again. Needs Python 3.

use std::fs;
use std::process::Command;

use super::process::Server;

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
pub fn launch(server: &mut Server, ports: &str, names: &str) {
    let mut command = Command::new("python3");
    command.args(["-c", MANAGER, env!("CARGO_BIN_EXE_herd")]);
    command.env("PORTS", ports).env("NAMES", names);
    server.launch_as(command);
}

/// The process that the manager has started.
pub fn child(server: &Server) -> Option<String> {
    let pid = server.pid();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let child = children.trim().to_string();
    (!child.is_empty()).then_some(child)
}
