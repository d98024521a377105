//! `herd serve NAME`: one server of the herd, in the foreground.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use log::LevelFilter;

use super::failure::Failure;
use super::options::{self, Shared};
use super::secret;
use super::system::{descriptors_max, first_address, random};
use crate::journal::{self, JournalFiles};
use crate::limits::Limits;
use crate::logging;
use crate::node::{Config, Level, Neighbour, Node};
use crate::reactor::{EventLoop, Link, Listener, Reload, Setup, Signals, Target};
use crate::terminal::print;
use crate::topology::{Host, Server, Topology};

const HELP: &str = "\
herd serve NAME: run one server of the herd until Ctrl-C.

    herd serve Goloman                                    as topology.txt says
    herd serve Hamilton -t tests/topologies/alford.txt    in another herd
    herd serve Goloman --places offline --log-level debug

Once both doors are open it says so in one line. A second Ctrl-C ends it without
waiting for anything.

SIGUSR1 reopens the log, SIGHUP reads the topology's links again. Closing the
terminal ends the server.";

/// How many names an error lists.
const LISTED_MAX: usize = 12;

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_shared(&mut known);
    known.optflag("", "until-eof", "end when standard input ends, for herd up");
    let Some(matches) = options::parse("serve", HELP, known, arguments)? else {
        return Ok(());
    };
    let name = match &matches.free[..] {
        [name] => name,
        [] => return Err(Failure::wrong("serve which server? write herd serve NAME")),
        [_, word, ..] => {
            return Err(Failure::wrong(format_args!(
                "serve takes one name, but got {word:?}, too; start each server by itself, or \
                 all with herd up"
            )));
        }
    };
    let shared = options::shared(&matches)?;
    let topology = Topology::load(&shared.topology)?;
    let server = find(&topology, &shared, name)?;
    secret::guard(
        &topology.servers[server],
        shared.secret.is_some(),
        shared.insecure,
    )?;
    let log = options::log_in(&shared.directory, name)?;
    serve(
        shared,
        &topology,
        server,
        &log,
        matches.opt_present("until-eof"),
    )
}

/// The place of the server called `name`, if this program can run it.
fn find(topology: &Topology, shared: &Shared, name: &str) -> Result<usize, Failure> {
    let file = shared.topology.display();
    match topology.find(name) {
        Some(server) if topology.servers[server].plain => Err(Failure::wrong(format_args!(
            "{name} is plain in {file}, so another program runs it; serve another, or give it \
             servers=PORT"
        ))),
        Some(server) => Ok(server),
        None => {
            let served = topology.servers.iter().filter(|server| !server.plain);
            let mut names: Vec<&str> = served.map(|server| server.name.as_str()).collect();
            if names.len() > LISTED_MAX {
                names.truncate(LISTED_MAX);
                names.push("…");
            }
            if names.is_empty() {
                names.push("only plain ones");
            }
            Err(Failure::wrong(format_args!(
                "no server is called {name:?} in {file}; it has: {}",
                names.join(", ")
            )))
        }
    }
}

/// Opens the doors of `server`, which is not plain, and serves until the end. Its log could be
/// written a moment ago.
fn serve(
    shared: Shared,
    topology: &Topology,
    server: usize,
    log: &Path,
    until_eof: bool,
) -> Result<(), Failure> {
    let this = &topology.servers[server];
    let host = address_of(&this.host)?;
    let journal_path = log.with_extension("herd");
    let path = log.display().to_string();
    let log = logging::open(log, shared.log_level)
        .map_err(|error| Failure::wrong(format_args!("cannot write {path}: {error}")))?;
    logging::catch_panics();
    let (name, places) = (&this.name, shared.places.describe());
    log::info!(
        "{name} of herd {} begins; places: {places}",
        env!("CARGO_PKG_VERSION")
    );
    let signals = Signals::catch().map_err(failed)?;
    let links = neighbours(topology, server);
    let random = random().map_err(failed)?;
    let mut node = Node::new(Config {
        name: name.clone(),
        run: random as u64,
        seed: (random >> 64) as u64,
        neighbours: links.iter().map(|(it, _)| it.clone()).collect(),
        ack: shared.ack,
        journal: shared.journal,
        secret: shared.secret,
        level: node_level(shared.log_level),
        limits: shared.limits,
    });
    let journal = match shared.journal {
        Some(_) => Some(open_journal(&mut node, &journal_path, name)?),
        None => None,
    };
    // The doors open only now, so that nobody misses a client of the journal.
    let servers = this.servers.unwrap_or_default();
    let doors = [open(host, this.clients)?, open(host, servers)?];
    let setup = Setup {
        node,
        journal,
        doors,
        links,
        reload: reread(shared.topology, this.clone()),
        source: matches!(this.host, Host::Ip(_)).then_some(host),
        clients_max: clients_max(topology.neighbours(server).count()),
        places: shared.places,
        until_eof,
        signals,
        log,
    };
    run_loop(setup, this, &path)
}

