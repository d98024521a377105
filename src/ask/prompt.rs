//! Many lines, each answered before the next: typed at a prompt, or read from a script.

use std::io::{self, BufRead, Read, Write};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

use super::session::Session;
use crate::limits::LIMITS;
use crate::terminal::{one_line, print};

const HELP: &str = "\
IAMAT CLIENT LOCATION TIME      say where a client is, and since when
    IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 now
WHATSAT CLIENT RADIUS BOUND     what is near it, within km, how many at most
    WHATSAT kiwi.cs.ucla.edu 10 5
quit                            end; so does Ctrl-D
";

/// Asks what a person types, until they have enough.
///
/// # Errors
/// When the server cannot be reached at the beginning, or the terminal is gone.
pub fn prompt(session: &mut Session) -> Result<(), String> {
    session.client.connect()?;
    let prompt = format!("{}> ", session.client.name());
    let cannot = |why: ReadlineError| format!("cannot read from the terminal: {why}");
    let config = Config::builder().max_history_size(LIMITS.ask_history);
    let config = config.map_err(cannot)?.build();
    let mut editor = DefaultEditor::with_config(config).map_err(cannot)?;
    loop {
        let typed = match editor.readline(&prompt) {
            Ok(typed) => typed,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(why) => return Err(cannot(why)),
        };
        // Lines that are pasted at once come as one.
        for line in typed.lines() {
            match line.trim() {
                "" => {}
                "quit" => return Ok(()),
                "help" => print(HELP)?,
                _ => answer(session, line),
            }
        }
        // An empty one is not kept.
        editor.add_history_entry(&typed).map_err(cannot)?;
    }
}

fn answer(session: &mut Session, line: &str) {
    if session.client.has_lost() {
        let name = session.client.name();
        complain(&format!(
            "{name} has ended the connection; connecting again"
        ));
    }
    match session.ask(line.as_bytes()) {
        Ok(None) => {}
        Ok(Some(why)) | Err(why) => complain(&why),
    }
}

/// Asks each line of `script`; those of white space alone are passed over. Returns how many have
/// no good answer.
///
/// # Errors
/// When a line has no answer at all: the lines after it are not asked.
pub fn script(session: &mut Session, mut script: impl BufRead) -> Result<u64, String> {
    let (mut line, mut number, mut bad) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        let most = LIMITS.client_line as u64 + 1;
        let read = script.by_ref().take(most).read_until(b'\n', &mut line);
        let count = read.map_err(|why| format!("cannot read standard input: {why}"))?;
        if count == 0 {
            return Ok(bad);
        }
        number += 1;
        if line.pop_if(|last| *last == b'\n').is_none() && line.len() > LIMITS.client_line {
            return Err(format!("line {number} is too long"));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        // A server may end a connection after an answer, and the next line is on a new one.
        session.client.has_lost();
        let outcome = session.ask(&line);
        if let Some(why) = outcome.map_err(|why| format!("line {number}: {why}"))? {
            complain(&format!("line {number}: {why}"));
            bad += 1;
        }
    }
}

/// One line on standard error. If nobody reads it, nobody can be told.
fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "herd: {}", one_line(why));
}
