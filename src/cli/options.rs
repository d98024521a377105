//! The options that verbs share, and how all of them are parsed.

use super::failure::Failure;
use super::places;
use super::print;
use super::secret;
use crate::limits::Limits;
use crate::node::{Ack, Fsync, Secret};
use crate::places::Provider;
use getopts::{Matches, Options};
use log::LevelFilter;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TOPOLOGY: &str = "topology.txt";
const DIRECTORY: &str = "run";
const LOG_LEVEL: LevelFilter = LevelFilter::Info;

/// What `serve` and `up` are both told.
pub(super) struct Shared {
    /// The file that says who is in the herd.
    pub(super) topology: PathBuf,
    /// Where the logs and the journals are.
    pub(super) directory: PathBuf,
    /// Where places come from.
    pub(super) places: Arc<dyn Provider>,
    /// When is the reply to an IAMAT sent?
    pub(super) ack: Ack,
    /// Is there a journal, and when is it made safe?
    pub(super) journal: Option<Fsync>,
    /// What the servers of the herd know and nobody else.
    pub(super) secret: Option<Secret>,
    /// May a server listen beyond this machine without a secret?
    pub(super) insecure: bool,
    /// What bounds a server.
    pub(super) limits: Limits,
    /// What the log leaves out.
    pub(super) log_level: LevelFilter,
    /// The options that were given, as arguments again: for a child, and for a line to paste.
    pub(super) given: Vec<String>,
}

/// Adds `-t`.
pub(super) fn declare_topology(options: &mut Options) {
    let help = format!("who is in the herd (default {TOPOLOGY})");
    options.optopt("t", "topology", &help, "FILE");
}

/// Adds all that makes a [`Shared`].
pub(super) fn declare_shared(options: &mut Options) {
    declare_topology(options);
    let help = format!("where logs and journals go (default {DIRECTORY})");
    options.optopt("d", "directory", &help, "DIR");
    places::declare(options);
    secret::declare(options);
    let help = "reply to an IAMAT once this server has it, or every one: local (default) or herd";
    options.optopt("", "ack", help, "WHO");
    let help = "keep nothing on disk: who is killed has its clients from its neighbours, if at all";
    options.optflag("", "no-journal", help);
    let help = "the journal is safe from a loss of power before the reply, within a second or at \
                some time: always, everysec (default) or off";
    options.optopt("", "fsync", help, "WHEN");
    let help = format!(
        "clients that a server knows at most (default {})",
        Limits::PRODUCT.records
    );
    options.optopt("", "records-max", &help, "N");
    let help = "off, error, warn, info, debug or trace (default info)";
    options.optopt("", "log-level", help, "LEVEL");
}

/// Takes the arguments of `verb` apart. None: help was asked for, and has been printed.
pub(super) fn parse(
    verb: &str,
    help: &str,
    mut known: Options,
    arguments: &[&str],
) -> Result<Option<Matches>, Failure> {
    known.optflag("h", "help", "show this");
    let matches = known.parse(arguments).map_err(|fail| {
        let fail = fail.to_string();
        let (first, rest) = fail.split_at(1);
        let fail = first.to_lowercase() + rest;
        Failure::wrong(format_args!("{fail}; herd {verb} --help lists the options"))
    })?;
    if matches.opt_present("help") {
        print(&known.usage(help))?;
        return Ok(None);
    }
    Ok(Some(matches))
}

/// The topology's file.
pub(super) fn topology_path(matches: &Matches) -> PathBuf {
    PathBuf::from(matches.opt_str("topology").unwrap_or(TOPOLOGY.to_string()))
}

