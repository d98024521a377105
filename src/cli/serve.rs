//! `herd serve NAME`: one server of the herd, in the foreground.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use getopts::Matches;
use log::LevelFilter;

use super::failure::Failure::{self, Failed, Wrong};
use super::failure::cannot;
use super::options::{self, Shared};
use super::system::{descriptors_left, random};
use super::{doors, secret, turns};
use crate::journal::{self, JournalFiles};
use crate::limits::LIMITS;
use crate::logging::{self, Log, Target};
use crate::node::{Config, JournalSize, Level, Neighbour, Node};
use crate::reactor::{self, EventLoop, Link, Notifier, Reload, Reread, Setup, Signals, wall};
use crate::stdio::{Stream, say};
use crate::topology::{Host, Server, Topology};
use crate::up;

pub(super) const HELP: &str = concat!(
    include_str!("help/serve.txt"),
    include_str!("help/shared.txt"),
    "        --until-eof     end when standard input ends, for herd up\n",
);

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let descriptors = descriptors_left();
    let signals = Signals::catch(matches.opt_present("until-eof")).map_err(cannot("serve"))?;
    let name = match &matches.free[..] {
        [name] => name,
        [] => return Err(Wrong("serve which server? write herd serve NAME".into())),
        [_, word, ..] => {
            return Err(Wrong(format!(
                "serve takes one name, but got {word:?}, too; start each server by itself, or all \
                 with herd up"
            )));
        }
    };
    let shared = options::shared(matches)?;
    let topology = options::topology(matches)?;
    let server = options::find(matches, &topology, name)?;
    let this = &topology.servers[server];
    secret::guard(this, shared.is_guarded())?;
    let log_path = options::log_of(name, &shared)?;
    let log = match (shared.log_level, shared.log_to_stderr) {
        (LevelFilter::Off, _) => "off".to_string(),
        (_, true) => "standard error".to_string(),
        (_, false) => log_path.display().to_string(),
    };
    let (event_loop, from_journal) = prepare(
        matches,
        shared,
        signals,
        descriptors,
        &topology,
        server,
        &log_path,
    )?;
    let (clients, servers) = (this.clients_door(), this.servers_door().unwrap_or_default());
    let before = up::from_journal(from_journal);
    let greeting = format!("{name}: clients {clients}, servers {servers}, log {log}{before}\n");
    say(Stream::Output, greeting);
    match catch_unwind(AssertUnwindSafe(|| event_loop.run())) {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Failed("ended at once by a second signal".into())),
        Ok(Err(error)) => Err(cannot("serve")(error)),
        // The log has the message of a panic.
        Err(_) => Err(Failed(format!("a bug ended it; {log} says where"))),
    }
}

