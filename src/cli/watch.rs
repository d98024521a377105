//! `herd watch`: each change of the herd as it happens, and its way from server to server.

mod lines;
mod pattern;

use getopts::Matches;

use super::failure::Failure::{self, Failed, Wrong};
use super::failure::cannot;
use super::system::random;
use super::{options, secret};
use crate::limits::LIMITS;
use crate::reactor::{Clock, end_well_at_interrupt};
use crate::terminal::{Screen, print_bytes};
use crate::topology::Topology;
use crate::units::{Mono, SECOND};
use crate::watch::{Event, Watching};
use lines::Form;

/// The lines that are still to be printed, and what must be known for the end.
struct Output<'a> {
    topology: &'a Topology,
    form: Form,
    pattern: Option<Vec<u8>>,
    clock: Clock,
    text: String,
    /// Changes that each server left out since that was last said, and when it was.
    skipped: Vec<u64>,
    said: Mono,
    /// Why each server cannot be watched, if it cannot, and whether it is locked.
    down: Vec<Option<(String, bool)>>,
    /// A server was watched.
    has_begun: bool,
}

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    let secrets = secret::chosen(matches).map_err(Wrong)?;
    let mut topology = options::topology(matches)?;
    choose(matches, &mut topology)?;
    end_well_at_interrupt().map_err(cannot("catch signals"))?;
    let mut output = Output::new(matches, &topology);
    let watching = Watching::new(&topology, secrets.as_ref(), random);
    let mut watching = watching.map_err(cannot("watch"))?;
    loop {
        while let Some(event) = watching.poll_event() {
            output.take(&event);
            if output.text.len() > LIMITS.client_read && !output.print()? {
                return Ok(());
            }
        }
        let wait = output.say_skipped();
        // The reader has gone (`herd watch | head -1`), and has read enough.
        if !output.print()? {
            return Ok(());
        }
        output.check()?;
        watching.wait(wait).map_err(cannot("watch"))?;
    }
}

/// Leaves the servers that are named, or all that can be watched.
fn choose(matches: &Matches, topology: &mut Topology) -> Result<(), Failure> {
    let names = matches.free.iter();
    let found = names.map(|name| options::find(matches, topology, name));
    let chosen = found.collect::<Result<Vec<usize>, Failure>>()?;
    let servers = std::mem::take(&mut topology.servers).into_iter();
    let is_chosen = |place: &usize| chosen.is_empty() || chosen.contains(place);
    let left = servers.enumerate().filter(|(place, _)| is_chosen(place));
    let left = left.map(|(_, server)| server);
    topology.servers = left.filter(|server| !server.is_plain()).collect();
    topology.links.clear();
    match topology.servers.is_empty() {
        false => Ok(()),
        true => Err(Wrong(
            "all servers of the topology are plain, so other programs run them; give one of them \
             servers=PORT"
                .to_string(),
        )),
    }
}

impl<'a> Output<'a> {
    fn new(matches: &Matches, topology: &'a Topology) -> Output<'a> {
        let count = topology.servers.len();
        let screen = Screen::here();
        Output {
            topology,
            form: Form::new(topology, matches.opt_present("json"), screen),
            pattern: matches.opt_str("client").map(String::into_bytes),
            clock: Clock::start(),
            text: String::new(),
            skipped: vec![0; count],
            said: Mono(0),
            down: vec![None; count],
            has_begun: false,
        }
    }

    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Change { report, .. } => {
                let pattern = self.pattern.as_ref();
                if pattern.is_some_and(|it| !pattern::matches(it, report.client)) {
                    return;
                }
            }
            Event::Skipped { server, count } => {
                self.skipped[*server] += count;
                return;
            }
            Event::Up { server, .. } => {
                self.has_begun = true;
                self.down[*server] = None;
            }
            Event::Down {
                server,
                why,
                is_locked,
            } => {
                self.down[*server] = Some((why.clone(), *is_locked));
                // Until one is watched, the end will say why none is.
                if !self.has_begun && self.down.iter().all(Option::is_some) {
                    return;
                }
            }
        }
        self.push(event);
    }

    fn push(&mut self, event: &Event<'_>) {
        let time = self.clock.set().wall.to_string();
        self.text += &self.form.line(event, &time, self.topology);
    }

    /// Says what was left out, at most once a second. Returns how long that has to wait.
    fn say_skipped(&mut self) -> Option<u64> {
        self.skipped.iter().any(|count| *count > 0).then_some(())?;
        let age = self.clock.mono().since(self.said);
        if self.said != Mono(0) && age < SECOND {
            return Some(SECOND - age);
        }
        self.said = self.clock.mono();
        for server in 0..self.skipped.len() {
            let count = std::mem::take(&mut self.skipped[server]);
            if count > 0 {
                self.push(&Event::Skipped { server, count });
            }
        }
        None
    }

    /// Prints what there is, and waits for the reader. False: it has gone.
    fn print(&mut self) -> Result<bool, Failure> {
        let outcome = print_bytes(self.text.as_bytes());
        self.text.clear();
        Ok(outcome?)
    }

    /// An error if no server can be watched, and none ever was.
    fn check(&self) -> Result<(), Failure> {
        let down: Vec<&(String, bool)> = self.down.iter().flatten().collect();
        if self.has_begun || down.len() < self.down.len() {
            return Ok(());
        }
        let names = self.topology.servers.iter().map(|it| &it.name);
        let whys = match down.iter().all(|it| it.0 == down[0].0) {
            true => down[0].0.clone(),
            false => {
                let both = names.zip(&down);
                let whys: Vec<String> =
                    both.map(|(name, it)| format!("{name}: {}", it.0)).collect();
                whys.join("; ")
            }
        };
        let what = format!("no server can be watched: {whys}");
        match down.iter().all(|(_, is_locked)| *is_locked) {
            true => Err(Wrong(what)),
            false => Err(Failed(what)),
        }
    }
}
