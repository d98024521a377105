//! `herd status`: is every server of the herd up, and do all agree?

use super::failure::Failure;
use super::system::random;
use super::{options, secret};
use crate::status::{ask_all, differing, down, to_json, to_tables};
use crate::terminal::print;
use crate::topology::Topology;

const HELP: &str = "\
herd status: ask every server of the herd how it is.

    herd status                                   the herd of topology.txt
    herd status -t tests/topologies/alford.txt    another one
    herd status --json                            an array, for programs
    herd status --secret-file secret              from another machine

Exit status: 0 if all are up and agree; 1 if not, with a line that says which.";

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_topology(&mut known);
    secret::declare_file(&mut known);
    known.optflag("", "json", "print an array for programs, not tables");
    let Some(matches) = options::parse("status", HELP, known, arguments)? else {
        return Ok(());
    };
    options::no_words("status", &matches, "name the topology with -t FILE")?;
    let secret = secret::chosen(&matches)?;
    let topology = Topology::load(&options::topology_path(&matches))?;
    let failed = |error| Failure::failed(format_args!("cannot ask: {error}"));
    let nonce = random().map_err(failed)?;
    let answers = ask_all(&topology, secret.as_ref(), nonce).map_err(failed)?;
    let differing = differing(&topology, &answers);
    print(&match matches.opt_present("json") {
        true => to_json(&topology, &answers),
        false => to_tables(&topology, &answers, &differing),
    })?;
    let problems = down(&topology, &answers).into_iter().chain(differing);
    match problems.collect::<Vec<String>>().join("; ") {
        problems if problems.is_empty() => Ok(()),
        problems => Err(Failure::failed(problems)),
    }
}
