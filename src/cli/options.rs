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

/// Refuses words that are not options; `advice` says what to do instead.
pub(super) fn no_words(verb: &str, matches: &Matches, advice: &str) -> Result<(), Failure> {
    match matches.free.first() {
        None => Ok(()),
        Some(word) => Err(Failure::wrong(format_args!(
            "{verb} takes no {word:?}; {advice}"
        ))),
    }
}

/// The topology's file.
pub(super) fn topology_path(matches: &Matches) -> PathBuf {
    PathBuf::from(matches.opt_str("topology").unwrap_or(TOPOLOGY.to_string()))
}

/// The options that were given, and defaults for the rest.
pub(super) fn shared(matches: &Matches) -> Result<Shared, Failure> {
    let directory = matches.opt_str("directory");
    let log_level = match matches.opt_str("log-level") {
        None => LevelFilter::Info,
        Some(word) => word.parse().map_err(|_| {
            Failure::wrong(format_args!(
                "no log level is called {word:?}; choose off, error, warn, info, debug or trace"
            ))
        })?,
    };
    let acks = [("local", Ack::Local), ("herd", Ack::Herd)];
    Ok(Shared {
        topology: topology_path(matches),
        directory: PathBuf::from(directory.unwrap_or(DIRECTORY.to_string())),
        places: places::chosen(matches)?,
        ack: choice(matches, "ack", &acks)?.unwrap_or(Ack::Local),
        journal: journal(matches)?,
        secret: secret::chosen(matches)?,
        insecure: matches.opt_present("insecure"),
        limits: limits(matches)?,
        log_level,
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
    let all = [
        ("always", Fsync::Always),
        ("everysec", Fsync::EverySecond),
        ("off", Fsync::Off),
    ];
    let fsync = choice(matches, "fsync", &all)?;
    match (fsync, matches.opt_present("no-journal")) {
        (Some(_), true) => Err(Failure::wrong(
            "--fsync and --no-journal exclude each other; leave one out",
        )),
        (None, true) => Ok(None),
        (fsync, false) => Ok(Some(fsync.unwrap_or_default())),
    }
}

/// The value of an option that takes one of a few words.
fn choice<T: Copy>(
    matches: &Matches,
    option: &str,
    all: &[(&str, T)],
) -> Result<Option<T>, Failure> {
    let Some(word) = matches.opt_str(option) else {
        return Ok(None);
    };
    if let Some((_, value)) = all.iter().find(|(name, _)| *name == word) {
        return Ok(Some(*value));
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    Err(Failure::wrong(format_args!(
        "--{option} takes {}, not {word:?}",
        names.join(" or ")
    )))
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
