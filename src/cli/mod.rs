//! The verbs: one file each, and what they share.
//!
//! A verb takes its arguments and ends in `Ok` or a `Failure`: an exit status and the one line
//! that a person reads. Nothing in here panics over what was typed, over a file, or over a
//! reader of our output who has gone.

mod alarms;
mod asking;
mod check;
mod children;
mod failure;
mod graph;
mod greeting;
mod limits;
mod load;
mod measured;
mod options;
mod places;
mod secret;
mod serve;
mod sheet;
mod status;
mod table;
mod up;

use failure::Failure;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

const HELP: &str = "\
herd: servers that know where their clients are, tell each other, and say what is near.

    herd up                     start every server of topology.txt, and show lines to paste
    herd serve Goloman          start one server of it
    herd check                  is topology.txt right, and what does it describe?
    herd status                 how is every server, and do they all know the same?
    herd limits                 what bounds a server, and what happens at each limit
    herd load 127.0.0.1:12001   ask a server as fast as it answers, and check every reply

    herd VERB --help            examples and options of a verb
    herd --version              which herd this is

Exit status: 0 done; 2 something to correct in the command or its files; 1 the run failed.
";

/// Runs the program, and says in one line on standard error why, if it does not end well.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (status, text) = match run(&arguments) {
        Ok(()) => return ExitCode::SUCCESS,
        // Whoever types the bare name wants to know what there is.
        Err(_) if arguments.is_empty() => (2, HELP.to_string()),
        Err(failure) => (failure.status, format!("{failure}\n")),
    };
    // Without a standard error there is nobody left to tell.
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
        ["-h" | "--help" | "help"] => print(HELP),
        ["-V" | "--version"] => print(&format!("herd {}\n", env!("CARGO_PKG_VERSION"))),
        [flag @ ("-h" | "--help" | "help" | "-V" | "--version"), ..] => Err(Failure::wrong(
            format_args!("{flag} stands alone; herd VERB --help tells about a verb"),
        )),
        [word, ..] => Err(Failure::wrong(format_args!(
            "no verb is called {word:?}; the verbs are up, serve, check, status, limits and load \
             (herd --help)"
        ))),
        [] => Err(Failure::wrong(format_args!(
            "no verb; herd --help lists them"
        ))),
    }
}

/// Writes `text` to standard output in one go. A reader who has gone (`herd check | head -1`)
/// has had enough, and that is fine.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(
            format_args!("cannot write to standard output: {error}"),
        )),
        _ => Ok(()),
    }
}
