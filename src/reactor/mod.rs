//! The mio shell: it owns the sockets, moves bytes and reports facts. It never looks inside a
//! line; every decision is the [`Node`]'s.
//!
//! [`EventLoop::turn`] is the whole story: **act → wait → observe**. Set it beside
//! `BaseEventLoop._run_once` in CPython's `asyncio/base_events.py`, which does the same three
//! things in the order wait, observe, act.
//!
//! - *act*: the node says what to do, until there is nothing: at most one write per connection,
//!   links before clients, and between them one to the journal.
//! - *wait*: `poll`, until the node's next deadline; not at all while somebody is ready.
//! - *observe*: events only set flags; then whoever has work stands on the ready list once, and
//!   those that stood there at its start are served, links before clients, each at most one read
//!   and one write. Whoever has more goes back on the list: no new edge will come to say so.
//!
//! A connection is registered once, for reading and writing, and never again: one `epoll_ctl` for
//! its whole life. Closing its descriptor takes it out of the poll (epoll(7)).
//!
//! Any error of a connection ends that connection only; an error that `turn` returns is the
//! poll's own.

mod account;
mod clock;
mod conn;
mod conns;
mod dial;
mod door;
mod journal;
mod pool;
mod ready;
mod relink;
mod serve;
mod signals;
mod token;
mod work;

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, Waker};

pub use clock::Clock;
pub use conn::{Conn, ReadOutcome};
pub use dial::{Target, connect, outcome};
pub use door::Door;
pub use relink::{Link, Reload};
pub use signals::{REOPEN, REREAD, Signals, Terminal};

use crate::journal::JournalFiles;
use crate::limits::{Limit, Limits};
use crate::logging::Log;
use crate::node::{Action, Event, LookupError, Node};
use crate::places::Provider;
use crate::units::{Mono, Now};
use account::{Ledger, Phase};
use conns::{Conns, Kind};
use dial::{Attempt, Resolver};
use journal::Journal;
use pool::Pool;
use ready::Ready;
use signals::{Asked, Stdin};
use work::{Looker, Lookup};

/// What bounds the loop.
const LIMITS: Limits = Limits::PRODUCT;

/// What an event loop is made of.
pub struct Setup {
    /// The server; it knows what its journal held.
    pub node: Node,
    /// The files of its journal, if it has one.
    pub journal: Option<JournalFiles>,
    /// Where clients come in.
    pub clients: Door,
    /// Where neighbours come in.
    pub servers: Door,
    /// The node's neighbours, in its order, and where each is dialled.
    pub links: Vec<Link>,
    /// Reads both again, at SIGHUP.
    pub reread: Reload,
    /// Our own address, by which the neighbours know us, if it is not a name.
    pub source: Option<IpAddr>,
    /// At most so many clients at once. One more is closed as soon as it comes, so that the links
    /// and the log always have descriptors.
    pub clients_max: usize,
    /// Who knows what is near.
    pub places: Arc<dyn Provider>,
    /// End when standard input does.
    pub until_eof: bool,
    /// Those that have come already, too.
    pub signals: Signals,
    /// Where the log goes; written once per turn.
    pub log: Log,
}

/// One server, running.
pub struct EventLoop {
    poll: Poll,
    events: Events,
    clock: Clock,
    now: Now,
    ledger: Ledger,
    node: Node,
    conns: Conns,
    clients_max: usize,
    /// None: the process is ending.
    doors: Option<[Door; 2]>,
    /// By door: until when it is not noted again that somebody was turned away.
    crowded: [Mono; 2],
    /// The last visitor could not come in, and that is noted.
    no_room: bool,
    /// When to look at the doors again, after there was no room.
    doors_retry: Option<Mono>,
    ready: Ready,
    /// By the place of a neighbour; none: nobody has it.
    links: Vec<Option<Link>>,
    reread: Reload,
    attempts: Vec<Attempt>,
    source: Option<IpAddr>,
    lookups: Pool<Looker>,
    resolver: Option<Pool<Resolver>>,
    waker: Arc<Waker>,
    stdin: Option<Stdin>,
    journal: Option<Journal>,
    signals: Signals,
    /// A second signal does not let us give what is owed.
    cut_short: bool,
    /// All connections are read into it, one after the other.
    buffer: Box<[u8]>,
    log: Log,
    stopped: bool,
}

