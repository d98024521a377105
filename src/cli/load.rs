//! `herd load`: ask servers as fast as they answer, or at a rate, and report how that went.

use std::io::{self, ErrorKind, IsTerminal};
use std::net::SocketAddr;

use getopts::Matches;

use super::failure::Failure::{self, Failed, Interrupted, Wrong};
use super::failure::cannot;
use super::{address, options};
use crate::limits::LIMITS;
use crate::load::{self, BOUND_MAX, LoadConn, Plan, Questions, RADIUS_KM_MAX, Stats, Until};
use crate::reactor::{Interrupt, resolve};
use crate::stdio::{Stream, finish, say};
use crate::terminal::print;
use crate::units::SECOND;

const TIME: u64 = 10 * SECOND;
const CLIENTS: u64 = 1_000;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    // Resolving names and connecting may take a while, and Ctrl-C ends both at once.
    let interrupt = Interrupt::catch().map_err(cannot("catch signals"))?;
    let plan = plan(matches)?;
    // A dumb terminal shows control sequences as text.
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let shows = io::stderr().is_terminal() && !is_dumb;
    let mut watch = |stats: &Stats, elapsed: u64| {
        if shows {
            show(&load::progress(stats, elapsed));
        }
    };
    let conn = |index| LoadConn::new(plan.workload(index));
    let report = load::run(&plan, conn, SECOND, &mut watch, Some(interrupt));
    if shows {
        show("");
        finish();
    }
    let report = report.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::ConnectionRefused => "is the server running?",
            // EMFILE and EADDRNOTAVAIL are the usual ends of very many connections.
            _ => "if these are too many connections, raise ulimit -n, or ask for fewer",
        };
        Failed(format!("{error}; {advice}"))
    })?;
    print(&match matches.opt_present("json") {
        true => report.to_json(&matches.free, &plan),
        false => report.to_table(&matches.free, &plan),
    })?;
    // Every fault is a failure, and the first of each kind is shown.
    let faults = report.stats.faults();
    let faults = faults.map(|(name, seen)| format!("{} {name} ({})", seen.count, seen.sample));
    let what = match faults.collect::<Vec<_>>().join(", ") {
        faults if faults.is_empty() => String::new(),
        faults => format!("not all went well: {faults}"),
    };
    match report.cut {
        Some(cut) => Err(Interrupted(cut.signal, what)),
        None if what.is_empty() => Ok(()),
        None => Err(Failed(what)),
    }
}

/// The plan that the options describe.
fn plan(matches: &Matches) -> Result<Plan, Failure> {
    if matches.free.is_empty() {
        return Err(Wrong(
            "load which server? write herd load NAME, or herd load HOST:PORT".into(),
        ));
    }
    let number = |option, range, default| options::number(matches, option, range, default);
    let connections = number("connections", 1..=LIMITS.load_connections, 1)?;
    let clients = number("clients", 1..=LIMITS.load_clients, CLIENTS.max(connections))?;
    if clients < connections {
        return Err(Wrong(format!(
            "{clients} clients are too few for {connections} connections, each of which moves its \
             own; raise --clients"
        )));
    }
    let until = match (matches.opt_present("requests"), matches.opt_str("seconds")) {
        (true, Some(_)) => {
            let what = "--seconds and --requests exclude each other; leave one out";
            return Err(Wrong(what.into()));
        }
        (true, None) => Until::Requests(number("requests", 1..=u64::MAX, 1)?),
        (false, None) => Until::Time(TIME),
        (false, Some(text)) => Until::Time(nanoseconds(&text)?),
    };
    let usual = Questions::usual(0);
    let rate = number("rate", 1..=LIMITS.load_rate, 1)?;
    Ok(Plan {
        connections: connections as usize,
        pipeline: number("pipeline", 1..=LIMITS.load_pipeline, 1)? as usize,
        until,
        clients,
        rate: matches.opt_present("rate").then_some(rate),
        questions: Questions {
            percent: number("whatsat", 0..=100, 0)?,
            radius_km: number("radius", 0..=RADIUS_KM_MAX, usual.radius_km)?,
            bound: number("bound", 0..=BOUND_MAX, usual.bound as u64)? as usize,
            towns: matches.opt_present("towns"),
        },
        // Last, since resolving a name may take a while.
        doors: {
            let doors = matches.free.iter().map(|word| door(matches, word));
            doors.collect::<Result<_, _>>()?
        },
    })
}

/// The time of a run.
fn nanoseconds(text: &str) -> Result<u64, Failure> {
    let most = (LIMITS.load_time / SECOND) as f64;
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= most => Ok((seconds * 1e9) as u64),
        _ => Err(Wrong(format!(
            "--seconds takes a number over 0, at most {most}, not {text:?}"
        ))),
    }
}

/// All addresses of a clients' door.
fn door(matches: &Matches, word: &str) -> Result<Vec<SocketAddr>, Failure> {
    let address = address::find(matches, word)?;
    let cannot = |error| Failed(format!("cannot resolve {address}: {error}"));
    resolve(&address.host, address.port).map_err(cannot)
}

/// Shows `text` on the last line of the terminal, in place of what was there.
fn show(text: &str) {
    say(Stream::Error, format!("\r\u{1b}[K{text}"));
}
