//! `herd load`: ask servers as fast as they answer, or at a rate, and report how that went.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::SocketAddr;

use getopts::{Matches, Options};

use super::failure::Failure;
use super::options;
use super::system::first_address;
use crate::limits::Limits;
use crate::load::{self, CLIENTS_MAX, LoadConn, Plan, Stats, Until};
use crate::terminal::print;
use crate::units::SECOND;

const HELP: &str = "\
herd load: send requests to servers, check every reply, report how long it took.

    herd load 127.0.0.1:12001                         one connection, 10 s
    herd load 127.0.0.1:12001 -c 50 -p 16             how fast is it at best?
    herd load 127.0.0.1:12001 127.0.0.1:12004 -w 5    two servers, 5 % WHATSAT
    herd load 127.0.0.1:12001 --rate 1000 --json      late replies count from
                                                      when requests were due

It moves clients of its own: kiwi00000000.edu and so on. Two loads at the same
time move the same clients.";

const LIMITS: Limits = Limits::PRODUCT;
const TIME: u64 = 10 * SECOND;
const CLIENTS: u64 = 1_000;

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = Options::new();
    declare(&mut known);
    let Some(matches) = options::parse("load", HELP, known, arguments)? else {
        return Ok(());
    };
    let plan = plan(&matches)?;
    // A dumb terminal shows control sequences as text.
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let mut shows = io::stderr().is_terminal() && !is_dumb;
    let mut watch = |stats: &Stats, elapsed: u64| {
        // A terminal that cannot be written to is not written to again.
        shows = shows && show(&load::progress(stats, elapsed));
    };
    let conn = |index| LoadConn::new(plan.workload(index));
    let report = load::run(&plan, conn, SECOND, &mut watch);
    if shows {
        show("");
    }
    let report = report.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::ConnectionRefused => "is the server running?",
            // EMFILE and EADDRNOTAVAIL are the usual ends of very many connections.
            _ => "if these are too many connections, raise ulimit -n, or ask for fewer",
        };
        Failure::failed(format_args!("{error}; {advice}"))
    })?;
    print(&match matches.opt_present("json") {
        true => report.to_json(&matches.free, &plan),
        false => report.to_table(&matches.free, &plan),
    })?;
    // Every fault is a failure, and the first of each kind is shown.
    let faults = report.stats.faults();
    let faults = faults.map(|(name, seen)| format!("{} {name} ({})", seen.count, seen.sample));
    match faults.collect::<Vec<_>>().join(", ") {
        faults if faults.is_empty() => Ok(()),
        faults => Err(Failure::failed(format_args!("not all went well: {faults}"))),
    }
}

fn declare(known: &mut Options) {
    let help = "how many, dealt to the addresses in turn (default 1)";
    known.optopt("c", "connections", help, "N");
    let help = "requests in flight on each connection (default 1)";
    known.optopt("p", "pipeline", help, "N");
    known.optopt("s", "seconds", "run for this time (default 10)", "S");
    let help = "stop after this number of requests instead";
    known.optopt("n", "requests", help, "N");
    let help = "how many clients move (default 1000, at least one per connection)";
    known.optopt("k", "clients", help, "N");
    let help = "requests per second in total (default: as fast as they are answered)";
    known.optopt("r", "rate", help, "N");
    let help = "percentage of requests that are WHATSATs (default 0)";
    known.optopt("w", "whatsat", help, "PERCENT");
    known.optflag("", "json", "print one JSON object, for programs");
}

/// The plan that the options describe.
fn plan(matches: &Matches) -> Result<Plan, Failure> {
    if matches.free.is_empty() {
        return Err(Failure::wrong(
            "load which server? write herd load HOST:PORT",
        ));
    }
    let number = |option, least, most, default| number(matches, option, least, most, default);
    let connections = number("connections", 1, LIMITS.load_connections, 1)?;
    let clients = number("clients", 1, CLIENTS_MAX, CLIENTS.max(connections))?;
    if clients < connections {
        return Err(Failure::wrong(format_args!(
            "{clients} clients are too few for {connections} connections, each of which moves its \
             own; raise --clients"
        )));
    }
    let until = match (matches.opt_present("requests"), matches.opt_str("seconds")) {
        (true, Some(_)) => {
            return Err(Failure::wrong(
                "--seconds and --requests exclude each other; leave one out",
            ));
        }
        (true, None) => Until::Requests(number("requests", 1, u64::MAX, 1)?),
        (false, None) => Until::Time(TIME),
        (false, Some(text)) => Until::Time(nanoseconds(&text)?),
    };
    let rate = number("rate", 1, LIMITS.load_rate, 1)?;
    Ok(Plan {
        connections: connections as usize,
        pipeline: number("pipeline", 1, LIMITS.load_pipeline, 1)? as usize,
        until,
        clients,
        rate: matches.opt_present("rate").then_some(rate),
        whatsat_percent: number("whatsat", 0, 100, 0)?,
        // Last, since resolving a name may take a while.
        addresses: matches.free.iter().map(resolve).collect::<Result<_, _>>()?,
    })
}

/// A whole number from `least` to `most`.
fn number(
    matches: &Matches,
    option: &str,
    least: u64,
    most: u64,
    default: u64,
) -> Result<u64, Failure> {
    let Some(text) = matches.opt_str(option) else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| {
        let range = match most {
            u64::MAX => format!("of at least {least}"),
            most => format!("from {least} to {most}"),
        };
        Failure::wrong(format_args!(
            "--{option} takes a whole number {range}, not {text:?}"
        ))
    })
}

/// The time of a run.
fn nanoseconds(text: &str) -> Result<u64, Failure> {
    let most = (LIMITS.load_time / SECOND) as f64;
    let seconds = text.parse().ok().filter(|s| *s > 0.0 && *s <= most);
    let seconds: f64 = seconds.ok_or_else(|| {
        Failure::wrong(format_args!(
            "--seconds takes a number over 0, at most {most}, not {text:?}"
        ))
    })?;
    Ok((seconds * 1e9) as u64)
}

/// The first address of HOST:PORT.
fn resolve(word: &String) -> Result<SocketAddr, Failure> {
    first_address(word).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Failure::wrong(format_args!(
            "{word:?} is not the address of a clients' door; write HOST:PORT"
        )),
        _ => Failure::failed(format_args!("cannot resolve {word}: {error}")),
    })
}

/// Shows `text` on the last line of the terminal, in place of what was there.
fn show(text: &str) -> bool {
    let mut terminal = io::stderr().lock();
    let line = format!("\r\u{1b}[K{text}");
    terminal.write_all(line.as_bytes()).is_ok() && terminal.flush().is_ok()
}
