//! `herd trace`: the way of an update through the herd, out of the logs of a run.

use std::fs;
use std::path::{Path, PathBuf};

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::options;
use crate::limits::count;
use crate::reactor::wall;
use crate::terminal::{COLUMNS, list, print, wrap};
use crate::topology::{Topology, listed};
use crate::trace::{Client, Error, Fate, Trace, Way, in_directory, ladder, picture};
use crate::units::{SECOND, Wall};
use crate::wire::Time;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let Some((client, files)) = matches.free.split_first() else {
        let what = "trace which client? write herd trace CLIENT";
        return Err(Wrong(what.to_string()));
    };
    let client = Client::new(client).map_err(Wrong)?;
    let since = matches.opt_str("since");
    let since = since.map(|text| time(&text, wall())).transpose()?;
    let logs = logs(matches, files)?;
    let trace = Trace::read(&client, &logs.paths, logs.order, since).map_err(unreadable)?;
    let Some(newest) = trace.newest() else {
        return Err(Failed(format!(
            "no update of \"{}\" in {}; a log has them at --log-level info",
            client.shown(),
            shown(&logs.paths)
        )));
    };
    let (ways, note) = match since {
        Some(since) => every(&trace, since, newest, &client)?,
        None => one(&trace, newest),
    };
    if let Some(file) = matches.opt_str("svg") {
        fs::write(&file, picture(client.shown(), &ways))
            .map_err(|error| Failed(format!("cannot write {file}: {error}")))?;
    }
    let ladders = ways.iter().map(|way| ladder(client.shown(), way));
    let texts: Vec<String> = ladders.chain(note).collect();
    Ok(print(&texts.join("\n"))?)
}

/// The logs to read.
struct Logs {
    paths: Vec<PathBuf>,
    /// The servers of the topology.
    order: Vec<String>,
}

/// The files that were named, or those of a directory. The usual topology may be missing, and is
/// that of another herd if the directory has no log of its servers, or files are named.
fn logs(matches: &Matches, files: &[String]) -> Result<Logs, Failure> {
    let is_named = matches.opt_present("topology");
    let has_topology = is_named || files.is_empty() && options::topology_path(matches).exists();
    let topology = has_topology
        .then(|| options::topology(matches))
        .transpose()?;
    let order = topology.map_or(Vec::new(), |it| names(&it));
    if !files.is_empty() {
        let paths = files.iter().map(PathBuf::from).collect();
        return Ok(Logs { paths, order });
    }
    let directory = matches.opt_str("directory").unwrap_or("run".into());
    let found = |order: &[String]| in_directory(Path::new(&directory), order).map_err(unreadable);
    let paths = found(&order)?;
    if !paths.is_empty() {
        return Ok(Logs { paths, order });
    }
    let paths = if is_named { Vec::new() } else { found(&[])? };
    if paths.is_empty() {
        return Err(Failed(format!(
            "{directory} has no logs; name another directory with -d DIR, or files"
        )));
    }
    let order = Vec::new();
    Ok(Logs { paths, order })
}

/// The servers that write logs like ours.
fn names(topology: &Topology) -> Vec<String> {
    let servers = topology.servers.iter().filter(|it| !it.is_plain());
    servers.map(|it| it.name.clone()).collect()
}

fn unreadable(error: Error) -> Failure {
    let (path, error) = (error.path, error.error);
    let advice = "name another directory with -d DIR, or files";
    Failed(format!("cannot read {}: {error}; {advice}", path.display()))
}

/// The newest update that all know, and what to say if there is a newer one.
fn one(trace: &Trace, newest: Wall) -> (Vec<Way>, Option<String>) {
    let Some((way, newer)) = trace.complete() else {
        return (Vec::new(), None);
    };
    let note = newer.map(|newer| {
        let missed = list(newer.with(Fate::Missed));
        let note = format!("A newer update has not reached {missed}: --since {newest} shows it.");
        wrap(note.split(' '), " ", COLUMNS).join("\n") + "\n"
    });
    (vec![way], note)
}

/// All updates since a time, and what to say if there was no room for more.
fn every(
    trace: &Trace,
    since: Wall,
    newest: Wall,
    client: &Client,
) -> Result<(Vec<Way>, Option<String>), Failure> {
    let ways = trace.since(since);
    if ways.is_empty() {
        let client = client.shown();
        return Err(Failed(format!(
            "no update of \"{client}\" since {since}; the newest is of {newest}"
        )));
    }
    let dropped = trace.dropped();
    let note = (dropped > 0).then(|| {
        let dropped = count(dropped);
        format!("At least {dropped} older updates are left out (trace_updates in herd limits).\n")
    });
    Ok((ways, note))
}

/// The files, as far as they have room on a line.
fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    listed(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A time as it is given to --since.
fn time(text: &str, now: Wall) -> Result<Wall, Failure> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let ago = units.iter().find_map(|(unit, seconds)| {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds = i128::from(number) * i128::from(*seconds);
        Some(Wall(now.0 - seconds * i128::from(SECOND)))
    });
    let posix = || Time::parse(text.as_bytes()).map(|it| it.at);
    let date = || Wall::parse(text.as_bytes());
    ago.or_else(posix).or_else(date).ok_or_else(|| {
        Wrong(format!(
            "--since takes a time such as 2026-11-26T04:23:31Z, 1795667011.5 (seconds since 1970), \
             or 30s, 5m, 2h or 1d ago, not {text:?}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_seconds_or_ago() {
        let now = Wall(1_795_667_011_500_000_000);
        let read = |text: &str| time(text, now).ok().map(|it| it.0);
        let same = [now.to_string(), "1795667011.5".into(), "0s".into()];
        for text in same {
            assert_eq!(read(&text), Some(now.0), "{text}");
        }
        assert_eq!(read("2026-11-26T04:23:31Z"), Some(now.0 - 500_000_000));
        for (text, seconds) in [("30s", 30), ("5m", 300), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(read(text), Some(now.0 - seconds * 1_000_000_000), "{text}");
        }
        for text in [
            "",
            "m",
            "-5m",
            "5 m",
            "1.5h",
            "now",
            "2026-11-26",
            "99999999999d",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
