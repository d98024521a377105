//! The event loop: **act → wait → observe**.
//!
//! Set [`EventLoop::turn`] beside `BaseEventLoop._run_once` in CPython's `asyncio/base_events.py`,
//! which does the same three things in the order wait, observe, act.
//!
//! - *act*: the node says what to do, until there is nothing: at most one write per connection,
//!   links before clients, and between them one to the journal.
//! - *wait*: the only place where the loop sleeps, until the next deadline of the node or the
//!   shell; not at all while a connection has work.
//! - *observe*: events only set flags (rule 2); then connections with work are served once, links
//!   before clients (rules 3 and 9), each at most one write and one read (rule 4).
//!
//! Any error of a connection ends that connection only (rule 6): an error that `turn` returns is
//! the poll's own. In the steady state a turn allocates nothing, and its only system calls are
//! read, write and wait (rule 10).

use std::io;
use std::sync::Arc;

use mio::{Events, Poll, Waker};

use super::accept::{Listeners, addresses};
use super::clock::Clock;
use super::dial::{Dialler, Here};
use super::io::Sockets;
use super::journal::Journal;
use super::lookups::Lookups;
use super::metrics::Stopwatch;
use super::notify::Notifier;
use super::pool::Wake;
use super::setup::Setup;
use super::shell::{Shell, ShellTimer};
use super::signals::Signals;
use super::token;
use super::trace::Tracer;
use super::wait::wait;
use crate::buffers::Timers;
use crate::limits::LIMITS;
use crate::node::{Action, Door, Event};

/// One server, running.
pub struct EventLoop {
    shell: Shell,
    listeners: Listeners,
    dialler: Dialler,
    lookups: Lookups,
    journal: Option<Journal>,
    signals: Signals,
    notifier: Notifier,
}

