//! `herd up`: the whole herd in the foreground, a process per server.

use super::failure::Failure;
use super::options::{self, Shared};
use super::secret;
use crate::topology::Topology;
use crate::up::{self, Herd, Member};

const HELP: &str = "\
herd up: run every server of the topology, a process each, until Ctrl-C.

    herd up                                   the herd of topology.txt
    herd up -t tests/topologies/alford.txt    another one
    herd up -d /tmp/herd --log-level debug    logs elsewhere, with more in them
    GOOGLE_MAPS_API_KEY=... herd up           places from Google

Once all doors are open it shows where they are, and lines to paste. When a
server ends it says why, and the others go on. A second Ctrl-C kills them all.

SIGUSR1 (reopen the logs) and SIGHUP (read the topology's links again) are
passed on to the servers. Closing the terminal ends the herd.";

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_shared(&mut known);
    let Some(matches) = options::parse("up", HELP, known, arguments)? else {
        return Ok(());
    };
    let advice = "start one server with herd serve NAME";
    options::no_words("up", &matches, advice)?;
    Ok(up::run(&herd(options::shared(&matches)?, arguments)?)?)
}

/// The herd of the topology. Its servers take the same options as we.
fn herd(shared: Shared, arguments: &[&str]) -> Result<Herd, Failure> {
    let topology = Topology::load(&shared.topology)?;
    let mut members = Vec::new();
    for (place, server) in topology.servers.iter().enumerate() {
        if !server.plain {
            secret::guard(server, shared.secret.is_some(), shared.insecure)?;
            let log = options::log_in(&shared.directory, &server.name)?;
            members.push(Member { server: place, log });
        }
    }
    if members.is_empty() {
        return Err(Failure::wrong(format_args!(
            "every server of {} is plain, so there is none to start; give one servers=PORT",
            shared.topology.display()
        )));
    }
    Ok(Herd {
        topology,
        members,
        options: arguments.iter().map(|word| word.to_string()).collect(),
        places: shared.places.describe(),
    })
}
