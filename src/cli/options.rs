//! The options that verbs share.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use getopts::Matches;
use log::LevelFilter;

use super::failure::Failure::{self, Wrong};
use super::failure::did_you_mean;
use super::{secret, size};
use crate::limits::{LIMITS, Limits};
use crate::logging;
use crate::node::{Ack, Fsync};
use crate::places::{self, Key, Kind, Provider};
use crate::secret::Secrets;
use crate::topology::{Server, Topology, listed};
use crate::units::MILLISECOND;

/// The options of both `serve` and `up`, less the topology.
pub(super) struct Shared {
    /// The directory of logs and journals.
    pub(super) directory: PathBuf,
    pub(super) places: Arc<dyn Provider>,
    /// When the reply to an IAMAT is sent.
    pub(super) ack: Ack,
    /// Whether there is a journal, and when it is synced.
    pub(super) journal: Option<Fsync>,
    pub(super) secret: Option<Secrets>,
    /// Whether a server may listen beyond this machine without a secret.
    pub(super) insecure: bool,
    pub(super) limits: Limits,
    pub(super) log_level: LevelFilter,
    /// The log goes to standard error, and to no file.
    pub(super) log_to_stderr: bool,
}

impl Shared {
    /// Whether a server has a log of its own in the directory.
    pub(super) fn has_log_file(&self) -> bool {
        self.log_level != LevelFilter::Off && !self.log_to_stderr
    }

    /// Whether a server may be reached from beyond this machine.
    pub(super) fn is_guarded(&self) -> bool {
        self.secret.is_some() || self.insecure
    }
}

/// Refuses words that are not options; `advice` says what to do instead.
pub(super) fn no_words(verb: &str, matches: &Matches, advice: &str) -> Result<(), Failure> {
    match matches.free.first() {
        None => Ok(()),
        Some(word) => Err(Wrong(format!("{verb} takes no {word:?}; {advice}"))),
    }
}

/// The topology's file.
pub(super) fn topology_path(matches: &Matches) -> PathBuf {
    let file = matches.opt_str("topology");
    file.unwrap_or("topology.txt".into()).into()
}

/// The topology in that file.
pub(super) fn topology(matches: &Matches) -> Result<Topology, Failure> {
    Ok(Topology::load(&topology_path(matches))?)
}

/// The place of the server called `name`, if this program can run it.
pub(super) fn find(matches: &Matches, topology: &Topology, name: &str) -> Result<usize, Failure> {
    match topology.find(name) {
        Some(server) if !topology.servers[server].is_plain() => Ok(server),
        Some(_) => Err(Wrong(format!(
            "{name} is plain in {}, so another program runs it; name another server, or give it \
             servers=PORT",
            topology_path(matches).display()
        ))),
        None => {
            let served = topology.servers.iter().filter(|server| !server.is_plain());
            Err(unknown(matches, served, name))
        }
    }
}

/// No server is called `name`; these are.
pub(super) fn unknown<'a>(
    matches: &Matches,
    servers: impl Iterator<Item = &'a Server>,
    name: &str,
) -> Failure {
    let mut names: Vec<&str> = servers.map(|server| server.name.as_str()).collect();
    let meant = did_you_mean(name, names.iter().copied());
    if names.is_empty() {
        names.push("only plain ones");
    }
    let (file, names) = (topology_path(matches), listed(&names));
    let file = file.display();
    Wrong(format!(
        "no server is called {name:?} in {file}{meant}; it has: {names}"
    ))
}

/// The options that were given, and defaults for the rest.
pub(super) fn shared(matches: &Matches) -> Result<Shared, Failure> {
    let level = matches.opt_str("log-level").unwrap_or("info".into());
    let log_level = level.parse().map_err(|_| {
        Wrong(format!(
            "no log level is called {level:?}; choose off, error, warn, info, debug or trace"
        ))
    })?;
    let acks = [
        ("local", Ack::Local),
        ("herd", Ack::Herd),
        ("herd-or-error", Ack::HerdOrError),
    ];
    Ok(Shared {
        directory: matches.opt_str("directory").unwrap_or("run".into()).into(),
        places: places(matches, matches.opt_str("places"))?,
        ack: choice(matches, "ack", &acks)?.unwrap_or(Ack::Local),
        journal: journal(matches)?,
        secret: secret::chosen(matches).map_err(Wrong)?,
        insecure: matches.opt_present("insecure"),
        limits: limits(matches)?,
        log_level,
        log_to_stderr: log_to_stderr(matches)?,
    })
}

/// Whether the log goes to standard error.
fn log_to_stderr(matches: &Matches) -> Result<bool, Failure> {
    match matches.opt_str("log").as_deref() {
        None => Ok(false),
        Some("-") => Ok(true),
        Some(word) => Err(Wrong(format!(
            "--log takes -, which is standard error, not {word:?}; for a file name its directory \
             with -d DIR"
        ))),
    }
}

/// The table's record numbers have 32 bits.
const RECORDS_MAX: u64 = 4_000_000_000;

/// A minute: a link that is dead is not waited for as long as this.
const ACK_WAIT_MAX_MS: u64 = 60_000;

/// A minute: a neighbour is considered dead long before.
const SLOW_TURN_MAX_MS: u64 = 60_000;

/// The longest lines, of which one must fit into a log, have some 70 KiB.
const LOG_MAX_MIN: u64 = 1 << 20;

