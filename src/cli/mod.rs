//! The verbs: one file each, and what they share.
//!
//! A verb takes its arguments and ends in `Ok` or a `Failure`: an exit status and the one line
//! that a person reads. Nothing in here panics because of what was typed, because of a file, or
//! because nobody reads our output. The work of `up`, `status` and `load` is in their own rooms.

mod check;
mod failure;
mod limits;
mod load;
mod options;
mod places;
mod secret;
mod serve;
mod status;
mod system;
mod up;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::terminal::print;
use failure::Failure;

const HELP: &str = "\
herd: servers that know where their clients are, and what is near them.

    herd up                     start every server of topology.txt
    herd serve Goloman          start one of them
    herd check                  check topology.txt, and say what it describes
    herd status                 is every server up, and do all agree?
    herd limits                 every limit, and what happens at it
    herd load 127.0.0.1:12001   send requests to a server, and check every reply

    herd VERB --help            examples and options of a verb
    herd --version              show the version

Exit status: 0 done; 1 the run failed; 2 the command or a file is wrong.
";

/// Runs the program. If it fails, one line on standard error says why.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (status, text) = match run(&arguments) {
        Ok(()) => return ExitCode::SUCCESS,
        // People who type the bare name want to know what there is.
        Err(_) if arguments.is_empty() => (2, HELP.to_string()),
        Err(failure) => (failure.status, format!("{failure}\n")),
    };
    // Without standard error there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(status)
}

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let mut words = Vec::with_capacity(arguments.len());
    for argument in arguments {
        words.push(argument.to_str().ok_or_else(|| {
            Failure::wrong(format_args!(
                "argument {argument:?} is not UTF-8; rename it"
            ))
        })?);
    }
    match words[..] {
        ["serve", ref rest @ ..] => serve::run(rest),
        ["up", ref rest @ ..] => up::run(rest),
        ["check", ref rest @ ..] => check::run(rest),
        ["status", ref rest @ ..] => status::run(rest),
        ["limits", ref rest @ ..] => limits::run(rest),
        ["load", ref rest @ ..] => load::run(rest),
        ["-h" | "--help" | "help"] => Ok(print(HELP)?),
        ["-V" | "--version"] => Ok(print(&format!("herd {}\n", env!("CARGO_PKG_VERSION")))?),
        [flag @ ("-h" | "--help" | "help" | "-V" | "--version"), ..] => Err(Failure::wrong(
            format_args!("{flag} takes no arguments; for one verb: herd VERB --help"),
        )),
        [option, ..] if option.starts_with('-') => Err(Failure::wrong(format_args!(
            "unrecognized option {option:?} before a verb; herd --help lists the verbs"
        ))),
        [word, ..] => Err(Failure::wrong(format_args!(
            "no verb is called {word:?}; the verbs are up, serve, check, status, limits and load \
             (herd --help)"
        ))),
        [] => Err(Failure::wrong("no verb; herd --help lists them")),
    }
}
