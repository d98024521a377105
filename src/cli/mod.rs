//! The verbs: one file each, and what they share.
//!
//! A verb takes its parsed options and ends in `Ok` or a `Failure`: an exit status and the one line
//! that a person reads. Nothing in here panics because of what was typed, because of a file, or
//! because nobody reads our output. The work of `up`, `status`, `watch`, `web`, `ask`, `trace` and
//! `load` is in their own rooms.

mod activation;
mod address;
mod arguments;
mod ask;
mod check;
mod doors;
mod failure;
mod limits;
mod load;
mod metrics;
mod once;
mod options;
mod secret;
mod serve;
mod size;
mod status;
mod system;
mod trace;
mod turns;
mod up;
mod watch;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;

use getopts::Matches;

use crate::reactor::{end_as_process_1, undo_inherited};
use crate::stdio::{Stream, finish, say};
use crate::terminal::{list, print};
use failure::Failure::{self, Wrong};
use failure::{cannot, did_you_mean};

const HELP: &str = include_str!("help/herd.txt");
const VERSION: &str = concat!("herd ", env!("CARGO_PKG_VERSION"), "\n");

type Verb = fn(&Matches) -> Result<(), Failure>;

/// Each verb with its help text, which declares its options, and what it does.
const VERBS: [(&str, &str, Verb); 11] = [
    ("up", up::HELP, up::run),
    ("serve", serve::HELP, serve::run),
    ("check", include_str!("help/check.txt"), check::run),
    ("status", include_str!("help/status.txt"), status::run),
    ("watch", include_str!("help/watch.txt"), watch::run),
    ("metrics", include_str!("help/metrics.txt"), metrics::run),
    ("web", include_str!("help/web.txt"), web::run),
    ("ask", include_str!("help/ask.txt"), ask::run),
    ("trace", include_str!("help/trace.txt"), trace::run),
    ("limits", include_str!("help/limits.txt"), limits::run),
    ("load", include_str!("help/load.txt"), load::run),
];

/// Runs the program. If it fails, one line on standard error says why.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = undo_inherited().map_err(cannot("catch signals"));
    let (status, text) = match outcome.and_then(|()| run(&arguments)) {
        Ok(()) => (0, String::new()),
        // People who type the bare name want to know what there is.
        Err(_) if arguments.is_empty() => (2, HELP.to_string()),
        Err(failure) => (failure.status(), failure.line()),
    };
    say(Stream::Error, text);
    finish();
    ExitCode::from(status)
}

fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let not_text = |word| Wrong(format!("argument {word:?} is not UTF-8; rename it"));
    let words = arguments
        .iter()
        .map(|word| word.to_str().ok_or_else(|| not_text(word)));
    let words = words.collect::<Result<Vec<&str>, Failure>>()?;
    if !matches!(words.first(), Some(&("up" | "serve" | "load" | "web"))) {
        end_as_process_1().map_err(cannot("catch signals"))?;
    }
    match words[..] {
        ["-h" | "--help" | "help"] => Ok(print(HELP)?),
        ["-V" | "--version"] => Ok(print(VERSION)?),
        ["help", word] => run_verb(word, &["--help"]),
        ["help", ..] => Err(Wrong("help takes one verb: herd help VERB".to_string())),
        [flag @ ("-h" | "--help" | "-V" | "--version"), ..] => Err(Wrong(format!(
            "{flag} takes no arguments; for one verb: herd VERB --help"
        ))),
        [option, ..] if option.starts_with('-') => {
            let meant = did_you_mean(option, ["--help", "--version"]);
            Err(Wrong(format!(
                "no option is called {option:?}{meant}; herd --help lists the verbs"
            )))
        }
        [word, ref rest @ ..] => run_verb(word, rest),
        [] => Err(Wrong("no verb; herd --help lists them".to_string())),
    }
}

fn run_verb(word: &str, arguments: &[&str]) -> Result<(), Failure> {
    if let Some((name, help, run)) = VERBS.iter().find(|(name, ..)| *name == word) {
        return match arguments::parse(name, help, arguments)? {
            Some(matches) => run(&matches),
            None => Ok(()),
        };
    }
    let names = VERBS.map(|(name, ..)| name);
    let meant = did_you_mean(word, names.into_iter().chain(["help"]));
    let names = list(names);
    Err(Wrong(format!(
        "no verb is called {word:?}{meant}; the verbs are {names} (herd --help)"
    )))
}

#[cfg(test)]
mod tests {
    use super::{HELP, VERBS};

    #[test]
    fn every_verb_is_in_the_help_and_has_its_own() {
        let examples = HELP
            .lines()
            .filter_map(|line| line.strip_prefix("    herd "));
        let words = examples.filter_map(|it| it.split(' ').next());
        let listed: Vec<&str> = words.take_while(|word| *word != "help").collect();
        let verbs = VERBS.map(|(name, ..)| name);
        assert_eq!(
            listed, verbs,
            "src/cli/help/herd.txt needs a line for each of VERBS, in their order"
        );
        for (name, help, _) in VERBS {
            let has = help.starts_with(&format!("herd {name}"));
            assert!(
                has,
                "src/cli/help/{name}.txt must begin with \"herd {name}\""
            );
            let has = help.contains(&format!("\n    herd {name}")) && help.contains("\nOptions:\n");
            assert!(
                has,
                "src/cli/help/{name}.txt needs an example, and \"Options:\""
            );
        }
    }
}