impl EventLoop {
    /// Puts the parts together. From here on SIGINT and SIGTERM are ours.
    ///
    /// # Errors
    /// When the poll, the workers or the signals cannot be had.
    pub fn new(setup: Setup) -> io::Result<EventLoop> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), token::WAKER)?;
        // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
        let wake: Wake = Arc::new(move || drop(waker.wake()));
        let here = Here {
            sources: setup.sources,
            doors: addresses(&setup.doors)?,
        };
        let mut listeners = Listeners::new(setup.doors, setup.clients_max, &poll)?;
        let mut signals = setup.signals;
        signals.watch(poll.registry(), token::SIGNALS)?;
        let clock = Clock::start();
        let traced = setup.turns.trace.is_some().then_some(clock);
        let tracer = setup
            .turns
            .trace
            .map(|file| Tracer::start(file, &clock, &wake));
        let tracer = tracer.transpose()?;
        let journal = setup
            .journal
            .map(|files| Journal::start(files, traced, &wake));
        let journal = journal.transpose()?;
        let lookups = Lookups::start(setup.places, traced, &wake)?;
        let dialler = Dialler::new(setup.links, setup.reload, here, &wake);
        listeners.set_neighbours(dialler.places.len());
        let watch = Stopwatch::new(clock, setup.turns.slow, traced.is_some());
        let now = watch.clock.now();
        let mut timers = Timers::default();
        timers.set(ShellTimer::LogCheck, now.mono + LIMITS.log_check);
        let shell = Shell {
            node: std::mem::ManuallyDrop::new(setup.node),
            sockets: Sockets::default(),
            poll,
            events: Events::with_capacity(LIMITS.poll_events),
            timers,
            watch,
            now,
            log: setup.log,
            tracer,
            wants_trace: false,
        };
        Ok(EventLoop {
            shell,
            listeners,
            dialler,
            lookups,
            journal,
            signals,
            notifier: setup.notifier,
        })
    }

    /// Runs until the process is to end. True: every reply that was owed is sent. False: a second
    /// signal ended it before that.
    ///
    /// # Errors
    /// When polling itself fails.
    pub fn run(mut self) -> io::Result<bool> {
        self.shell.tell(Event::Tick);
        if let Some(journal) = &mut self.journal {
            journal.look(&mut self.shell);
        }
        self.notifier.ready();
        let shell = &mut self.shell;
        self.notifier.alive(&mut shell.timers, shell.now.mono);
        while self.turn()? {}
        Ok(!self.signals.forced_exit)
    }

    /// One turn of the loop. False: it was the last.
    ///
    /// # Errors
    /// When polling itself fails.
    pub fn turn(&mut self) -> io::Result<bool> {
        let goes_on = self.act();
        self.shell.write_log();
        if goes_on {
            self.wait()?;
            self.observe();
        }
        Ok(goes_on)
    }

    /// Does what the node wants done, until it wants nothing. False: the process is to end.
    fn act(&mut self) -> bool {
        let mut goes_on = !self.signals.forced_exit;
        loop {
            while let Some(action) = self.shell.node.poll_action() {
                goes_on &= self.obey(action);
            }
            if self.lookups.hand_over(&mut self.shell) {
                return goes_on;
            }
        }
    }

    /// Does what the node wants done. False: the process is to end.
    fn obey(&mut self, action: Action) -> bool {
        let shell = &mut self.shell;
        match action {
            Action::Flush(conn) => shell.flush(conn),
            Action::Pause(conn) => shell.sockets.pause_reading(conn),
            Action::Resume(conn) => shell.sockets.resume_reading(conn),
            Action::Finish(conn) => shell.write_eof(conn),
            Action::Close(conn) => shell.sockets.close(conn),
            Action::Confirm(conn) => shell.confirm(conn),
            Action::Dial(peer) => self.dialler.dial(peer, shell),
            Action::LookUp(id, query) => self.lookups.ask(id, query, shell),
            Action::Forget(id) => self.lookups.forget(id),
            Action::Journal(task) => {
                if let Some(journal) = &mut self.journal {
                    journal.task(task, shell);
                }
            }
            Action::Stop => return false,
        }
        true
    }

    /// Waits for events, until the next deadline; not at all while a connection has work.
    fn wait(&mut self) -> io::Result<()> {
        let shell = &mut self.shell;
        if std::mem::take(&mut shell.sockets.has_closed) {
            self.listeners.descriptor_freed();
        }
        let asleep = shell.watch.clock.mono();
        shell.end_turn(asleep);
        let deadlines = [shell.node.poll_timeout(), shell.timers.next()];
        let deadline = match shell.sockets.ready.is_empty() && self.listeners.are_idle() {
            true => deadlines.into_iter().flatten().min(),
            false => Some(asleep),
        };
        let timeout = deadline.map(|at| at.since(asleep));
        wait(&mut shell.poll, &mut shell.events, timeout)?;
        shell.now = shell.watch.clock.set();
        shell.watch.wake(shell.now.mono);
        let files = self.journal.as_ref().map(|journal| &journal.files);
        shell.report_metrics(self.listeners.max[Door::Clients as usize], files);
        (self.shell.watch).begin_turn(self.shell.events.iter().count());
        Ok(())
    }

    /// Takes in what has happened: events set flags, then connections with work are served.
    fn observe(&mut self) {
        let mut published = false;
        for event in &self.shell.events {
            match event.token() {
                token::SERVERS_DOOR => self.listeners.event(Door::Servers),
                token::CLIENTS_DOOR => self.listeners.event(Door::Clients),
                token::WAKER => published = true,
                token::SIGNALS | token::STDIN => self.signals.event(event, self.shell.now.mono),
                token => self.shell.sockets.event(token::conn(token), event.into()),
            }
        }
        self.listeners.accept(&mut self.shell);
        self.serve_ready();
        if published {
            self.take_results();
        }
        self.obey_requests();
        self.tick();
    }

    /// Serves the connections that were on the ready list when the turn began (rule 3).
    fn serve_ready(&mut self) {
        self.shell.sockets.ready.begin_turn();
        while let Some(conn) = self.shell.sockets.ready.next() {
            if let Some(peer) = self.shell.serve(conn) {
                self.dialler.advance(peer, conn, &mut self.shell);
            }
        }
        self.shell.served();
    }

    /// Takes in what the workers have published before their wake (rule 8). The eventfd of the wake
    /// is never read: each write to it is an edge.
    fn take_results(&mut self) {
        self.lookups.take_results(&mut self.shell);
        if let Some(journal) = &mut self.journal {
            journal.take_results(&mut self.shell);
        }
        self.dialler.take_results(&mut self.shell);
        self.shell.tracer.iter_mut().for_each(Tracer::take_results);
    }

    /// Does what signals and standard input ask for.
    fn obey_requests(&mut self) {
        let requests = std::mem::take(&mut self.signals.requests);
        self.shell.wants_trace |= requests.reopen;
        if requests.reopen && self.shell.log.is_file() {
            if let Some(news) = self.shell.log.reopen() {
                log::warn!("{news}");
            }
            if self.shell.log.state().0.is_none() {
                log::info!("the log is reopened");
            }
        }
        if requests.reload && !self.listeners.are_closed() {
            self.notifier.reloading();
            self.dialler.reload(&mut self.shell);
            self.listeners.set_neighbours(self.dialler.places.len());
            self.notifier.ready();
        }
        if requests.end {
            self.notifier.stopping();
            self.listeners.close();
            self.shell.tell(Event::Shutdown);
        }
    }

    /// Deadlines come last: what a neighbour said while we slept counts before its silence.
    fn tick(&mut self) {
        let now = self.shell.now.mono;
        while let Some(timer) = self.shell.timers.expired(now) {
            match timer {
                ShellTimer::Accept => self.listeners.on_timer(),
                ShellTimer::Watchdog => self.notifier.alive(&mut self.shell.timers, now),
                ShellTimer::Dial(peer) => self.dialler.on_timer(peer, &mut self.shell),
                ShellTimer::LogCheck | ShellTimer::LogRetry => {
                    if let Some(news) = self.shell.log.check() {
                        log::warn!("{news}");
                    }
                    let next = now + LIMITS.log_check;
                    self.shell.timers.set(ShellTimer::LogCheck, next);
                }
                ShellTimer::JournalLook => {
                    if let Some(journal) = &mut self.journal {
                        journal.look(&mut self.shell);
                    }
                }
            }
        }
        self.shell.tell(Event::Tick);
    }
}

/// However the loop ends, even by a panic, its last lines and turns are written.
impl Drop for EventLoop {
    fn drop(&mut self) {
        self.shell.end();
    }
}
