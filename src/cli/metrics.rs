//! `herd metrics`: the status of every server in Prometheus' text format.

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use super::failure::cannot;
use super::status::choose;
use super::system::random;
use super::{options, secret};
use crate::status::Survey;
use crate::terminal::print;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let secrets = secret::chosen(matches).map_err(Wrong)?;
    let mut topology = options::topology(matches)?;
    choose("metrics", &matches.free, matches, &mut topology)?;
    let survey = Survey::take(&topology, secrets.as_ref(), random).map_err(cannot("ask"))?;
    print(&survey.samples())?;
    match survey.health.locked.is_empty() {
        true => Ok(()),
        false => Err(Wrong(survey.health.problems().join("; "))),
    }
}
