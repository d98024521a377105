//! The processes of `herd up`, one per server: started, watched, and ended without leftovers.
//!
//! This is a supervisor, not the loop: a few threads that block, and one channel. A thread reads
//! each pipe, one waits for each kind of signal, one per deadline sleeps; each says what it saw
//! as an [`Event`], and [`Children::next`] makes the few [`Change`]s of them that matter. No
//! thread is ever joined, so none can keep the program from exiting.
//!
//! A child ends when its standard input ends. We hold the other end, and the kernel closes it
//! when we are gone, however that comes; so nothing is left running even after a SIGKILL.

use super::alarms::{after, on_signals};
use crate::limits::Limits;
use crate::reactor::{REOPEN, REREAD, Terminal};
use memchr::memchr;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::low_level::signal_name;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How long a herd may take to open its doors before we say who has not.
const START_MAX: Duration = Duration::from_nanos(Limits::PRODUCT.up_start);
/// How long a child may take to end.
const END_MAX: Duration = Duration::from_nanos(Limits::PRODUCT.up_end);
/// How long we wait for the last words of a child that has ended.
const LAST_WORDS_MAX: Duration = Duration::from_nanos(Limits::PRODUCT.last_words);
/// How a line of a child begins that is not its last.
const WARNING: &str = "herd: warning: ";
/// Bytes of a child's line that are kept.
const LINE_BYTES_MAX: usize = Limits::PRODUCT.child_line;
/// Events that wait to be looked at; who has more to say waits as well.
const EVENTS_MAX: usize = Limits::PRODUCT.child_events;

/// All processes of the herd, in the order in which they were started.
pub(super) struct Children {
    members: Vec<Member>,
    events: Receiver<Event>,
    /// Kept so that the channel never closes, and for deadlines.
    sender: SyncSender<Event>,
}

/// What became of a child, by its place among them; or of us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Its doors are open.
    Opened(usize),
    /// It has ended, for this reason.
    Ended(usize, String),
    /// It goes on, but somebody should know this.
    Warned(usize, String),
    /// [`START_MAX`] is over.
    Late,
    /// A signal asks us to end.
    Asked,
}

/// How far a child has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has not said yet that its doors are open.
    Starting,
    /// Its doors are open.
    Open,
    /// It is gone.
    Ended,
}

struct Member {
    state: State,
    /// None if it could not even be started.
    process: Option<Child>,
    exit: Option<ExitStatus>,
    /// The last line on its standard error, once that has ended.
    last_words: Option<Option<String>>,
}

enum Event {
    FirstLine(usize),
    Warned(usize, String),
    Pass(u8),
    LastWords(usize, Option<String>),
    LastWordsLate(usize),
    SomeChildEnded,
    Asked,
    StartLate,
    EndLate,
}

impl Children {
    /// Starts one child per command. One that cannot be started is among them, and ends at once;
    /// an error means that none was started.
    pub(super) fn start(commands: impl Iterator<Item = Command>) -> io::Result<Children> {
        let (sender, events) = sync_channel(EVENTS_MAX);
        let gap = Duration::from_nanos(Limits::PRODUCT.signals_gap);
        on_signals(&[SIGCHLD], Duration::ZERO, &sender, || {
            Event::SomeChildEnded
        })?;
        on_signals(&[SIGINT, SIGTERM], gap, &sender, || Event::Asked)?;
        let terminal = Terminal::look();
        // A terminal that closes asks us to end; kill -HUP means the servers.
        on_signals(&[SIGHUP], gap, &sender, move || match terminal.has_gone() {
            true => Event::Asked,
            false => Event::Pass(REREAD),
        })?;
        on_signals(&[SIGUSR1], gap, &sender, || Event::Pass(REOPEN))?;
        after(START_MAX, &sender, Event::StartLate)?;
        let members = commands
            .enumerate()
            .map(|(index, command)| start_one(index, command, &sender))
            .collect();
        Ok(Children {
            members,
            events,
            sender,
        })
    }

