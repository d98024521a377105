//! `herd ask`: say something to one server, and show what it answers.

use std::env;
use std::io::{self, IsTerminal};

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::{address, options};
use crate::ask::{Client, Door, Form, Session, prompt, script};
use crate::limits::LIMITS;
use crate::units::SECOND;

/// A minute longer than `--ack-wait` can be.
const WAIT_MAX_SECONDS: u64 = 120;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let Some((server, words)) = matches.free.split_first() else {
        let what = "ask which server? write herd ask NAME, or herd ask HOST:PORT";
        return Err(Wrong(what.to_string()));
    };
    let usual = LIMITS.ask_wait / SECOND;
    let wait = options::number(matches, "wait", 1..=WAIT_MAX_SECONDS, usual)?;
    let line = words.join(" ");
    if line.contains('\n') {
        let what = "a command is one line; give several on standard input";
        return Err(Wrong(what.to_string()));
    }
    let client = Client::new(door(matches, server)?, wait * SECOND);
    let form = form(matches);
    let mut session = Session { client, form };
    if !words.is_empty() {
        return match session.ask(line.as_bytes())? {
            None => Ok(()),
            Some(why) => Err(Failed(why)),
        };
    }
    let input = io::stdin();
    if input.is_terminal() && io::stdout().is_terminal() {
        return Ok(prompt(&mut session)?);
    }
    match script(&mut session, input.lock())? {
        0 => Ok(()),
        1 => Err(Failed("1 line has no good answer".to_string())),
        bad => Err(Failed(format!("{bad} lines have no good answer"))),
    }
}

/// The clients' door of a server of the topology, or at an address.
fn door(matches: &Matches, word: &str) -> Result<Door, Failure> {
    let address = address::find(matches, word)?;
    Ok(Door {
        name: word.to_string(),
        host: address.host,
        port: address.port,
    })
}

fn form(matches: &Matches) -> Form {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    match io::stdout().is_terminal() && !matches.opt_present("raw") {
        false => Form::Raw,
        true if is_set("NO_COLOR") || is_dumb => Form::Plain,
        true => Form::Coloured,
    }
}
