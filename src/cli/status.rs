//! `herd status`: is every server of the herd up, and do all agree?

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::failure::cannot;
use super::system::random;
use super::{options, secret};
use crate::status::{ask_all, differing, down, refused, skewed, staying_different};
use crate::status::{to_json, to_tables};
use crate::terminal::print;
use crate::topology::Topology;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let secret = secret::chosen(matches).map_err(Wrong)?;
    let mut topology = options::topology(matches)?;
    if let Some(name) = matches.free.first() {
        choose(name, matches, &mut topology)?;
    }
    let nonce = random().map_err(cannot("ask"))?;
    let answers = ask_all(&topology, secret.as_ref(), nonce).map_err(cannot("ask"))?;
    let mut wrong = differing(&topology, &answers);
    wrong.extend(refused(&topology, &answers));
    wrong.extend(staying_different(&topology, &answers));
    wrong.extend(skewed(&topology, &answers));
    print(&match matches.opt_present("json") {
        true => to_json(&topology, &answers),
        false => to_tables(&topology, &answers, &wrong),
    })?;
    let problems: Vec<String> = down(&topology, &answers).into_iter().chain(wrong).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failed(problems.join("; "))),
    }
}

/// Leaves one server of the topology, the only one that is asked.
fn choose(name: &str, matches: &Matches, topology: &mut Topology) -> Result<(), Failure> {
    if let Some(word) = matches.free.get(1) {
        let advice = "ask one server, or all with no name";
        return Err(Wrong(format!(
            "status takes one name, not {word:?}, too; {advice}"
        )));
    }
    let at = options::find(matches, topology, name)?;
    topology.servers.swap(0, at);
    topology.servers.truncate(1);
    topology.links.clear();
    Ok(())
}
