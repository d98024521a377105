//! How options are parsed, and those that verbs share.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use getopts::{Matches, Options};
use log::LevelFilter;

use super::failure::Failure::{self, Wrong};
use super::secret;
use crate::limits::{LIMITS, Limits};
use crate::logging;
use crate::node::{Ack, Fsync};
use crate::places::{self, Key, Kind, Provider};
use crate::secret::Secrets;
use crate::terminal::print;
use crate::topology::{Topology, listed};
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
}

impl Shared {
    /// Whether a server may be reached from beyond this machine.
    pub(super) fn is_guarded(&self) -> bool {
        self.secret.is_some() || self.insecure
    }
}

/// Parses the arguments of `verb`, whose `help` declares its options. None: help was asked for, and
/// has been printed.
pub(super) fn parse(
    verb: &str,
    help: &str,
    arguments: &[&str],
) -> Result<Option<Matches>, Failure> {
    let help = format!("{help}    -h, --help          show this help\n");
    let matches = declared(&help).parse(arguments).map_err(|fail| {
        let fail = fail.to_string();
        let (first, rest) = fail.split_at(1);
        let first = first.to_lowercase();
        Wrong(format!(
            "{first}{rest}; herd {verb} --help lists the options"
        ))
    })?;
    if matches.opt_present("help") {
        print(&help)?;
        return Ok(None);
    }
    Ok(Some(matches))
}

/// The options that a help text lists, each on a line that begins with `-t, --topology FILE` or, if
/// it has no short name, no argument or neither, with less. Two spaces follow one without argument.
/// An argument in brackets may be left out.
/// One whose argument ends with `...` may be given several times.
fn declared(help: &str) -> Options {
    let mut options = Options::new();
    let lines = help.lines().map(str::trim_start);
    for line in lines.filter(|line| line.starts_with('-')) {
        let (short, rest) = line.split_once("--").unwrap_or_default();
        let mut words = rest.split(' ');
        let [long, hint] = [(); 2].map(|()| words.next().unwrap_or_default());
        let short = short.trim_matches(['-', ',', ' ']);
        match hint {
            "" => options.optflag(short, long, ""),
            hint if hint.starts_with('[') => options.optflagopt(short, long, "", hint),
            hint if hint.ends_with("...") => options.optmulti(short, long, "", hint),
            hint => options.optopt(short, long, "", hint),
        };
    }
    options
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
    let file = topology_path(matches);
    let file = file.display();
    Err(Wrong(match topology.find(name) {
        Some(server) if !topology.servers[server].is_plain() => return Ok(server),
        Some(_) => format!(
            "{name} is plain in {file}, so another program runs it; name another server, or give \
             it servers=PORT"
        ),
        None => {
            let served = topology.servers.iter().filter(|server| !server.is_plain());
            let mut names: Vec<&str> = served.map(|server| server.name.as_str()).collect();
            if names.is_empty() {
                names.push("only plain ones");
            }
            let names = listed(&names);
            format!("no server is called {name:?} in {file}; it has: {names}")
        }
    }))
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
        places: places(matches)?,
        ack: choice(matches, "ack", &acks)?.unwrap_or(Ack::Local),
        journal: journal(matches)?,
        secret: secret::chosen(matches).map_err(Wrong)?,
        insecure: matches.opt_present("insecure"),
        limits: limits(matches)?,
        log_level,
    })
}

/// The table's record numbers have 32 bits.
const RECORDS_MAX: u64 = 4_000_000_000;

/// A minute: a link that is dead is not waited for as long as this.
const ACK_WAIT_MAX_MS: u64 = 60_000;

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
    Ok(limits)
}

/// The provider that the options and the environment choose, checked before anything starts.
fn places(matches: &Matches) -> Result<Arc<dyn Provider>, Failure> {
    let all = [
        ("offline", Kind::Offline),
        ("google", Kind::Google),
        ("google-legacy", Kind::GoogleLegacy),
    ];
    let kind = choice(matches, "places", &all)?;
    // A bad key must not stop a server that does not use it.
    let key = match kind {
        Some(Kind::Offline) => None,
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
    let Some(word) = matches.opt_str(option) else {
        return Ok(None);
    };
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let wrong = || format!("--{option} takes {}, not {word:?}", names.join(" or "));
    let place = names.iter().position(|name| *name == word);
    let place = place.ok_or_else(|| Wrong(wrong()))?;
    Ok(Some(all[place].1))
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
/// written. Without a journal and a log neither is touched.
pub(super) fn log_of(name: &str, shared: &Shared) -> Result<PathBuf, Failure> {
    let directory = &shared.directory;
    let log = directory.join(format!("{name}.log"));
    if shared.journal.is_none() && shared.log_level == LevelFilter::Off {
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
    if shared.log_level == LevelFilter::Off {
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
    fn a_help_text_declares_its_options() {
        let text = "It is - so.\n\nOptions:\n    -t, --topology FILE the file\n        \
            --places-url URL\n                it\n        --each FILE...\n    \
            -h, --help      help\n";
        let words = ["--places-url", "u", "-t", "f", "-h", "x"];
        let matches = declared(text).parse(words).unwrap();
        assert_eq!(matches.opt_str("topology").as_deref(), Some("f"));
        assert_eq!(matches.opt_str("places-url").as_deref(), Some("u"));
        assert!(matches.opt_present("help") && matches.free == ["x"]);
        assert!(declared(text).parse(["-u"]).is_err());
        let matches = declared(text).parse(["--each", "a", "--each=b"]).unwrap();
        assert_eq!(matches.opt_strs("each"), ["a", "b"]);
        assert!(declared(text).parse(["-t", "a", "-t", "b"]).is_err());
    }

    #[test]
    fn help_names_the_defaults() {
        let help = include_str!("help/shared.txt")
            .split_whitespace()
            .collect::<Vec<_>>();
        let records = format!("(default {})", Limits::PRODUCT.records);
        assert!(help.join(" ").contains(&records), "{records}");
        assert!(help.join(" ").contains(secret::RECIPE));
    }
}
