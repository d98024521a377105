//! `herd serve NAME`: one server of the herd, in the foreground.

use super::failure::Failure;
use super::options::{self, Shared};
use crate::topology::Topology;
use std::path::PathBuf;

const HELP: &str = "\
herd serve NAME: run one server of the herd until Ctrl-C.

    herd serve Goloman                              as topology.txt says
    herd serve Goloman -t tests/topologies/alford.txt -d /tmp/herd
    herd serve Goloman --places offline --log-level debug

Once both doors are open it says so in one line. A second Ctrl-C ends it at once.";

/// Names that an error lists at most.
const LISTED_MAX: usize = 12;

/// What one server is told.
pub(super) struct ServeOptions {
    /// Its place in the topology; it is not plain.
    pub(super) server: usize,
    /// Its log, which could be written a moment ago.
    pub(super) log: PathBuf,
    /// Does it end when its standard input ends?
    pub(super) until_eof: bool,
    /// What it shares with `up`.
    pub(super) shared: Shared,
}

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_shared(&mut known);
    known.optflag(
        "",
        "until-eof",
        "end when standard input ends, as herd up wants it",
    );
    let Some(matches) = options::parse("serve", HELP, known, arguments)? else {
        return Ok(());
    };
    let name = match &matches.free[..] {
        [name] => name,
        [] => return Err(Failure::wrong("serve which server? write herd serve NAME")),
        [_, word, ..] => {
            return Err(Failure::wrong(format_args!(
                "serve takes one name, so what is {word:?}? start each server on its own, or all \
                 with herd up"
            )));
        }
    };
    let shared = options::shared(&matches)?;
    let topology = Topology::load(&shared.topology)?;
    let server = find(&topology, &shared, name)?;
    let options = ServeOptions {
        server,
        log: options::log_in(&shared.directory, name)?,
        until_eof: matches.opt_present("until-eof"),
        shared,
    };
    serve(options, topology)
}

/// The server called `name`, if it is one that this program can be.
fn find(topology: &Topology, shared: &Shared, name: &str) -> Result<usize, Failure> {
    let file = shared.topology.display();
    match topology.find(name) {
        Some(server) if topology.servers[server].plain => Err(Failure::wrong(format_args!(
            "{name} is plain in {file}, so another make runs it; serve another, or give it \
             servers=PORT"
        ))),
        Some(server) => Ok(server),
        None => {
            let served = topology.servers.iter().filter(|server| !server.plain);
            let mut names: Vec<&str> = served.map(|server| server.name.as_str()).collect();
            if names.len() > LISTED_MAX {
                names.truncate(LISTED_MAX);
                names.push("…");
            }
            Err(Failure::wrong(format_args!(
                "no server is called {name:?} in {file}; those to serve: {}",
                if names.is_empty() {
                    "none".to_string()
                } else {
                    names.join(", ")
                }
            )))
        }
    }
}

fn serve(_options: ServeOptions, _topology: Topology) -> Result<(), Failure> {
    Err(Failure::failed("this build cannot serve yet"))
}
