//! `herd up`: the whole herd in the foreground, a process per server.
//!
//! Each child is this very program with the verb `serve` and the options that we were given. A
//! server that ends is named with its reason and the others go on; only when none is left, the
//! run has failed.

use super::children::{Change, Children, State};
use super::failure::{Failure, one_line};
use super::greeting::{Greeting, OpenServer, shell_word};
use super::options::{self, Shared};
use super::print;
use super::secret;
use crate::topology::Topology;
use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

const HELP: &str = "\
herd up: run every server of the topology, each in a process of its own, until Ctrl-C.

    herd up                                      the herd of topology.txt
    herd up -t tests/topologies/alford.txt       another one
    herd up -d /tmp/herd --log-level debug       logs elsewhere, with more in them
    GOOGLE_MAPS_API_KEY=... herd up              places from Google

Once all doors are open it shows where they are, and lines to paste. A server that ends is
named with its reason, and the others go on. A second Ctrl-C ends all at once.

SIGUSR1 (begin the logs anew) and SIGHUP (read the topology's links again) are passed on to the
servers; a terminal that is closed ends the herd.";

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_shared(&mut known);
    let Some(matches) = options::parse("up", HELP, known, arguments)? else {
        return Ok(());
    };
    if let Some(word) = matches.free.first() {
        return Err(Failure::wrong(format_args!(
            "up starts every server, so what is {word:?}? start one server with herd serve NAME"
        )));
    }
    let herd = Herd::of(options::shared(&matches)?)?;
    let commands = herd.commands()?;
    let mut children = Children::start(commands.into_iter())
        .map_err(|error| Failure::failed(format_args!("cannot watch over children: {error}")))?;
    let outcome = herd.watch(&mut children);
    for killed in children.end() {
        tell(&format!(
            "{} had not ended and was killed",
            herd.name(killed)
        ));
    }
    outcome
}

/// What we are to run.
struct Herd {
    shared: Shared,
    topology: Topology,
    /// Place and log of each server that is not plain: one child each, in this order.
    members: Vec<(usize, PathBuf)>,
    /// How a person starts one server, less its name.
    serve: String,
}

impl Herd {
    fn of(shared: Shared) -> Result<Herd, Failure> {
        let topology = Topology::load(&shared.topology)?;
        let mut members = Vec::new();
        for (index, server) in topology.servers.iter().enumerate() {
            if !server.plain {
                secret::guard(server, shared.secret.is_some(), shared.insecure)?;
                members.push((index, options::log_in(&shared.directory, &server.name)?));
            }
        }
        if members.is_empty() {
            return Err(Failure::wrong(format_args!(
                "every server of {} is plain, so none is ours to start; give one servers=PORT",
                shared.topology.display()
            )));
        }
        // As we were called, since we need not be on the PATH.
        let us = env::args_os().next().unwrap_or("herd".into());
        let mut words = vec![shell_word(&us.to_string_lossy()), "serve".to_string()];
        words.extend(shared.given.iter().map(|word| shell_word(word)));
        Ok(Herd {
            serve: words.join(" "),
            shared,
            topology,
            members,
        })
    }

    /// What starts each member.
    fn commands(&self) -> Result<Vec<Command>, Failure> {
        let program = env::current_exe()
            .map_err(|error| Failure::failed(format_args!("cannot find myself: {error}")))?;
        let command = |&(server, _): &(usize, PathBuf)| {
            let mut command = Command::new(&program);
            command.arg("serve").args(&self.shared.given);
            command
                .arg("--until-eof")
                .arg(&self.topology.servers[server].name);
            command
        };
        Ok(self.members.iter().map(command).collect())
    }

    /// Tells of what happens, until a signal asks us to end or no child is left.
    fn watch(&self, children: &mut Children) -> Result<(), Failure> {
        let (mut greeted, mut late) = (false, false);
        loop {
            if children.states().all(|state| state == State::Ended) {
                return Err(Failure::failed(
                    "no server of the herd is left; mend what is said above, then herd up again",
                ));
            }
            if !greeted && (late || children.states().all(|state| state != State::Starting)) {
                greeted = true;
                print(&self.greeting(children).text())?;
            }
            match children.next() {
                Change::Asked => return Ok(()),
                Change::Late => late = true,
                Change::Opened(index) if greeted => {
                    print(&format!("{} is open now.\n", self.name(index)))?;
                }
                Change::Opened(_) => {}
                Change::Warned(index, what) => tell(&format!("{}: {what}", self.name(index))),
                Change::Ended(index, reason) => {
                    let name = self.name(index);
                    let again = format!("{} {}", self.serve, shell_word(name));
                    tell(&format!(
                        "{name} ended: {reason}; to start it again: {again}"
                    ));
                }
            }
        }
    }

    fn greeting(&self, children: &Children) -> Greeting<'_> {
        let in_state = |state| {
            let members = self.members.iter().enumerate();
            members.filter(move |&(index, _)| children.state(index) == state)
        };
        let open = in_state(State::Open).map(|(index, (server, log))| OpenServer {
            server: *server,
            pid: children.pid(index).unwrap_or_default(),
            log: log.clone(),
        });
        Greeting {
            topology: &self.topology,
            open: open.collect(),
            late: in_state(State::Starting)
                .map(|(_, &(server, _))| server)
                .collect(),
            places: self.shared.places.describe(),
            serve: self.serve.clone(),
        }
    }

    fn name(&self, member: usize) -> &str {
        let (server, _) = self.members[member];
        &self.topology.servers[server].name
    }
}

/// A line on standard error; without one there is nobody to tell.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "herd: {}", one_line(line));
}