    /// Waits for the next change.
    pub(super) fn next(&mut self) -> Change {
        loop {
            if let Some(ended) = self.bury() {
                return ended;
            }
            match self.events.recv() {
                Ok(Event::FirstLine(index)) if self.members[index].state == State::Starting => {
                    self.members[index].state = State::Open;
                    return Change::Opened(index);
                }
                Ok(Event::LastWords(index, words)) => self.members[index].last_words = Some(words),
                Ok(Event::LastWordsLate(index)) => {
                    self.members[index].last_words.get_or_insert(None);
                }
                Ok(Event::SomeChildEnded) => self.reap(),
                Ok(Event::Pass(signal)) => self.pass(signal),
                Ok(Event::Warned(index, what)) => return Change::Warned(index, what),
                Ok(Event::StartLate) => return Change::Late,
                Ok(Event::Asked) => return Change::Asked,
                Ok(Event::FirstLine(_) | Event::EndLate) => {}
                // Never, since we hold a sender; but without events there is nothing to wait for.
                Err(_) => return Change::Asked,
            }
        }
    }

    /// Passes a signal on, as the byte that stands for it on a server's standard input: that
    /// reaches our children only, and needs no system call that the standard library lacks.
    fn pass(&mut self, signal: u8) {
        for process in self.members.iter_mut().flat_map(|m| &mut m.process) {
            if let Some(stdin) = &mut process.stdin {
                // One that has ended needs none.
                let _ = stdin.write_all(&[signal]);
            }
        }
    }

    /// How far the child at `index` has come.
    pub(super) fn state(&self, index: usize) -> State {
        self.members[index].state
    }

    /// The states of all.
    pub(super) fn states(&self) -> impl Iterator<Item = State> {
        self.members.iter().map(|member| member.state)
    }

    /// Its process id, if it was started.
    pub(super) fn pid(&self, index: usize) -> Option<u32> {
        self.members[index].process.as_ref().map(Child::id)
    }

    /// Ends all that still run and waits until they have. Who takes too long, or all if a signal
    /// asks once more, are killed; says who was, by place.
    pub(super) fn end(mut self) -> Vec<usize> {
        for process in self.members.iter_mut().flat_map(|m| &mut m.process) {
            drop(process.stdin.take());
        }
        // Without a thread to measure the time there is none to give.
        let mut kill = after(END_MAX, &self.sender, Event::EndLate).is_err();
        let mut killed = Vec::new();
        loop {
            self.reap();
            let running = |member: &Member| member.process.is_some() && member.exit.is_none();
            if !self.members.iter().any(running) {
                return killed;
            }
            if kill {
                for (index, member) in self.members.iter_mut().enumerate() {
                    if running(member) && !killed.contains(&index) {
                        killed.push(index);
                        // It can only fail if the child ended meanwhile, which is as good.
                        let _ = member.process.as_mut().map(Child::kill);
                    }
                }
            }
            kill |= matches!(
                self.events.recv(),
                Ok(Event::Asked | Event::EndLate) | Err(_)
            );
        }
    }

    /// Takes notice of all who have ended. One SIGCHLD may stand for many.
    fn reap(&mut self) {
        for (index, member) in self.members.iter_mut().enumerate() {
            let Some(process) = member.process.as_mut().filter(|_| member.exit.is_none()) else {
                continue;
            };
            if let Ok(Some(status)) = process.try_wait() {
                member.exit = Some(status);
                let late = Event::LastWordsLate(index);
                if member.last_words.is_none() && after(LAST_WORDS_MAX, &self.sender, late).is_err()
                {
                    member.last_words = Some(None);
                }
            }
        }
    }

    /// One who has ended and of whom that has not been told.
    fn bury(&mut self) -> Option<Change> {
        self.members
            .iter_mut()
            .enumerate()
            .find_map(|(index, member)| {
                let gone = member.process.is_none() || member.exit.is_some();
                if member.state == State::Ended || !gone {
                    return None;
                }
                let words = member.last_words.take()?;
                member.state = State::Ended;
                Some(Change::Ended(index, reason(member.exit, words)))
            })
    }
}

