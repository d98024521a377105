//! `herd up`: the whole herd in the foreground, a process per server.

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use super::{arguments, once, options, secret};
use crate::reactor::Signals;
use crate::up::{self, Herd, Member};

pub(super) const HELP: &str = concat!(include_str!("help/up.txt"), include_str!("help/shared.txt"));

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let signals = Signals::catch(false).map_err(up::cannot_watch)?;
    options::no_words("up", matches, "start one server with herd serve NAME")?;
    // The servers take the same options as we.
    let mut arguments: Vec<String> = std::env::args().skip(2).collect();
    let _kept = once::keep(matches, &mut arguments)?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(matches) = &arguments::parse("up", HELP, &words)? else {
        return Ok(());
    };
    let shared = options::shared(matches)?;
    if shared.log_to_stderr {
        return Err(Wrong(
            "herd up gives each server a log of its own, for lines do not say whose they are; \
             leave out --log, or start each server by itself with herd serve NAME --log -"
                .into(),
        ));
    }
    let topology = options::topology(matches)?;
    let mut members = Vec::new();
    let servers = topology.servers.iter().enumerate();
    for (place, server) in servers.filter(|(_, it)| !it.is_plain()) {
        secret::guard(server, shared.is_guarded())?;
        let log = options::log_of(&server.name, &shared)?;
        members.push(Member { server: place, log });
    }
    if members.is_empty() {
        return Err(Wrong(format!(
            "every server of {} is plain, so there is none to start; give one servers=PORT",
            options::topology_path(matches).display()
        )));
    }
    let places = shared.places.describe();
    let herd = Herd {
        topology,
        file: matches.opt_str("topology"),
        members,
        options: arguments,
        places,
    };
    Ok(up::run(&herd, signals)?)
}