/// The product's limits, except those that were given.
fn limits(matches: &Matches) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    // As many bytes for each as without the option, but no fewer in total.
    let each = limits.record_bytes / limits.records;
    let most = 1..=RECORDS_MAX;
    limits.records = number(matches, "records-max", most, limits.records as u64)? as usize;
    limits.record_bytes = limits.record_bytes.max(limits.records * each);
    let usual = limits.ack_wait / MILLISECOND;
    let ms = number(matches, "ack-wait", 1..=ACK_WAIT_MAX_MS, usual)?;
    limits.ack_wait = ms * MILLISECOND;
    let usual = limits.slow_turn / MILLISECOND;
    let ms = number(matches, "slow-turn", 0..=SLOW_TURN_MAX_MS, usual)?;
    limits.slow_turn = ms * MILLISECOND;
    if let Some(text) = matches.opt_str("log-max") {
        limits.log_max = size::at_least_or_none("log-max", &text, LOG_MAX_MIN)?;
    }
    Ok(limits)
}

/// The provider that `kind`, the options and the environment choose, checked before anything
/// starts.
pub(super) fn places(
    matches: &Matches,
    kind: Option<String>,
) -> Result<Arc<dyn Provider>, Failure> {
    let all = Kind::ALL.map(|kind| (kind.name(), kind));
    let kind = kind.map(|word| chosen("places", &word, &all)).transpose()?;
    // A bad key must not stop a server that does not use it.
    let key = match kind {
        Some(kind) if !kind.is_service() => None,
        _ => Key::from_env().map_err(Wrong)?,
    };
    let url = matches.opt_str("places-url");
    places::provider(kind, key, url.as_deref(), &LIMITS).map_err(Wrong)
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
        (Some(_), true) => Err(Wrong(
            "--fsync and --no-journal exclude each other; leave one out".into(),
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
    let word = matches.opt_str(option);
    word.map(|word| chosen(option, &word, all)).transpose()
}

/// The meaning of `word`, if it is one of those that the option takes.
fn chosen<T: Copy>(option: &str, word: &str, all: &[(&str, T)]) -> Result<T, Failure> {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let wrong = || format!("--{option} takes {}, not {word:?}", names.join(" or "));
    let place = names.iter().position(|name| *name == word);
    let place = place.ok_or_else(|| Wrong(wrong()))?;
    Ok(all[place].1)
}

/// The value of an option that takes a whole number in `range`.
pub(super) fn number(
    matches: &Matches,
    option: &str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64, Failure> {
    match matches.opt_str(option) {
        Some(text) => whole(option, &text, range),
        None => Ok(default),
    }
}

/// The whole number in `range` that was given to an option.
pub(super) fn whole(option: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, Failure> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let range = match (range.start(), range.end()) {
            (least, &u64::MAX) => format!("of at least {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        Wrong(format!(
            "--{option} takes a whole number {range}, not {text:?}"
        ))
    })
}

/// The log of the server `name` in its directory, which is made if it is missing; both can be
/// written. Without a journal and a log file neither is touched.
pub(super) fn log_of(name: &str, shared: &Shared) -> Result<PathBuf, Failure> {
    let directory = &shared.directory;
    let log = directory.join(format!("{name}.log"));
    if shared.journal.is_none() && !shared.has_log_file() {
        return Ok(log);
    }
    let advice = "make it writable, or name another directory with -d DIR";
    let shown = directory.display();
    fs::create_dir_all(directory).map_err(|error| {
        Wrong(match directory.is_file() {
            true => format!("{shown} is a file; name a directory with -d DIR"),
            false => format!("cannot make the directory {shown}: {error}; {advice}"),
        })
    })?;
    if !shared.has_log_file() {
        return Ok(log);
    }
    let cannot = |error| Wrong(format!("cannot write {}: {error}; {advice}", log.display()));
    logging::try_open(&log).map_err(cannot)?;
    Ok(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_the_defaults() {
        let help = include_str!("help/shared.txt")
            .split_whitespace()
            .collect::<Vec<_>>();
        let records = format!("(default {})", Limits::PRODUCT.records);
        assert!(help.join(" ").contains(&records), "{records}");
        let log_max = format!("(default {}M)", Limits::PRODUCT.log_max >> 20);
        assert!(help.join(" ").contains(&log_max), "{log_max}");
        let slow_turn = format!("(default {};", Limits::PRODUCT.slow_turn / MILLISECOND);
        assert!(help.join(" ").contains(&slow_turn), "{slow_turn}");
        assert!(help.join(" ").contains(secret::RECIPE));
    }

    #[test]
    fn every_kind_of_places_is_in_the_help_and_in_the_guide() {
        let names = Kind::ALL.map(|kind| kind.name());
        let (last, first) = names.split_last().unwrap();
        let list = format!("{} or {last}", first.join(", "));
        for (path, text) in [
            ("src/cli/help/shared.txt", include_str!("help/shared.txt")),
            ("src/cli/help/check.txt", include_str!("help/check.txt")),
        ] {
            let words: Vec<&str> = text.split_whitespace().collect();
            let has = words.join(" ").contains(&list);
            assert!(has, "{path} does not have {list:?} for --places");
        }
        for name in names {
            let running = include_str!("../guide/running.md").contains(&format!("\n| `{name}` | "));
            assert!(
                running,
                "src/guide/running.md has no row for --places {name}"
            );
            let protocol = include_str!("../guide/protocol.md").contains(&format!("**`{name}`**"));
            assert!(
                protocol,
                "src/guide/protocol.md does not say what {name} answers"
            );
        }
    }
}
