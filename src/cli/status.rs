//! `herd status`: is every server of the herd up and well, and do all agree?

use std::process;

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::failure::cannot;
use super::system::random;
use super::{options, secret};
use crate::limits::LIMITS;
use crate::reactor::{end_well_at_interrupt, wall};
use crate::secret::Secrets;
use crate::status::{Level, Survey, wait_for};
use crate::stdio::{Stream, say};
use crate::terminal::{Screen, print, print_bytes};
use crate::topology::Topology;
use crate::units::SECOND;

/// How long --watch waits unless it is said.
const WATCH_SECONDS: u64 = 2;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let secrets = secret::chosen(matches).map_err(Wrong)?;
    let mut topology = options::topology(matches)?;
    let (watched, names) = watched(matches, &topology)?;
    one_form(matches, watched.is_some())?;
    choose("status", &names, matches, &mut topology)?;
    match watched {
        Some(seconds) => watch(&topology, secrets.as_ref(), seconds),
        None => once(&topology, secrets.as_ref(), matches),
    }
}

/// Asks once, and ends with the exit status.
fn once(topology: &Topology, secrets: Option<&Secrets>, matches: &Matches) -> Result<(), Failure> {
    let survey = Survey::take(topology, secrets, random).map_err(cannot("ask"))?;
    let health = &survey.health;
    let problems = || health.problems().join("; ");
    let outcome = match health.level() {
        Level::Well => Ok(()),
        Level::Degraded | Level::Down => Err(Failed(problems())),
        Level::Locked => Err(Wrong(problems())),
    };
    if matches.opt_present("check") {
        print(&survey.line())?;
        // Standard output has said all in one line, and standard error would only repeat it.
        process::exit(outcome.map_or_else(|failure| failure.status().into(), |()| 0));
    }
    if matches.opt_present("json") {
        print(&survey.json())?;
        let moving = health.moving.iter().map(|line| format!("herd: {line}\n"));
        moving.for_each(|line| say(Stream::Error, line));
    } else {
        print(&survey.tables(Screen::here().as_ref()))?;
    }
    outcome
}

/// Asks again and again, until Ctrl-C.
fn watch(topology: &Topology, secrets: Option<&Secrets>, seconds: u64) -> Result<(), Failure> {
    end_well_at_interrupt().map_err(cannot("catch signals"))?;
    loop {
        let survey = Survey::take(topology, secrets, random).map_err(cannot("ask"))?;
        let time = wall().to_the_second();
        let screen = Screen::here();
        // The time takes two lines more, and the cursor stands on another.
        let room = screen.map(|screen| Screen {
            rows: screen.rows.saturating_sub(3),
            ..screen
        });
        let text = format!("{time} {}\n{}", survey.line(), survey.tables(room.as_ref()));
        let text = match screen.filter(|screen| screen.has_cursor) {
            Some(screen) => screen.replaced_by(&text),
            None => text + "\n",
        };
        if !print_bytes(text.as_bytes())? {
            return Ok(());
        }
        wait_for(seconds * SECOND).map_err(cannot("wait"))?;
    }
}

/// The seconds between two looks of --watch, and the names. A number after --watch is not a name,
/// unless a server has it.
fn watched(matches: &Matches, topology: &Topology) -> Result<(Option<u64>, Vec<String>), Failure> {
    let mut names = matches.free.clone();
    let most = LIMITS.status_watch / SECOND;
    if !matches.opt_present("watch") {
        return Ok((None, names));
    }
    let is_number =
        |word: &String| word.bytes().all(|it| it.is_ascii_digit()) && topology.find(word).is_none();
    let place = names.iter().position(is_number);
    let text = matches
        .opt_str("watch")
        .or(place.map(|place| names.remove(place)));
    let seconds = match text {
        Some(text) => options::whole("watch", &text, 1..=most)?,
        None => WATCH_SECONDS,
    };
    Ok((Some(seconds), names))
}

/// The ways to show a herd exclude each other.
fn one_form(matches: &Matches, is_watched: bool) -> Result<(), Failure> {
    let forms = [
        ("--json", matches.opt_present("json")),
        ("--check", matches.opt_present("check")),
        ("--watch", is_watched),
    ];
    let given: Vec<&str> = forms.iter().filter(|it| it.1).map(|it| it.0).collect();
    match given[..] {
        [one, other, ..] => Err(Wrong(format!(
            "{one} and {other} exclude each other; leave one out"
        ))),
        _ => Ok(()),
    }
}

/// If there is a name, leaves this server in the topology, the only one that is asked.
pub(super) fn choose(
    verb: &str,
    names: &[String],
    matches: &Matches,
    topology: &mut Topology,
) -> Result<(), Failure> {
    if let Some(word) = names.get(1) {
        let advice = "ask one server, or all with no name";
        return Err(Wrong(format!(
            "{verb} takes one name, not {word:?}, too; {advice}"
        )));
    }
    if let Some(name) = names.first() {
        let at = options::find(matches, topology, name)?;
        topology.servers.swap(0, at);
        topology.servers.truncate(1);
        topology.links.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_the_limits_that_count() {
        const HELP: &str = include_str!("help/status.txt");
        let words: Vec<&str> = HELP.split_whitespace().collect();
        let list = LIMITS.costly().join(", ");
        assert!(words.join(" ").contains(&format!(": {list};")), "{list}");
        let seconds = format!("default {WATCH_SECONDS}");
        assert!(HELP.contains(&seconds), "{seconds}");
    }
}
