//! A client's line: it is one of the two commands, or echoed.

use super::iamat::iamat;
use super::whatsat::whatsat;
use crate::node::conn::{Session, output};
use crate::node::links::foreign;
use crate::node::parts::Parts;
use crate::wire::Command;

/// Handles a client's line, given without its LF.
pub fn handle(session: &mut Session, line: &[u8], parts: &mut Parts) {
    parts.log_line(session, '<', line);
    let is_valid = match Command::parse(line) {
        Some(Command::Iamat {
            client,
            location,
            time,
        }) => iamat(session, line, client, location, time, parts),
        Some(Command::Whatsat {
            client,
            radius_km,
            bound,
        }) => whatsat(session, client, radius_km, bound, parts),
        // A server of another make tells us a change here.
        None => foreign::report(session, line, parts),
    };
    if !is_valid {
        parts.cx.counters.counts.invalid += 1;
        output::reply(session, &output::echo(line), &mut parts.cx);
    }
}
