//! `--trace-turns`: where the turns of a loop are written.

use std::fs;
use std::path::PathBuf;

use getopts::Matches;

use super::failure::Failure::{self, Wrong};
use crate::limits::Limits;
use crate::reactor::{TraceFile, Turns};

/// The slow turns and the trace of the server `name`.
pub(super) fn of(matches: &Matches, limits: &Limits, name: &str) -> Result<Turns, Failure> {
    let trace = trace(matches, name)?;
    let slow = limits.slow_turn;
    Ok(Turns { slow, trace })
}

/// The file for the turns of the server `name`, which can be written; none: they are not kept.
pub(super) fn trace(matches: &Matches, name: &str) -> Result<Option<TraceFile>, Failure> {
    let Some(path) = matches.opt_str("trace-turns").map(PathBuf::from) else {
        return Ok(None);
    };
    let path = match path.is_dir() {
        true => path.join(format!("{name}.trace.json")),
        false => path,
    };
    let shown = path.display().to_string();
    let file = TraceFile::new(path, name).map_err(|error| {
        Wrong(format!(
            "cannot write the trace {shown}: {error}; name another file or directory with \
             --trace-turns PATH"
        ))
    })?;
    Ok(Some(file))
}

/// The directory for the turns of all servers, if they are kept. It is made if it is missing.
pub(super) fn make_directory(matches: &Matches) -> Result<(), Failure> {
    let Some(path) = matches.opt_str("trace-turns").map(PathBuf::from) else {
        return Ok(());
    };
    let shown = path.display();
    fs::create_dir_all(&path).map_err(|error| {
        Wrong(match path.is_dir() || !path.exists() {
            true => format!("cannot make the directory {shown}: {error}; name another one"),
            false => format!(
                "{shown} is a file, and herd up writes a trace for each server; name a directory \
                 with --trace-turns PATH"
            ),
        })
    })
}
