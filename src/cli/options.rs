//! The options that verbs share, and how all of them are parsed.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use getopts::{Matches, Options};
use log::LevelFilter;

use super::failure::Failure;
use super::{places, secret};
use crate::limits::Limits;
use crate::node::{Ack, Fsync, Secret};
use crate::places::Provider;
use crate::terminal::print;

const TOPOLOGY: &str = "topology.txt";
const DIRECTORY: &str = "run";
const LOG_LEVEL: LevelFilter = LevelFilter::Info;

/// The options of both `serve` and `up`.
pub(super) struct Shared {
    /// The topology's file.
    pub(super) topology: PathBuf,
    /// The directory of logs and journals.
    pub(super) directory: PathBuf,
    pub(super) places: Arc<dyn Provider>,
    /// When the reply to an IAMAT is sent.
    pub(super) ack: Ack,
    /// Whether there is a journal, and when it is synced.
    pub(super) journal: Option<Fsync>,
    pub(super) secret: Option<Secret>,
    /// Whether a server may listen beyond this machine without a secret.
    pub(super) insecure: bool,
    pub(super) limits: Limits,
    pub(super) log_level: LevelFilter,
    /// The given options as arguments again: for a child, and for a line to paste.
    pub(super) given: Vec<String>,
}

/// Adds `-t`.
pub(super) fn declare_topology(options: &mut Options) {
    let help = format!("the servers and their links (default {TOPOLOGY})");
    options.optopt("t", "topology", &help, "FILE");
}

/// Adds all that makes a [`Shared`].
pub(super) fn declare_shared(options: &mut Options) {
    declare_topology(options);
    let help = format!("where logs and journals go (default {DIRECTORY})");
    options.optopt("d", "directory", &help, "DIR");
    places::declare(options);
    secret::declare(options);
    let help = "reply to an IAMAT once this server has it, or once every one has it: local \
        (default) or herd";
    options.optopt("", "ack", help, "WHO");
    let help = "keep nothing on disk; a server that is killed relearns its clients from its \
        neighbours, if it has any";
    options.optflag("", "no-journal", help);
    let help = "sync the journal to disk before the reply, every second, or when the kernel \
        likes: always, everysec (default) or off";
    options.optopt("", "fsync", help, "WHEN");
    let help = format!(
        "the most clients that a server knows (default {})",
        Limits::PRODUCT.records
    );
    options.optopt("", "records-max", &help, "N");
    let help = "off, error, warn, info, debug or trace (default info)";
    options.optopt("", "log-level", help, "LEVEL");
}

/// Parses the arguments of `verb`. None: help was asked for, and has been printed.
pub(super) fn parse(
    verb: &str,
    help: &str,
    mut known: Options,
    arguments: &[&str],
) -> Result<Option<Matches>, Failure> {
    known.optflag("h", "help", "show this help");
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

/// The options that were given, and defaults for the rest.
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
                "--ack takes local or herd, not {word:?}"
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

/// The table's record numbers have 32 bits.
const RECORDS_MAX: usize = 4_000_000_000;

/// The product's limits, except those that were given.
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
        // As many bytes for each as without the option, but no fewer in total.
        let each = Limits::PRODUCT.record_bytes / Limits::PRODUCT.records;
        limits.record_bytes = limits.record_bytes.max(limits.records * each);
    }
    Ok(limits)
}

/// Whether there is a journal, and when it is synced.
fn journal(matches: &Matches) -> Result<Option<Fsync>, Failure> {
    let fsync = match matches.opt_str("fsync").as_deref() {
        None => None,
        Some("always") => Some(Fsync::Always),
        Some("everysec") => Some(Fsync::EverySecond),
        Some("off") => Some(Fsync::Off),
        Some(word) => {
            return Err(Failure::wrong(format_args!(
                "--fsync takes always, everysec or off, not {word:?}"
            )));
        }
    };
    match (fsync, matches.opt_present("no-journal")) {
        (Some(_), true) => Err(Failure::wrong(
            "--fsync and --no-journal exclude each other; leave one out",
        )),
        (None, true) => Ok(None),
        (fsync, false) => Ok(Some(fsync.unwrap_or_default())),
    }
}

/// The log of the server `name` in `directory`, which is made if it is missing; both can be
/// written.
pub(super) fn log_in(directory: &Path, name: &str) -> Result<PathBuf, Failure> {
    let advice = "make it writable, or name another directory with -d DIR";
    fs::create_dir_all(directory).map_err(|error| {
        let shown = directory.display();
        Failure::wrong(match directory.is_file() {
            true => format!("{shown} is a file; name a directory with -d DIR"),
            false => format!("cannot make the directory {shown}: {error}; {advice}"),
        })
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
