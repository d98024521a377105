//! `herd status`: is every server of the herd up, and do all agree?

use getopts::Matches;

use super::failure::Failure::{self, Failed};
use super::system::random;
use super::{options, secret};
use crate::status::{ask_all, differing, down, refused, staying_different, to_json, to_tables};
use crate::terminal::print;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    options::no_words("status", matches, "name the topology with -t FILE")?;
    let secret = secret::chosen(matches)?;
    let topology = options::topology(matches)?;
    let nonce = random().map_err(cannot_ask)?;
    let answers = ask_all(&topology, secret.as_ref(), nonce).map_err(cannot_ask)?;
    let mut wrong = differing(&topology, &answers);
    wrong.extend(refused(&topology, &answers));
    wrong.extend(staying_different(&topology, &answers));
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

fn cannot_ask(error: std::io::Error) -> Failure {
    Failed(format!("cannot ask: {error}"))
}
