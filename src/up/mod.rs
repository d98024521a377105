//! A whole herd in the foreground: a process per server, started, watched, and ended without
//! leftovers.
//!
//! Each child is this very program with the verb `serve`. `Children` is one small mio loop over
//! their pipes, the signals and a few deadlines; it reports `Change`s, and [`run`] tells a person
//! about them. A server that ends is named with its reason while the others go on; only when none
//! is left has the run failed.

mod change;
mod child;
mod children;
mod greeting;
mod lines;
mod members;

use std::env;
use std::io;

pub use members::{Herd, Member};

use crate::reactor::Signals;
use crate::stdio::{Stream, say};
use crate::terminal::one_line;
use change::Change;
use children::Children;
use greeting::greeting;
use members::State;

/// Runs the herd until a signal asks it to end, then ends every server.
///
/// # Errors
/// When no server is left, or the herd cannot be watched: the reason as one line.
pub fn run(herd: &Herd, signals: Signals) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
    let commands = (0..herd.members.len()).map(|member| herd.command(&program, member));
    let mut children = Children::start(commands, signals).map_err(cannot_watch)?;
    let outcome = watch(herd, &mut children);
    for killed in children.end() {
        tell(&format!("{} did not end and was killed", herd.name(killed)));
    }
    outcome
}

/// Tells about what happens until a signal asks us to end or no child is left.
fn watch(herd: &Herd, children: &mut Children) -> Result<(), String> {
    let mut states = vec![State::Starting; herd.members.len()];
    let (mut greeted, mut late) = (false, false);
    while states.iter().any(|state| *state != State::Ended) {
        if !greeted && (late || !states.contains(&State::Starting)) {
            greeted = true;
            say(Stream::Output, greeting(herd, &states));
        }
        match children.next().map_err(cannot_watch)? {
            Change::EndAsked | Change::EndNow => return Ok(()),
            Change::Late => late = true,
            Change::Opened(member, pid) => {
                states[member] = State::Open(pid);
                if greeted {
                    let name = herd.name(member);
                    say(Stream::Output, format!("{name} is open now.\n"));
                }
            }
            Change::Warned(member, what) => tell(&format!("{}: {what}", herd.name(member))),
            Change::Ended(member, reason) => {
                states[member] = State::Ended;
                let (name, again) = (herd.name(member), herd.serve_line(member));
                let what = format!("{name} ended: {reason}; to start it again: {again}");
                tell(&what);
            }
        }
    }
    Err("no server of the herd is left; fix the above, then run herd up again".to_string())
}

pub fn cannot_watch(error: io::Error) -> String {
    format!("cannot watch the servers: {error}")
}

/// Writes a line to standard error.
fn tell(line: &str) {
    say(Stream::Error, format!("herd: {}\n", one_line(line)));
}