/// Says that the doors are open, and runs the loop to its end. The log at `path` has the message
/// of a panic.
fn run_loop(setup: Setup, this: &Server, path: &str) -> Result<(), Failure> {
    let event_loop = EventLoop::new(setup).map_err(failed)?;
    let (clients, servers) = (this.clients_door(), this.servers_door().unwrap_or_default());
    print(&format!(
        "{}: clients {clients}, servers {servers}, log {path}\n",
        this.name
    ))?;
    match std::panic::catch_unwind(AssertUnwindSafe(|| event_loop.run())) {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Failure::failed("ended at once by a second signal")),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(Failure::failed(format_args!(
            "a bug ended it; {path} says where"
        ))),
    }
}

/// Opens the journal, and has the node take in what it holds.
fn open_journal(node: &mut Node, path: &Path, name: &str) -> Result<JournalFiles, Failure> {
    let opened = journal::open(path, name, |line| node.replay(line));
    let files = opened.map_err(|error| {
        Failure::wrong(format_args!(
            "cannot use the journal {}: {error}, name another directory with -d DIR, or keep \
             nothing with --no-journal",
            path.display()
        ))
    })?;
    node.replayed();
    let size = files.size();
    log::info!(
        "{}: {} clients in {} lines, {} of them bad; {} bytes",
        path.display(),
        node.snapshot().records,
        size.lines,
        files.bad_lines(),
        size.bytes
    );
    Ok(files)
}

fn failed(error: io::Error) -> Failure {
    Failure::failed(format_args!("cannot serve: {error}"))
}

/// The address to listen on. A name is resolved here, before the loop begins.
fn address_of(host: &Host) -> Result<IpAddr, Failure> {
    match host {
        Host::Ip(address) => Ok(*address),
        Host::Name(name) => match first_address((name.as_str(), 0)) {
            Ok(address) => Ok(address.ip()),
            Err(error) => Err(Failure::failed(format_args!(
                "cannot resolve the host {name}: {error}"
            ))),
        },
    }
}

/// Opens one door.
fn open(host: IpAddr, port: u16) -> Result<Listener, Failure> {
    Listener::open(host, port).map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => "end what runs there, or change the port in the topology",
            ErrorKind::AddrNotAvailable => "another machine has this address: start it there",
            _ => "change the port in the topology",
        };
        let address = SocketAddr::new(host, port);
        Failure::failed(format_args!(
            "cannot listen on {address}: {error}; {advice}"
        ))
    })
}

/// The neighbours and where each is dialled: at its servers' door or, if it is plain, at its
/// clients' door.
fn neighbours(topology: &Topology, server: usize) -> Vec<Link> {
    let all = topology.neighbours(server);
    all.map(|index| {
        let Server {
            name,
            host,
            clients,
            servers,
            plain,
        } = &topology.servers[index];
        if *plain && secret::is_local(host) {
            log::warn!("{name} is plain: any program of this machine can speak for it");
        }
        let port = servers.unwrap_or(*clients);
        let (addresses, target) = match host {
            Host::Ip(address) => {
                let target = Target::Address(SocketAddr::new(*address, port));
                (vec![*address], target)
            }
            Host::Name(host) => (Vec::new(), Target::Name(host.clone(), port)),
        };
        let neighbour = Neighbour {
            name: name.clone(),
            plain: *plain,
            addresses,
        };
        (neighbour, target)
    })
    .collect()
}

/// Reads the links of this server from the file again, for SIGHUP.
fn reread(file: PathBuf, this: Server) -> Reload {
    Box::new(move || {
        let topology = Topology::load(&file).map_err(|error| error.to_string())?;
        let name = &this.name;
        match topology.find(name) {
            Some(server) if topology.servers[server] == this => Ok(neighbours(&topology, server)),
            Some(_) => Err(format!(
                "what it says of {name} itself has changed; restart {name}"
            )),
            None => Err(format!(
                "it has no {name} any more; end {name} if that is intended"
            )),
        }
    })
}

/// The node has no level below debug.
fn node_level(level: LevelFilter) -> Option<Level> {
    match level {
        LevelFilter::Off => None,
        LevelFilter::Error => Some(Level::Error),
        LevelFilter::Warn => Some(Level::Warn),
        LevelFilter::Info => Some(Level::Info),
        LevelFilter::Debug | LevelFilter::Trace => Some(Level::Debug),
    }
}

/// How many clients a server with this number of neighbours may have at once.
pub(super) fn clients_max(neighbours: usize) -> usize {
    let reserved = Limits::PRODUCT.clients + 4 * neighbours;
    descriptors_max().saturating_sub(reserved).max(1)
}