impl EventLoop {
    /// Puts the parts together. From here on SIGINT and SIGTERM are ours.
    ///
    /// # Errors
    /// When the poll, the workers or the signals cannot be had.
    pub fn new(setup: Setup) -> io::Result<EventLoop> {
        let Setup {
            node,
            mut clients,
            mut servers,
            links,
            mut signals,
            ..
        } = setup;
        let poll = Poll::new()?;
        let registry = poll.registry();
        registry.register(
            &mut clients.listener,
            token::CLIENTS_DOOR,
            Interest::READABLE,
        )?;
        registry.register(
            &mut servers.listener,
            token::SERVERS_DOOR,
            Interest::READABLE,
        )?;
        signals.watch(registry)?;
        let stdin = match setup.until_eof {
            true => Some(Stdin::watch(registry).map_err(|_| {
                io::Error::other("standard input cannot be watched for its end; make it a pipe")
            })?),
            false => None,
        };
        let waker = Arc::new(Waker::new(registry, token::WAKER)?);
        let looker = Looker(setup.places);
        let (workers, queue) = (LIMITS.workers, LIMITS.lookups_queued);
        let lookups = Pool::start("places", workers, queue, looker, wake(&waker))?;
        let is_name = |link: &Link| matches!(link.1, Target::Name(..));
        let resolver = match links.iter().any(is_name) {
            true => Some(relink::start_resolver(&waker)?),
            false => None,
        };
        let journal = match setup.journal {
            Some(files) => Some(Journal::start(files, wake(&waker))?),
            None => None,
        };
        let clock = Clock::start();
        let now = clock.now();
        Ok(EventLoop {
            poll,
            events: Events::with_capacity(LIMITS.events),
            now,
            clock,
            ledger: Ledger::new(now.wall),
            node,
            conns: Conns::default(),
            clients_max: setup.clients_max,
            doors: Some([servers, clients]),
            crowded: [Mono(0); 2],
            no_room: false,
            doors_retry: None,
            ready: Ready::default(),
            attempts: links.iter().map(|_| Attempt::default()).collect(),
            links: links.into_iter().map(Some).collect(),
            reread: setup.reread,
            source: setup.source,
            lookups,
            resolver,
            waker,
            stdin,
            journal,
            signals,
            cut_short: false,
            buffer: vec![0; LIMITS.link_read].into_boxed_slice(),
            log: setup.log,
            stopped: false,
        })
    }

    /// Runs until the process is to end. True: everything that was owed is given. False: a second
    /// signal ended it before that.
    ///
    /// # Errors
    /// When polling itself fails.
    pub fn run(mut self) -> io::Result<bool> {
        self.tick();
        self.tell_journal(None);
        while self.turn()? {}
        Ok(!self.cut_short)
    }

    /// One turn of the loop. False: it was the last.
    ///
    /// # Errors
    /// When polling itself fails.
    pub fn turn(&mut self) -> io::Result<bool> {
        self.act();
        self.write_log();
        if self.stopped {
            return Ok(false);
        }
        self.wait()?;
        self.observe();
        Ok(true)
    }

    /// Does what the node wants done, until it wants nothing.
    fn act(&mut self) {
        while let Some(action) = self.node.poll_action() {
            match action {
                Action::Flush(conn) => self.write(conn),
                Action::Pause(conn) => self.pause(conn, true),
                Action::Resume(conn) => self.pause(conn, false),
                Action::Finish(conn) => self.finish(conn),
                Action::Close(conn) => self.remove(conn),
                Action::Dial(peer) => self.dial(peer),
                Action::LookUp(id, query) => {
                    if self.lookups.submit(Lookup { id, query }).is_err() {
                        self.node.hit(Limit::lookups_queued);
                        let answer = Err(LookupError::Busy);
                        self.node.handle(self.now, Event::LookedUp { id, answer });
                    }
                }
                Action::Forget(id) => self.lookups.forget(|job| job.id == id),
                Action::Journal(task) => self.journal_task(task),
                Action::Stop => self.stopped = true,
            }
        }
    }

