//! The servers of a herd that are started, and how far each has come.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::reactor::NOTIFY_SOCKET;
use crate::terminal::shell_word;
use crate::topology::Topology;

/// A herd to run.
pub struct Herd {
    pub topology: Topology,
    /// The servers to start, one child each.
    pub members: Vec<Member>,
    /// Options for `herd serve`, as arguments.
    pub options: Vec<String>,
    /// Where places come from, for the greeting.
    pub places: String,
}

/// A server to start.
pub struct Member {
    /// Its place in the topology.
    pub server: usize,
    pub log: PathBuf,
}

/// How far a member has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its doors are not open yet.
    Starting,
    /// Its doors are open; this is its process id.
    Open(u32),
    Ended,
}

impl Herd {
    pub fn name(&self, member: usize) -> &str {
        &self.topology.servers[self.members[member].server].name
    }

    /// Starts a member, with this program.
    pub fn command(&self, program: &Path, member: usize) -> Command {
        let mut command = Command::new(program);
        command.args(["serve", "--until-eof"]).args(&self.options);
        command.arg(self.name(member));
        // A service manager that started us waits for our words, not for those of each member.
        command.env_remove(NOTIFY_SOCKET);
        command
    }

    /// The line with which a person starts a member. It calls the program as we were called, since
    /// it need not be on the PATH.
    pub fn shell_line(&self, member: usize) -> String {
        let program = env::args_os().next().unwrap_or("herd".into());
        let program = program.to_string_lossy();
        let words = [&*program, "serve"].into_iter();
        let words = words.chain(self.options.iter().map(String::as_str));
        let words = words.chain([self.name(member)]).map(shell_word);
        words.collect::<Vec<_>>().join(" ")
    }
}
