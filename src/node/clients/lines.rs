//! A client's line: it is a command, or echoed.

use super::iamat::iamat;
use super::whatsat::whatsat;
use crate::node::conn::{Session, close, output};
use crate::node::links::foreign;
use crate::node::parts::Parts;
use crate::wire::{Command, Invalid};

/// Handles a client's line, given without its LF.
pub fn handle(session: &mut Session, line: &[u8], parts: &mut Parts) {
    parts.log_line(session, '<', line);
    let outcome = match Command::parse(line) {
        Ok(command) => obey(session, line, command, parts),
        // A plain server tells us a change here.
        Err(_) if foreign::report(session, line, parts) => Ok(()),
        Err(why) => Err(why),
    };
    if let Err(why) = outcome {
        output::refuse(session, line, why, &mut parts.cx);
    }
}

/// Obeys a command, and counts it if it is valid here and now.
fn obey(
    session: &mut Session,
    line: &[u8],
    command: Command<'_>,
    parts: &mut Parts,
) -> Result<(), Invalid> {
    match command {
        Command::Iamat {
            client,
            location,
            time,
        } => iamat(session, line, client, location, time, parts)?,
        Command::Whatsat {
            client,
            radius_km,
            bound,
        } => whatsat(session, client, radius_km, bound, parts)?,
    }
    parts.cx.counters.counts.commands[command.kind()] += 1;
    Ok(())
}

/// Refuses a line that is too long, of which this is the start. It is the last that is read.
pub fn refuse(session: &mut Session, start: &[u8], parts: &mut Parts) {
    close::end_after_reply(session, &mut parts.cx);
    parts.log_line(session, '<', start);
    output::refuse(session, start, Invalid::Long, &mut parts.cx);
}