/// Reads the journal and opens the doors of `server`, which is not plain. Its log is at `path`. It
/// also returns how many clients the journal brought back.
fn prepare(
    matches: &Matches,
    shared: Shared,
    signals: Signals,
    descriptors: usize,
    topology: &Topology,
    server: usize,
    path: &Path,
) -> Result<(EventLoop, u64), Failure> {
    let this = &topology.servers[server];
    let name = &this.name;
    let turns = turns::of(matches, &shared.limits, name)?;
    let (has_secret, is_guarded) = (shared.secret.is_some(), shared.is_guarded());
    let (log, is_for_journal) = open_log(&shared, path)?;
    let (version, places) = (env!("CARGO_PKG_VERSION"), shared.places.describe());
    log::info!("{name} of herd {version} begins; places: {places}");
    let addresses = doors::addresses(this, is_guarded)?;
    let sources = doors::sources(this, has_secret, &addresses)?;
    let links = neighbours(topology, server);
    let random = random().map_err(cannot("serve"))?;
    let mut node = Node::new(Config {
        name: name.clone(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        run: random as u64,
        seed: (random >> 64) as u64,
        neighbours: links.iter().map(|(it, _)| it.clone()).collect(),
        ack: shared.ack,
        journal: shared.journal,
        secret: shared.secret,
        level: node_level(shared.log_level),
        limits: shared.limits,
    });
    if is_for_journal {
        node.log().go_to_journal();
    }
    let journal = shared.journal.map(|_| open_journal(&mut node, path, name));
    let journal = journal.transpose()?;
    let from_journal = node.inspect().table().count;
    // The doors open only now, so that nobody misses a client of the journal.
    let doors = doors::open(this, &addresses)?;
    let reserved = descriptors_of(&links, descriptors) + 2 * (addresses.len() - 1);
    let setup = Setup {
        node,
        journal,
        reload: reload(matches.clone(), this.clone()),
        sources,
        clients_max: clients_max(descriptors, reserved),
        doors,
        links,
        places: shared.places,
        signals,
        notifier: Notifier::from_env().map_err(cannot_notify)?,
        log,
        turns,
    };
    let event_loop = EventLoop::new(setup).map_err(cannot("serve"))?;
    Ok((event_loop, from_journal))
}

/// Opens the log, and says whether it goes to systemd's journal.
fn open_log(shared: &Shared, path: &Path) -> Result<(Log, bool), Failure> {
    // It could be written a moment ago.
    let target = target(shared, path);
    let is_for_journal = target.as_ref().is_some_and(logging::is_for_journal);
    let log = logging::open(target, shared.log_level, wall).map_err(cannot("serve"))?;
    logging::catch_panics();
    Ok((log, is_for_journal))
}

/// Where the log goes, if there is one; `path` is that of a file.
fn target(shared: &Shared, path: &Path) -> Option<Target> {
    match (shared.log_level, shared.log_to_stderr) {
        (LevelFilter::Off, _) => None,
        (_, true) => Some(Target::StandardError),
        (_, false) => Some(Target::File {
            path: path.to_path_buf(),
            max: shared.limits.log_max,
        }),
    }
}

/// Opens the journal, which is beside the log, and has the node take in what it holds.
fn open_journal(node: &mut Node, log: &Path, name: &str) -> Result<JournalFiles, Failure> {
    let path = log.with_extension("herd");
    let shown = path.display();
    let opened = journal::open(&path, name, node);
    let files = opened.map_err(|error| {
        Wrong(format!(
            "cannot use the journal {shown}: {error}, name another directory with -d DIR, or keep \
             nothing with --no-journal"
        ))
    })?;
    node.replayed();
    let JournalSize { lines, bytes, .. } = files.size();
    let (bad, records) = (files.bad_lines(), node.inspect().table().count);
    log::info!("{shown}: {records} clients in {lines} lines, {bad} of them bad; {bytes} bytes");
    Ok(files)
}

fn cannot_notify(error: io::Error) -> Failure {
    Failed(format!(
        "cannot reach the service manager at NOTIFY_SOCKET: {error}; unset it to run without one"
    ))
}

/// The neighbours and where each is dialled.
fn neighbours(topology: &Topology, server: usize) -> Vec<Link> {
    let places = topology.neighbours(server);
    places.map(|place| link(&topology.servers[place])).collect()
}

/// A neighbour is dialled at its servers' door or, if it is plain, at its clients' door.
fn link(server: &Server) -> Link {
    let (name, plain) = (server.name.clone(), server.is_plain());
    if plain && server.host.is_loopback() {
        log::warn!("{name} is plain: any program of this machine can speak for it");
    }
    let port = server.servers.unwrap_or(server.clients);
    let (addresses, target) = match &server.host {
        Host::Ip(ip) => {
            let ip = ip.to_canonical();
            (vec![ip], reactor::Target::Address((ip, port).into()))
        }
        Host::Name(name) => (Vec::new(), reactor::Target::Name(name.clone(), port)),
    };
    let neighbour = Neighbour {
        name,
        plain,
        addresses,
    };
    (neighbour, target)
}

/// Reads the secrets and the links of this server from their files again, for SIGHUP.
fn reload(matches: Matches, this: Server) -> Reload {
    Box::new(move || Reread {
        secrets: secret::reread(&matches, &this.name),
        links: reread(&options::topology_path(&matches), &this),
    })
}

/// The links of this server now, unless the rest of what the file says of it has changed.
fn reread(file: &Path, this: &Server) -> Result<Vec<Link>, String> {
    let name = &this.name;
    // A pipe is empty by now, and to open one may wait for its writer.
    if fs::metadata(file).is_ok_and(|facts| !facts.is_file()) {
        let file = file.display();
        return Err(format!("{file} can be read once only; restart {name}"));
    }
    let topology = Topology::load(file).map_err(|error| error.to_string())?;
    Err(match topology.find(name) {
        Some(at) if topology.servers[at] == *this => return Ok(neighbours(&topology, at)),
        Some(_) => format!("what it says of {name} itself has changed; restart {name}"),
        None => format!("it has no {name} any more; end {name} if that is intended"),
    })
}

/// The node has no level below debug.
fn node_level(level: LevelFilter) -> Option<Level> {
    let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug];
    let place = (level as usize).checked_sub(1)?;
    levels.get(place).or(levels.last()).copied()
}

/// How many of `descriptors` watchers and neighbours may need: four for the links of each
/// neighbour, and more for the connections to a plain one, and for the addresses of a name that are
/// being tried.
fn descriptors_of(links: &[Link], descriptors: usize) -> usize {
    let limits = LIMITS;
    let of_one = |(neighbour, target): &Link| {
        let connections = match neighbour.plain {
            true => limits.plain_connections,
            false => 0,
        };
        let attempts = match target {
            reactor::Target::Address(_) => 0,
            reactor::Target::Name(..) => limits.addresses,
        };
        4 + connections + attempts
    };
    // A crowd at one neighbour's address, and watchers. With few descriptors there is no room for
    // all of them: links and clients need them more.
    let crowd = match links.is_empty() {
        true => 0,
        false => limits.handshakes.min(descriptors / 8),
    };
    let watchers = limits.watchers.min(descriptors / 64);
    crowd + watchers + links.iter().map(of_one).sum::<usize>()
}

/// How many clients a server may have at once, if it may open this number of descriptors and its
/// doors and neighbours need `reserved` of them.
pub(super) fn clients_max(descriptors: usize, reserved: usize) -> usize {
    let reserved = LIMITS.clients + reserved;
    if descriptors <= reserved {
        log::warn!(
            "only {descriptors} descriptors are left, and links, journal and log need {reserved}; \
             raise ulimit -n"
        );
    }
    descriptors.saturating_sub(reserved).max(1)
}
