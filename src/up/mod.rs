//! A whole herd in the foreground: a process per server, started, watched, and ended without
//! leftovers.
//!
//! Each child is this very program with the verb `serve`. `Children` is one small mio loop over
//! their pipes, the signals and a few deadlines; it reports `Change`s, and [`run`] tells a person
//! about them. A server that ends is named with its reason while the others go on; only when none
//! is left has the run failed.

mod child;
mod children;
mod greeting;
mod lines;

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::terminal::{one_line, print, shell_word};
use crate::topology::Topology;
use children::{Change, Children};
use greeting::{Greeting, OpenServer};

/// A herd to run.
pub struct Herd {
    pub topology: Topology,
    /// The servers to start, one child each.
    pub members: Vec<Member>,
    /// Options for `herd serve`, as arguments.
    pub options: Vec<String>,
    /// Where places come from, for the greeting.
    pub places: String,
}

/// A server to start.
pub struct Member {
    /// Its place in the topology.
    pub server: usize,
    pub log: PathBuf,
}

/// How far a member has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its doors are not open yet.
    Starting,
    Open,
    Ended,
}

/// Runs the herd until a signal asks it to end, then ends every server.
///
/// # Errors
/// When no server is left, or the herd cannot be watched: the reason as one line.
pub fn run(herd: &Herd) -> Result<(), String> {
    let program = env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
    let commands = herd.members.iter().enumerate().map(|(member, _)| {
        let mut command = Command::new(&program);
        command.args(["serve", "--until-eof"]).args(&herd.options);
        command.arg(herd.name(member));
        command
    });
    let mut children = Children::start(commands).map_err(cannot_watch)?;
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
    let serve = serve_command(&herd.options);
    while states.iter().any(|state| *state != State::Ended) {
        if !greeted && (late || !states.contains(&State::Starting)) {
            greeted = true;
            print(&greeting(herd, children, &states, &serve).text())?;
        }
        match children.next().map_err(cannot_watch)? {
            Change::EndAsked | Change::EndNow => return Ok(()),
            Change::Late => late = true,
            Change::Opened(member) => {
                states[member] = State::Open;
                if greeted {
                    print(&format!("{} is open now.\n", herd.name(member)))?;
                }
            }
            Change::Warned(member, what) => tell(&format!("{}: {what}", herd.name(member))),
            Change::Ended(member, reason) => {
                states[member] = State::Ended;
                let name = herd.name(member);
                let again = format!("{serve} {}", shell_word(name));
                tell(&format!(
                    "{name} ended: {reason}; to start it again: {again}"
                ));
            }
        }
    }
    Err("no server of the herd is left; fix the above, then run herd up again".to_string())
}

fn greeting<'a>(
    herd: &'a Herd,
    children: &Children,
    states: &[State],
    serve: &'a str,
) -> Greeting<'a> {
    let in_state = |wanted| {
        let members = herd.members.iter().zip(states).enumerate();
        members.filter_map(move |(index, (member, state))| {
            (*state == wanted).then_some((index, member))
        })
    };
    let open = in_state(State::Open).map(|(index, member)| OpenServer {
        server: member.server,
        pid: children.pid(index).unwrap_or_default(),
        log: &member.log,
    });
    Greeting {
        topology: &herd.topology,
        open: open.collect(),
        late: in_state(State::Starting)
            .map(|(_, member)| member.server)
            .collect(),
        places: &herd.places,
        serve,
    }
}

/// How a person starts one server, less its name. It calls the program as we were called, since it
/// need not be on the PATH.
fn serve_command(options: &[String]) -> String {
    let program = env::args_os().next().unwrap_or("herd".into());
    let mut words = vec![shell_word(&program.to_string_lossy()), "serve".to_string()];
    words.extend(options.iter().map(|word| shell_word(word)));
    words.join(" ")
}

impl Herd {
    fn name(&self, member: usize) -> &str {
        &self.topology.servers[self.members[member].server].name
    }
}

fn cannot_watch(error: io::Error) -> String {
    format!("cannot watch the servers: {error}")
}

/// Writes a line to standard error. If that fails there is nobody to tell.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "herd: {}", one_line(line));
}
