//! The mio shell: it owns the sockets, moves bytes and reports facts. It never looks inside a
//! line; every decision is the [`Node`]'s.
//!
//! [`EventLoop::turn`] is the whole story: **act → wait → observe**. Set it beside
//! `BaseEventLoop._run_once` in CPython's `asyncio/base_events.py`, which does the same three
//! things in the order wait, observe, act.
//!
//! - *act*: the node says what to do, until there is nothing: at most one write per connection,
//!   links before clients.
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

mod clock;
mod conn;
mod conns;
mod dial;
mod door;
mod ending;
mod pool;
mod ready;
mod serve;
mod token;
mod work;

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, Waker};

pub use clock::Clock;
pub use conn::{Conn, Got};
pub use dial::{Target, connect, outcome};
pub use door::Door;
pub use ending::SIGNALS_GAP;

use crate::node::{Action, Config, Event, LookupError, Node};
use crate::places::Provider;
use crate::units::{MILLISECOND, Mono, Now, SECOND};
use conns::{Conns, Kind};
use dial::{Attempt, Resolver};
use ending::{Asked, Signals};
use pool::Pool;
use ready::Ready;
use work::{Looker, Lookup};

/// Events that one wait returns at most. What does not fit comes with the next.
const EVENTS_MAX: usize = 1024;
/// One read of a link, in bytes, and the size of the buffer that all connections share.
const LINK_READ_MAX: usize = 64 << 10;
/// One read of a client, in bytes: some 200 IAMATs, so that who sends as fast as it can delays
/// the others by that much and no more.
const CLIENT_READ_MAX: usize = 16 << 10;
/// Visitors that one turn takes in at a door.
const VISITORS_MAX: usize = 256;
/// Connections at the servers' door beyond two of each neighbour. One more is closed as soon as it
/// comes: strangers must not take the descriptors that the links need.
pub const STRANGERS_MAX: usize = 16;
/// From a warning that somebody was turned away to the next, in nanoseconds.
const WARNING_PAUSE: u64 = 60 * SECOND;
/// Lines of the log that wait for the end of the turn, in bytes. More are written before it.
const NOTES_MAX: usize = 1 << 20;
/// After the descriptors ran out, visitors are tried again so often, in nanoseconds; whenever a
/// connection closes, at once.
const NO_ROOM_PAUSE: u64 = 100 * MILLISECOND;
/// Lookups that wait for a worker. At the limit a WHATSAT is answered at once that there are too
/// many.
pub const LOOKUPS_MAX: usize = 64;
/// Host names that wait to be resolved: a neighbour has one at most.
const NAMES_MAX: usize = crate::node::limits::NEIGHBOURS_MAX;

/// What an event loop is made of.
pub struct Setup {
    /// The node's part.
    pub config: Config,
    /// Where clients come in.
    pub clients: Door,
    /// Where neighbours come in.
    pub servers: Door,
    /// Where the neighbours' servers' doors are, in the order of `config.neighbours`.
    pub targets: Vec<Target>,
    /// Our own address, by which the neighbours know us, if it is not a name.
    pub source: Option<IpAddr>,
    /// At most so many clients at once. One more is closed as soon as it comes, so that the links
    /// and the log always have descriptors.
    pub clients_max: usize,
    /// Who knows what is near.
    pub places: Arc<dyn Provider>,
    /// So many threads ask it.
    pub workers: usize,
    /// End when standard input does.
    pub until_eof: bool,
    /// Where the log goes; flushed once per turn.
    pub log: Box<dyn Write>,
}

/// One server, running.
pub struct EventLoop {
    poll: Poll,
    events: Events,
    clock: Clock,
    now: Now,
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
    targets: Vec<Target>,
    attempts: Vec<Attempt>,
    source: Option<IpAddr>,
    lookups: Pool<Looker>,
    resolver: Option<Pool<Resolver>>,
    signals: Signals,
    /// A second signal does not let us give what is owed.
    cut_short: bool,
    /// All connections are read into it, one after the other.
    buffer: Box<[u8]>,
    log: Box<dyn Write>,
    stopped: bool,
}

