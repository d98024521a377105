//! The loop of `herd up`: act → wait → observe, as in a server, over the pipes of its children,
//! the signals, the lines that a person types, and a few deadlines.
//!
//! A pipe with something to read is on the ready list until a read finds nothing more: no new edge
//! would come to say so. So is the terminal. A turn reads each of them once, so a child that talks
//! without end delays the others by one read.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::mem;
use std::process::Command;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::change::Change;
use super::child::{Child, Stream};
use super::typed::Typed;
use crate::buffers::Timers;
use crate::limits::LIMITS;
use crate::reactor::{Clock, REOPEN, REREAD, Signals, wait};
use crate::units::Mono;

const SIGNALS: Token = Token(usize::MAX);
const TYPED: Token = Token(usize::MAX - 1);

/// All children, in the order in which they were started.
pub struct Children {
    children: Vec<Child>,
    poll: Poll,
    events: Events,
    clock: Clock,
    timers: Timers<UpTimer>,
    signals: Signals,
    typed: Option<Typed>,
    /// The ready list: tokens of pipes.
    ready: BTreeSet<usize>,
    /// Changes that [`Children::next`] has not returned yet.
    changes: VecDeque<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum UpTimer {
    /// All doors should be open.
    Start,
    /// This child has ended; something else may hold its standard error open.
    LastWords(usize),
    /// It is time to look at the logs.
    Look,
    /// Most herds have ended.
    Moment,
    /// All children should have ended.
    End,
}

impl Children {
    /// Starts one child per command; `None` is a member that is not ours to start. A child that
    /// cannot be started is among them and ends at once.
    ///
    /// # Errors
    /// When the poll or the signals cannot be had; then none is started.
    pub fn start(
        commands: impl Iterator<Item = Option<Command>>,
        mut signals: Signals,
    ) -> io::Result<Children> {
        let poll = Poll::new()?;
        signals.watch(poll.registry(), SIGNALS)?;
        let registry = poll.registry();
        let children = commands.enumerate();
        let children = children.map(|(place, it)| match it {
            Some(command) => Child::start(command, registry, tokens(place)),
            None => Ok(Child::absent()),
        });
        let children = children.collect::<io::Result<Vec<Child>>>()?;
        let clock = Clock::start();
        let mut timers = Timers::default();
        timers.set(UpTimer::Start, clock.mono() + LIMITS.up_start);
        let mut all = Children {
            children,
            poll,
            events: Events::with_capacity(LIMITS.poll_events),
            clock,
            timers,
            signals,
            typed: None,
            ready: BTreeSet::new(),
            changes: VecDeque::new(),
        };
        for place in 0..all.children.len() {
            all.look_for_end(place);
        }
        Ok(all)
    }

    /// Starts another child in the place of one that has ended.
    ///
    /// # Errors
    /// When its pipes cannot be watched; it ends by itself.
    pub fn start_again(&mut self, place: usize, command: Command) -> io::Result<()> {
        self.children[place] = Child::start(command, self.poll.registry(), tokens(place))?;
        self.look_for_end(place);
        Ok(())
    }

    /// Reports lines that are typed on standard input from now on. False: it is no terminal.
    pub fn listen_to_typing(&mut self) -> bool {
        self.typed = Typed::here().filter(|_| {
            let registry = self.poll.registry();
            let stdin = &mut SourceFd(&0);
            registry.register(stdin, TYPED, Interest::READABLE).is_ok()
        });
        self.typed.is_some()
    }

    /// Reports [`Change::Look`] after a moment.
    pub fn look_later(&mut self) {
        let at = self.clock.mono() + LIMITS.follow_gap;
        self.timers.set(UpTimer::Look, at);
    }

