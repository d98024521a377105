//! Hosts that are unlike a shell in a terminal: parents that leave their signals, descriptors and
//! outputs behind, containers, and files that are something else.

mod outputs;
mod signals;

use std::process::Command;

use crate::support;
use crate::support::process::Server;

/// A shell that runs this, and then becomes the program.
fn after(script: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("{script}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_herd")]);
    shell
}

/// Has a server hear of this many clients, all of which it must acknowledge.
#[track_caller]
fn say(server: &Server, name: &str, count: usize) {
    let mut client = server.client();
    for number in 0..count {
        let reply = client.ask(format!("IAMAT {name}{number} +1-2 1000000\n"));
        assert!(reply.starts_with("AT Goloman "), "{reply}");
    }
}