impl EventLoop {
    /// Puts the parts together. From here on SIGINT and SIGTERM are ours.
    ///
    /// # Errors
    /// When the poll, the workers or the signals cannot be had.
    pub fn new(setup: Setup) -> io::Result<EventLoop> {
        let Setup {
            config,
            mut clients,
            mut servers,
            targets,
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
        let signals = Signals::catch(registry)?;
        if setup.until_eof {
            let advice = "standard input cannot be watched for its end; make it a pipe";
            ending::watch_stdin(registry).map_err(|_| io::Error::other(advice))?;
        }
        let waker = Arc::new(Waker::new(registry, token::WAKER)?);
        let wake = || {
            let waker = Arc::clone(&waker);
            // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
            move || drop(waker.wake())
        };
        let looker = Looker(setup.places);
        let lookups = Pool::start("places", setup.workers, LOOKUPS_MAX, looker, wake())?;
        let is_name = |target: &Target| matches!(target, Target::Name(..));
        let resolver = match targets.iter().any(is_name) {
            true => Some(Pool::start("names", 1, NAMES_MAX, Resolver, wake())?),
            false => None,
        };
        let clock = Clock::start();
        Ok(EventLoop {
            poll,
            events: Events::with_capacity(EVENTS_MAX),
            now: clock.now(),
            clock,
            node: Node::new(config),
            conns: Conns::default(),
            clients_max: setup.clients_max,
            doors: Some([servers, clients]),
            crowded: [Mono(0); 2],
            no_room: false,
            doors_retry: None,
            ready: Ready::default(),
            attempts: targets.iter().map(|_| Attempt::default()).collect(),
            targets,
            source: setup.source,
            lookups,
            resolver,
            signals,
            cut_short: false,
            buffer: vec![0; LINK_READ_MAX].into_boxed_slice(),
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
                        let answer = Err(LookupError::Busy);
                        self.node.handle(self.now, Event::LookedUp { id, answer });
                    }
                }
                Action::Forget(id) => self.lookups.forget(|job| job.id == id),
                Action::Stop => self.stopped = true,
            }
        }
    }

    /// Waits for events, until the next deadline; not at all while somebody is ready.
    fn wait(&mut self) -> io::Result<()> {
        let deadline = match self.ready.is_empty() {
            true => [self.node.poll_timeout(), self.doors_retry]
                .into_iter()
                .flatten()
                .min(),
            false => Some(self.now.mono),
        };
        let timeout = deadline.map(|at| Duration::from_nanos(at.since(self.clock.now().mono)));
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            other => other?,
        }
        self.now = self.clock.now();
        Ok(())
    }

    /// Takes in what has happened: events set flags, then those with work are served.
    fn observe(&mut self) {
        let (mut woken, mut signalled, mut orphaned) = (false, false, false);
        for event in &self.events {
            let ending = event.is_read_closed() || event.is_error();
            match event.token() {
                token::SERVERS_DOOR => self.ready.servers_door = true,
                token::CLIENTS_DOOR => self.ready.clients_door = true,
                token::WAKER => woken = true,
                token::SIGNALS => signalled = true,
                token::STDIN => orphaned |= ending,
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
            self.shut_down();
            self.cut_short = asked == Asked::EndNow;
            self.stopped |= self.cut_short;
        }
        if orphaned {
            self.shut_down();
        }
        self.tick();
    }

    /// Deadlines go off last: what a neighbour said while we slept counts before its silence.
    fn tick(&mut self) {
        self.now = self.clock.now();
        self.node.handle(self.now, Event::Tick);
    }

    /// The doors close at once; the node gives what it owes.
    fn shut_down(&mut self) {
        self.doors = None;
        self.doors_retry = None;
        self.node.handle(self.now, Event::Shutdown);
    }

    /// Writes the log of this turn. A log that cannot be written must not stop the herd.
    fn write_log(&mut self) {
        let notes = self.node.notes();
        if !notes.is_empty() {
            let _ = self.log.write_all(notes.as_bytes());
            self.node.clear_notes();
        }
        log::logger().flush();
    }
}

/// Whatever ends the loop, a panic too, its last lines are written.
impl Drop for EventLoop {
    fn drop(&mut self) {
        self.write_log();
    }
}
