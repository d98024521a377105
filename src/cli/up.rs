//! `herd up`: the whole herd in the foreground, a process per server.

use getopts::Matches;
use log::LevelFilter;

use super::failure::Failure::{self, Wrong};
use super::options::Shared;
use super::{arguments, once, options, secret, turns};
use crate::reactor::Signals;
use crate::topology::Topology;
use crate::up::{self, Followed, Herd, Member};

pub(super) const HELP: &str = concat!(
    include_str!("help/up.txt"),
    include_str!("help/shared.txt"),
    include_str!("help/up-options.txt"),
);

/// Options that are not the servers'.
const OURS: [&str; 2] = ["fresh", "follow"];

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let signals = Signals::catch(false).map_err(up::cannot_watch)?;
    options::no_words("up", matches, "start one server with herd serve NAME")?;
    // The servers take the same options as we, but for a few.
    let mut arguments: Vec<String> = std::env::args().skip(2).collect();
    let [is_fresh, is_followed] = OURS.map(|option| matches.opt_present(option));
    for option in OURS.iter().filter(|option| matches.opt_present(option)) {
        arguments.retain(|word| word.strip_prefix("--") != Some(option));
    }
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
    if is_fresh && shared.journal.is_none() {
        return Err(Wrong(
            "--fresh and --no-journal exclude each other: without journals a herd always begins \
             with no clients, and --fresh would remove those of another one; leave one out"
                .to_string(),
        ));
    }
    let follow = is_followed
        .then(|| followed(shared.log_level))
        .transpose()?;
    let topology = options::topology(matches)?;
    let members = members(matches, &shared, &topology)?;
    let places = shared.places.describe();
    let herd = Herd {
        topology,
        file: matches.opt_str("topology"),
        members,
        options: arguments,
        places,
        directory: shared.directory,
        has_journals: shared.journal.is_some(),
        is_fresh,
        follow,
    };
    Ok(up::run(&herd, signals)?)
}

/// The servers to start, all of whose files can be written.
fn members(
    matches: &Matches,
    shared: &Shared,
    topology: &Topology,
) -> Result<Vec<Member>, Failure> {
    turns::make_directory(matches)?;
    let mut members = Vec::new();
    let servers = topology.servers.iter().enumerate();
    for (place, server) in servers.filter(|(_, it)| !it.is_plain()) {
        secret::guard(server, shared.is_guarded())?;
        let log = options::log_of(&server.name, shared)?;
        turns::trace(matches, &server.name)?;
        members.push(Member { server: place, log });
    }
    if members.is_empty() {
        return Err(Wrong(format!(
            "every server of {} is plain, so there is none to start; give one servers=PORT",
            options::topology_path(matches).display()
        )));
    }
    Ok(members)
}

/// The part of what happens that --follow can show at a log level.
fn followed(level: LevelFilter) -> Result<Followed, Failure> {
    match level {
        LevelFilter::Off => Err(Wrong(
            "--follow shows the logs, and --log-level off writes none; leave one out".to_string(),
        )),
        LevelFilter::Error | LevelFilter::Warn => Ok(Followed::Warnings),
        LevelFilter::Info | LevelFilter::Debug | LevelFilter::Trace => Ok(Followed::Everything),
    }
}