/// Why a child ended: a signal by its name, else its last words, else its exit status.
fn reason(exit: Option<ExitStatus>, words: Option<String>) -> String {
    let signal = exit.and_then(|status| status.signal());
    match (signal, words, exit.and_then(|status| status.code())) {
        (Some(signal), ..) => match signal_name(signal) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {signal}"),
        },
        (None, Some(words), _) => match words.strip_prefix("herd: ") {
            Some(words) => words.to_string(),
            None => words,
        },
        (None, None, Some(code)) => format!("exit status {code}"),
        (None, None, None) => "no reason known".to_string(),
    }
}

fn start_one(index: usize, mut command: Command, sender: &SyncSender<Event>) -> Member {
    // Its own process group: Ctrl-C of the terminal reaches only us, and we end the children.
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut member = Member {
        state: State::Starting,
        process: None,
        exit: None,
        last_words: None,
    };
    match command.spawn() {
        Err(error) => member.last_words = Some(Some(format!("cannot be started ({error})"))),
        Ok(mut process) => {
            if let Err(error) = listen(index, &mut process, sender) {
                // Unheard it would be of no use; and it has not done anything yet.
                let _ = process.kill();
                member.exit = process.wait().ok();
                member.last_words = Some(Some(format!("cannot be watched ({error})")));
            } else {
                member.process = Some(process);
            }
        }
    }
    member
}

/// Reads what a child says, to the end, so that it never waits for a full pipe.
fn listen(index: usize, process: &mut Child, sender: &SyncSender<Event>) -> io::Result<()> {
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let (on_stdout, on_stderr) = (sender.clone(), sender.clone());
    thread::Builder::new().spawn(move || {
        let mut first = Some(Event::FirstLine(index));
        for_each_line(stdout, |_| {
            if let Some(event) = first.take() {
                let _ = on_stdout.send(event);
            }
        });
    })?;
    thread::Builder::new().spawn(move || {
        let mut last = None;
        for_each_line(stderr, |line| {
            if let Some(warning) = line.strip_prefix(WARNING) {
                let _ = on_stderr.send(Event::Warned(index, warning.to_string()));
                return;
            }
            // What follows a panic's text is advice for the programmer.
            if !line.trim().is_empty() && !line.starts_with("note: ") {
                last = Some(line);
            }
        });
        let _ = on_stderr.send(Event::LastWords(index, last));
    })?;
    Ok(())
}

/// Calls `each` with every line of `from`, cut to [`LINE_BYTES_MAX`], until that ends.
fn for_each_line(from: Option<impl Read>, mut each: impl FnMut(String)) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        let chunk = match from.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let end = memchr(b'\n', chunk);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        line.extend(part.iter().take(LINE_BYTES_MAX - line.len()));
        let used = end.map_or(chunk.len(), |end| end + 1);
        from.consume(used);
        if end.is_some() {
            each(String::from_utf8_lossy(&line).into_owned());
            line.clear();
        }
    }
    if !line.is_empty() {
        each(String::from_utf8_lossy(&line).into_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_the_last_needs_no_end() {
        let endless = "x".repeat(3 * LINE_BYTES_MAX);
        let text = format!("a\n\n{endless}\n{endless}y\n\u{fffd}z");
        let mut lines = Vec::new();
        for_each_line(Some(text.as_bytes()), |line| lines.push(line));
        let cut = &endless[..LINE_BYTES_MAX];
        assert_eq!(lines, ["a", "", cut, cut, "\u{fffd}z"]);
    }

    #[test]
    fn an_end_has_one_reason() {
        let exit = |wait| Some(ExitStatus::from_raw(wait));
        let words = || Some("herd: port taken".to_string());
        assert_eq!(reason(exit(9), words()), "killed by SIGKILL");
        assert_eq!(reason(exit(64), None), "killed by signal 64");
        assert_eq!(reason(exit(1 << 8), words()), "port taken");
        assert_eq!(reason(exit(3 << 8), None), "exit status 3");
        assert_eq!(
            reason(None, Some("cannot be started".into())),
            "cannot be started"
        );
    }
}