    /// Waits for events, until the next deadline; not at all while somebody is ready.
    fn wait(&mut self) -> io::Result<()> {
        let deadline = match self.ready.is_empty() {
            true => [
                self.node.poll_timeout(),
                self.doors_retry,
                self.log.next_try(),
            ]
            .into_iter()
            .flatten()
            .min(),
            false => Some(self.now.mono),
        };
        let asleep = self.clock.mono();
        self.ledger.sleeps(asleep);
        let timeout = deadline.map(|at| Duration::from_nanos(at.since(asleep)));
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            other => other?,
        }
        self.now = self.clock.set();
        self.account();
        self.ledger.wakes(self.now.mono, self.events.iter().count());
        Ok(())
    }

    /// Takes in what has happened: events set flags, then those with work are served.
    fn observe(&mut self) {
        let (mut woken, mut signalled) = (false, false);
        let (mut passed_on, mut orphaned) = (false, false);
        for event in &self.events {
            let ending = event.is_read_closed() || event.is_error();
            match event.token() {
                token::SERVERS_DOOR => self.ready.servers_door = true,
                token::CLIENTS_DOOR => self.ready.clients_door = true,
                token::WAKER => woken = true,
                token::SIGNALS => signalled = true,
                token::STDIN => {
                    orphaned |= ending;
                    passed_on |= event.is_readable();
                }
                Token(_) => {
                    let id = token::conn(event.token());
                    // None: an event of the same batch that comes after its close (mio #219).
                    let Some(entry) = self.conns.get(id) else {
                        continue;
                    };
                    entry
                        .conn
                        .event(event.is_readable(), event.is_writable(), ending);
                    self.ready.list(entry);
                }
            }
        }
        self.take_in_visitors();
        self.serve_ready();
        if woken {
            self.take_results();
        }
        if signalled {
            let asked = self.signals.take(self.now.mono);
            self.obey(asked);
        }
        if let Some(stdin) = self.stdin.as_mut().filter(|_| passed_on && !orphaned) {
            let asked = stdin.take();
            self.obey(asked);
        }
        if orphaned {
            self.shut_down();
        }
        self.tick();
    }

    /// Deadlines go off last: what a neighbour said while we slept counts before its silence.
    fn tick(&mut self) {
        self.node.handle(self.now, Event::Tick);
    }

    /// Does what signals ask for.
    fn obey(&mut self, asked: Asked) {
        if asked.reopen {
            if let Some(news) = self.log.reopen() {
                log::warn!("{news}");
            }
            if self.log.state().trouble.is_none() {
                log::info!("the log is begun anew");
            }
        }
        if asked.reread {
            self.reread();
        }
        if asked.end {
            self.shut_down();
            self.cut_short = asked.end_now;
            self.stopped |= self.cut_short;
        }
    }

    /// The doors close at once; the node gives what it owes.
    fn shut_down(&mut self) {
        self.doors = None;
        self.doors_retry = None;
        self.node.handle(self.now, Event::Shutdown);
    }

    /// Writes the log of this turn. A log that cannot be written must not stop the herd.
    fn write_log(&mut self) {
        self.ledger.enter(Phase::Log, || self.clock.mono());
        let notes = self.node.log_text();
        if !notes.is_empty() {
            // It never fails.
            let _ = self.log.write_all(notes.as_bytes());
            self.node.clear_log();
        }
        if let Some(news) = self.log.turn(self.now.mono) {
            log::warn!("{news}");
            log::logger().flush();
        }
        self.ledger.enter(Phase::Node, || self.clock.mono());
    }
}

/// How a worker says that there is a result.
fn wake(waker: &Arc<Waker>) -> impl Fn() + Clone + Send + Sync + 'static {
    let waker = Arc::clone(waker);
    // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
    move || drop(waker.wake())
}

/// Whatever ends the loop, a panic too, its last lines are written.
impl Drop for EventLoop {
    fn drop(&mut self) {
        self.write_log();
        log::logger().flush();
    }
}
