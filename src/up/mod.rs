//! A whole herd in the foreground: a process per server, started, watched, and ended without
//! leftovers.
//!
//! Each child is this very program with the verb `serve`. `Children` is one small mio loop over
//! their pipes, the signals, the terminal and a few deadlines; it reports `Change`s, and `Watch`
//! tells a person about them. A server that ends is named with its reason while the others go on.
//! The run has failed when none is left, or when one never came up; a server that came up and ended
//! later was named at that time, and the run goes on without it.

mod change;
mod child;
mod children;
mod follow;
mod greeting;
mod lines;
mod members;
mod opening;
mod others;
mod tail;
mod tell;
mod typed;
mod watch;

use std::env;

pub use members::{Followed, Herd, Member};
pub use opening::from_journal;
pub use tell::cannot_watch;

use crate::journal;
use crate::reactor::Signals;
use children::Children;
use others::Other;
use tell::tell;
use watch::Watch;

/// Runs the herd until a signal asks it to end, then ends every server.
///
/// # Errors
/// When it runs already, a server never came up or none is left, or the herd cannot be watched: the
/// reason as one line.
pub fn run(herd: &Herd, signals: Signals) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
    let start = others::claim_start(&herd.directory)?;
    let others = others::look(herd);
    if let Some(why) = others::refusal(&others) {
        return Err(why);
    }
    if herd.is_fresh {
        forget(herd)?;
    }
    let strays: Vec<Option<u32>> = others
        .iter()
        .map(|it| it.as_ref().and_then(Other::stray))
        .collect();
    for (member, pid) in strays.iter().enumerate() {
        if let Some(pid) = pid {
            let name = herd.name(member);
            tell(&format!(
                "{name} already runs (pid {pid}), started elsewhere; it is left alone"
            ));
        }
    }
    let commands = strays.iter().enumerate().map(|(member, stray)| {
        let is_ours = stray.is_none();
        is_ours.then(|| herd.command(&program, member))
    });
    let mut children = Children::start(commands, signals).map_err(cannot_watch)?;
    let is_ours = strays.iter().map(Option::is_none).collect();
    let mut watch = Watch::new(herd, &program, is_ours, &mut children, start);
    let outcome = watch.until_the_end(&mut children);
    for killed in children.end(|change| watch.tell_of_end(change)) {
        tell(&format!("{} did not end and was killed", herd.name(killed)));
    }
    watch.show_news();
    name_strays(herd);
    outcome.and_then(|()| watch.verdict())
}

/// Removes the journals of all members, or none.
fn forget(herd: &Herd) -> Result<(), String> {
    let members = (0..herd.members.len()).map(|member| (herd.journal(member), herd.name(member)));
    let members: Vec<_> = members.collect();
    let mut claimed = Vec::new();
    for (path, name) in &members {
        let cannot = |error| {
            let path = path.display();
            format!("cannot begin with no clients: {path}: {error}; nothing was removed")
        };
        claimed.push(journal::claim(path, name).map_err(cannot)?);
    }
    let cannot = |error| format!("cannot remove a journal: {error}");
    let mut claimed = claimed.into_iter();
    claimed.try_for_each(|it| it.remove().map_err(cannot))
}

/// Ctrl-C does not reach servers that were started elsewhere.
fn name_strays(herd: &Herd) {
    for (member, other) in others::look(herd).iter().enumerate() {
        if let Some(pid) = other.as_ref().and_then(Other::stray) {
            let name = herd.name(member);
            tell(&format!(
                "{name} still runs (pid {pid}), started elsewhere; end it with: kill {pid}"
            ));
        }
    }
}