/// What was given, and the defaults for the rest.
pub(super) fn shared(matches: &Matches) -> Result<Shared, Failure> {
    let directory = matches
        .opt_str("directory")
        .unwrap_or(DIRECTORY.to_string());
    let log_level = match matches.opt_str("log-level") {
        None => LOG_LEVEL,
        Some(word) => word.parse().map_err(|_| {
            Failure::wrong(format_args!(
                "no log level is called {word:?}; choose off, error, warn, info, debug or trace"
            ))
        })?,
    };
    let mut given = Vec::new();
    for (option, flag) in [
        ("topology", "-t"),
        ("directory", "-d"),
        ("places", "--places"),
        ("places-url", "--places-url"),
        ("secret-file", "--secret-file"),
        ("ack", "--ack"),
        ("records-max", "--records-max"),
        ("fsync", "--fsync"),
        ("log-level", "--log-level"),
    ] {
        if let Some(value) = matches.opt_str(option) {
            given.extend([flag.to_string(), value]);
        }
    }
    let ack = match matches.opt_str("ack").as_deref() {
        None | Some("local") => Ack::Local,
        Some("herd") => Ack::Herd,
        Some(word) => {
            return Err(Failure::wrong(format_args!(
                "--ack knows no {word:?}; choose local or herd"
            )));
        }
    };
    let journal = journal(matches)?;
    if journal.is_none() {
        given.push("--no-journal".to_string());
    }
    let insecure = matches.opt_present("insecure");
    if insecure {
        given.push("--insecure".to_string());
    }
    Ok(Shared {
        topology: topology_path(matches),
        directory: PathBuf::from(directory),
        places: places::chosen(matches)?,
        secret: secret::chosen(matches)?,
        insecure,
        ack,
        limits: limits(matches)?,
        journal,
        log_level,
        given,
    })
}

/// Clients beyond this have no number in the table.
const RECORDS_MAX: usize = 4_000_000_000;

/// The product's limits, but for those that were chosen.
fn limits(matches: &Matches) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    if let Some(word) = matches.opt_str("records-max") {
        let number = word
            .parse()
            .ok()
            .filter(|number| (1..=RECORDS_MAX).contains(number));
        limits.records = number.ok_or_else(|| {
            Failure::wrong(format_args!(
                "--records-max takes a number from 1 to {RECORDS_MAX}, not {word:?}"
            ))
        })?;
        // As much for each as there is without the option, but not less in all.
        let each = Limits::PRODUCT.record_bytes / Limits::PRODUCT.records;
        limits.record_bytes = limits.record_bytes.max(limits.records * each);
    }
    Ok(limits)
}

/// Whether there is a journal, and when it is made safe.
fn journal(matches: &Matches) -> Result<Option<Fsync>, Failure> {
    let fsync = match matches.opt_str("fsync").as_deref() {
        None => None,
        Some("always") => Some(Fsync::Always),
        Some("everysec") => Some(Fsync::EverySecond),
        Some("off") => Some(Fsync::Off),
        Some(word) => {
            return Err(Failure::wrong(format_args!(
                "--fsync knows no {word:?}; choose always, everysec or off"
            )));
        }
    };
    match (fsync, matches.opt_present("no-journal")) {
        (Some(_), true) => Err(Failure::wrong(
            "--fsync is about the journal, so what is --no-journal? leave one out",
        )),
        (None, true) => Ok(None),
        (fsync, false) => Ok(Some(fsync.unwrap_or_default())),
    }
}

/// Makes `directory` if need be, and says where the log of the server `name` is in it: a file
/// that can be written.
pub(super) fn log_in(directory: &Path, name: &str) -> Result<PathBuf, Failure> {
    let advice = "make it writable, or name another directory with -d DIR";
    fs::create_dir_all(directory).map_err(|error| {
        let directory = directory.display();
        Failure::wrong(format_args!(
            "cannot make the directory {directory}: {error}; {advice}"
        ))
    })?;
    let log = directory.join(format!("{name}.log"));
    match OpenOptions::new().create(true).append(true).open(&log) {
        Ok(_) => Ok(log),
        Err(error) => {
            let log = log.display();
            Err(Failure::wrong(format_args!(
                "cannot write {log}: {error}; {advice}"
            )))
        }
    }
}