    /// Waits for the next change.
    ///
    /// # Errors
    /// When polling fails.
    pub fn next(&mut self) -> io::Result<Change> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Ok(change);
            }
            self.turn()?;
        }
    }

    /// Asks all children to end and waits until they have. It kills those that take too long, or
    /// all if a signal asks once more, and returns their places. It reports
    /// [`Change::StillRunning`] if some do not end at once.
    pub fn end(mut self, mut report: impl FnMut(Change)) -> BTreeSet<usize> {
        self.children.iter_mut().for_each(Child::close_stdin);
        let now = self.clock.mono();
        self.timers.set(UpTimer::Moment, now + LIMITS.up_moment);
        self.timers.set(UpTimer::End, now + LIMITS.up_end);
        let mut killed = BTreeSet::new();
        while self.children.iter().any(Child::is_running) {
            let failed = self.turn().is_err();
            let mut is_over = failed;
            for change in mem::take(&mut self.changes) {
                match change {
                    Change::EndNow => is_over = true,
                    it @ Change::StillRunning(_) => report(it),
                    _ => {}
                }
            }
            if !is_over {
                continue;
            }
            for (place, child) in self.children.iter_mut().enumerate() {
                // Without a poll, this is how its end is seen.
                child.reap();
                if child.is_running() && killed.insert(place) {
                    child.kill();
                }
            }
        }
        killed
    }

    /// One turn of the loop. It leaves news in `changes`.
    fn turn(&mut self) -> io::Result<()> {
        // It does not wait while a pipe is on the ready list.
        let timeout = match self.ready.is_empty() {
            true => self.timers.next().map(|at| at.since(self.clock.mono())),
            false => Some(0),
        };
        wait(&mut self.poll, &mut self.events, timeout)?;
        let mut signalled = false;
        for event in &self.events {
            match event.token() {
                SIGNALS => signalled = true,
                Token(pipe) => drop(self.ready.insert(pipe)),
            }
        }
        for pipe in mem::take(&mut self.ready) {
            self.hear(pipe);
        }
        let now = self.clock.mono();
        if signalled {
            self.take_signals(now);
        }
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                UpTimer::Start => self.changes.push_back(Change::Late),
                UpTimer::LastWords(place) => {
                    self.children[place].stop_hearing();
                    self.look_for_end(place);
                }
                UpTimer::Look => self.changes.push_back(Change::Look),
                UpTimer::Moment => {
                    let all = self.children.iter().enumerate();
                    let running = all
                        .filter(|(_, it)| it.is_running())
                        .map(|(place, _)| place);
                    self.changes
                        .push_back(Change::StillRunning(running.collect()));
                }
                UpTimer::End => self.changes.push_back(Change::EndNow),
            }
        }
        Ok(())
    }

    /// Reads once from a pipe, or from the terminal.
    fn hear(&mut self, pipe: usize) {
        if pipe == TYPED.0 {
            let changes = &mut self.changes;
            let each = |line| changes.push_back(Change::Typed(line));
            if self.typed.as_mut().is_some_and(|it| it.read(each)) {
                self.ready.insert(pipe);
            }
            return;
        }
        let (place, stream) = (pipe / 2, [Stream::Stdout, Stream::Stderr][pipe % 2]);
        let has_more = self.children[place].hear(stream, place, &mut self.changes);
        match has_more {
            true => drop(self.ready.insert(pipe)),
            false => self.look_for_end(place),
        }
    }

    /// Takes notice of all children that have ended: one SIGCHLD may be for several.
    fn reap(&mut self, now: Mono) {
        for place in 0..self.children.len() {
            if self.children[place].reap() {
                let late = UpTimer::LastWords(place);
                self.timers.set(late, now + LIMITS.last_words);
                self.look_for_end(place);
            }
        }
    }

    /// Reports a child's end once it is complete.
    fn look_for_end(&mut self, place: usize) {
        if let Some(reason) = self.children[place].take_end() {
            self.timers.stop(UpTimer::LastWords(place));
            self.changes.push_back(Change::Ended(place, reason));
        }
    }

    /// Does what signals ask for. Those about logs and links mean the servers.
    fn take_signals(&mut self, now: Mono) {
        self.signals.caught(now);
        let asked = mem::take(&mut self.signals.requests);
        if asked.reap {
            self.reap(now);
        }
        for (is_asked, byte) in [(asked.reopen, REOPEN), (asked.reload, REREAD)] {
            if is_asked {
                self.children.iter_mut().for_each(|it| it.signal(byte));
            }
        }
        if asked.end {
            self.changes.push_back(match self.signals.forced_exit {
                true => Change::EndNow,
                false => Change::EndAsked,
            });
        }
    }
}

/// The tokens of a child's two outputs.
fn tokens(place: usize) -> [Token; 2] {
    [Token(2 * place), Token(2 * place + 1)]
}
