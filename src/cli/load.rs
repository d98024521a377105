//! `herd load`: ask servers as fast as they answer, or at a rate, and say how that went.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};

use getopts::Matches;

use super::failure::Failure;
use super::options;
use crate::load::{self, CLIENTS_MAX, Fault, Lane, Plan, Tally, Until, report};
use crate::terminal::print;
use crate::units::SECOND;

const HELP: &str = "\
herd load: ask servers as fast as they answer, check every reply, say how long they took.

    herd load 127.0.0.1:12001                                   one connection, 10 seconds
    herd load 127.0.0.1:12001 --connections 50 --pipeline 16    what can it do?
    herd load 127.0.0.1:12001 127.0.0.1:12004 --whatsat 5       two servers, 5 % WHATSAT
    herd load 127.0.0.1:12001 --rate 1000 --json                late replies count from when
                                                                their requests were due

It moves clients of its own, kiwi00000000.edu and so on; two loads at once move the same.";

/// Connections to one address: the kernel has some 28,000 ports for them.
const CONNECTIONS_MAX: u64 = 100_000;
/// Requests in flight on one connection: each is kept until its reply has come.
const PIPELINE_MAX: u64 = 10_000;
/// Requests a second: more than a loop can make.
const RATE_MAX: u64 = 100_000_000;
/// A day is enough for any load, in seconds.
const SECONDS_MAX: f64 = 86_400.0;
const SECONDS: f64 = 10.0;
const CLIENTS: u64 = 1_000;

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    declare(&mut known);
    let Some(matches) = options::parse("load", HELP, known, arguments)? else {
        return Ok(());
    };
    let plan = plan(&matches)?;
    let mut shows = io::stderr().is_terminal();
    let mut progress = |tally: &Tally, elapsed: u64| {
        // A terminal that cannot be written to is not written to again.
        shows = shows && show(&report::progress(tally, elapsed));
    };
    let talk = |index| Lane::new(plan.script(index));
    let outcome = load::run(&plan, talk, SECOND, &mut progress);
    if shows {
        show("");
    }
    let outcome = outcome.map_err(|error| {
        let advice = match error.error.kind() {
            ErrorKind::ConnectionRefused => "is the server running?",
            // EMFILE and EADDRNOTAVAIL, the usual ends of very many connections.
            _ => "if it is for too many connections, raise ulimit -n, or ask for fewer",
        };
        Failure::failed(format_args!("{error}; {advice}"))
    })?;
    print(&match matches.opt_present("json") {
        true => report::json(&matches.free, &plan, &outcome),
        false => report::text(&matches.free, &plan, &outcome),
    })?;
    verdict(&outcome.tally)
}

fn declare(known: &mut getopts::Options) {
    known.optopt(
        "c",
        "connections",
        "so many, to the addresses in turn (default 1)",
        "N",
    );
    let help = "requests in flight on each connection (default 1)";
    known.optopt("p", "pipeline", help, "P");
    known.optopt("s", "seconds", "ask for so long (default 10)", "S");
    known.optopt("n", "requests", "ask so often, instead", "N");
    let help = "so many clients move (default 1000, and one for each connection at least)";
    known.optopt("k", "clients", help, "K");
    let help = "requests a second, over all (default: as fast as they are answered)";
    known.optopt("r", "rate", help, "R");
    known.optopt(
        "w",
        "whatsat",
        "so many of 100 requests ask what is near (default 0)",
        "PERCENT",
    );
    known.optflag("", "json", "print one JSON object, for programs");
}

/// What the options ask for.
fn plan(matches: &Matches) -> Result<Plan, Failure> {
    if matches.free.is_empty() {
        return Err(Failure::wrong(
            "load which server? write herd load ADDRESS:PORT",
        ));
    }
    let number = |option, least, most, default| number(matches, option, least, most, default);
    let connections = number("connections", 1, CONNECTIONS_MAX, 1)?;
    let clients = number("clients", 1, CLIENTS_MAX, CLIENTS.max(connections))?;
    if clients < connections {
        return Err(Failure::wrong(format_args!(
            "{clients} clients are too few for {connections} connections, each of which moves its \
             own; raise --clients"
        )));
    }
    let until = match (matches.opt_present("requests"), matches.opt_str("seconds")) {
        (true, Some(_)) => {
            return Err(Failure::wrong("--seconds or --requests? leave one out"));
        }
        (true, None) => Until::Requests(number("requests", 1, u64::MAX, 1)?),
        (false, text) => Until::Time(nanoseconds(text.as_deref())?),
    };
    let rate = match matches.opt_present("rate") {
        true => Some(number("rate", 1, RATE_MAX, 1)?),
        false => None,
    };
    Ok(Plan {
        connections: connections as usize,
        pipeline: number("pipeline", 1, PIPELINE_MAX, 1)? as usize,
        until,
        clients,
        rate,
        whatsat_percent: number("whatsat", 0, 100, 0)?,
        // Last: a name may have to be asked for.
        addresses: addresses(&matches.free)?,
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
    let fine = text.parse().ok().filter(|n| (least..=most).contains(n));
    fine.ok_or_else(|| {
        let range = match most {
            u64::MAX => format!("from {least} on"),
            most => format!("from {least} to {most}"),
        };
        Failure::wrong(format_args!(
            "--{option} takes a whole number {range}, not {text:?}"
        ))
    })
}

/// How long it runs.
fn nanoseconds(text: Option<&str>) -> Result<u64, Failure> {
    let seconds = match text {
        None => Some(SECONDS),
        Some(text) => text.parse().ok(),
    };
    match seconds.filter(|seconds| *seconds > 0.0 && *seconds <= SECONDS_MAX) {
        Some(seconds) => Ok((seconds * 1e9) as u64),
        None => Err(Failure::wrong(format_args!(
            "--seconds takes a number over 0, at most {SECONDS_MAX}, not {:?}",
            text.unwrap_or_default()
        ))),
    }
}

/// Where the servers are. The first address of a name stands for it.
fn addresses(words: &[String]) -> Result<Vec<SocketAddr>, Failure> {
    let address = |word: &String| {
        let why = match word.to_socket_addrs() {
            Ok(mut found) => match found.next() {
                Some(address) => return Ok(address),
                None => "it has no address".to_string(),
            },
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(Failure::wrong(format_args!(
                    "{word:?} is no address of a clients' door; write HOST:PORT"
                )));
            }
            Err(error) => error.to_string(),
        };
        Err(Failure::failed(format_args!(
            "cannot resolve {word}: {why}"
        )))
    };
    words.iter().map(address).collect()
}

/// Anything but right replies is a failure, and the first of each kind says how it looked.
fn verdict(tally: &Tally) -> Result<(), Failure> {
    let seen = Fault::ALL.map(|fault| (fault.name(), tally.seen(fault)));
    let all = seen.iter().filter(|(_, seen)| seen.count > 0);
    let parts = all.map(|(name, seen)| format!("{} {name} ({})", seen.count, seen.sample));
    match parts.collect::<Vec<_>>() {
        parts if parts.is_empty() => Ok(()),
        parts => Err(Failure::failed(format_args!(
            "not all went well: {}",
            parts.join(", ")
        ))),
    }
}

/// Shows `text` in the last line of the terminal, in the place of what stood there.
fn show(text: &str) -> bool {
    let mut terminal = io::stderr().lock();
    let line = format!("\r\u{1b}[K{text}");
    terminal.write_all(line.as_bytes()).is_ok() && terminal.flush().is_ok()
}
