//! The servers of a herd that are started, and how far each has come.

use std::env;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::reactor::NOTIFY_SOCKET;
use crate::terminal::shell_word;
use crate::topology::{Host, Server, Topology};

/// A herd to run.
pub struct Herd {
    pub topology: Topology,
    /// Its file, if that is not the usual one.
    pub file: Option<String>,
    /// The servers to start, one child each.
    pub members: Vec<Member>,
    /// Options for `herd serve`, as arguments.
    pub options: Vec<String>,
    /// Where places come from, for the greeting.
    pub places: String,
    /// The directory of logs and journals.
    pub directory: PathBuf,
    pub has_journals: bool,
    /// Whether the servers begin without the clients of their journals.
    pub is_fresh: bool,
    /// How much the logs have to show, if they are to be shown as they grow.
    pub follow: Option<Followed>,
}

/// How much is in the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    Everything,
    /// The log level leaves out what clients and servers say.
    Warnings,
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
    /// Another process runs it, so it is not started.
    Elsewhere,
}

impl Herd {
    pub fn name(&self, member: usize) -> &str {
        &self.topology.servers[self.members[member].server].name
    }

    /// The journal of a member, if the herd has journals.
    pub fn journal(&self, member: usize) -> PathBuf {
        self.members[member].log.with_extension("herd")
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

    /// The line with which a person starts a member.
    pub fn serve_line(&self, member: usize) -> String {
        let options = self.options.iter().map(String::as_str);
        line(
            ["serve"]
                .into_iter()
                .chain(options)
                .chain([self.name(member)]),
        )
    }

    /// The line with which a person starts a page about the herd.
    pub fn web_line(&self) -> String {
        let file = self.file.iter().flat_map(|file| ["-t", file]);
        line(["web"].into_iter().chain(file))
    }

    /// The beginning of a line with which a person of this machine asks a member.
    pub fn ask_line(&self, member: usize) -> String {
        let server = &self.topology.servers[self.members[member].server];
        let door = near(server).door(server.clients);
        let file = self.file.iter().flat_map(|file| ["-t", file]);
        match server.listen {
            Some(_) => line(["ask", &door].into_iter()),
            None => line(["ask"].into_iter().chain(file).chain([self.name(member)])),
        }
    }
}

/// A line for a shell. It calls the program as we were called, since it need not be on the PATH.
fn line<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let program = env::args_os().next().unwrap_or("herd".into());
    let program = program.to_string_lossy();
    let words = words.map(shell_word).collect::<Vec<_>>();
    format!("{} {}", shell_word(&program), words.join(" "))
}

/// The host by which this machine reaches a server that was started here: its name may lead to the
/// other side of a NAT.
fn near(server: &Server) -> Host {
    match server.listens_on() {
        Host::Ip(all) if all.is_unspecified() && all.is_ipv4() => Host::Ip([127, 0, 0, 1].into()),
        Host::Ip(all) if all.is_unspecified() => Host::Ip(Ipv6Addr::LOCALHOST.into()),
        host => host.clone(),
    }
}
