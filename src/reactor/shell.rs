//! The node among its sockets: what the event loop and its parts work on.

use std::io::ErrorKind;
use std::mem::ManuallyDrop;

use mio::{Events, Poll};

use super::clock::thread_ran;
use super::conn::ReadOutcome;
use super::io::Sockets;
use super::metrics::Stopwatch;
use super::phase::Phase;
use super::slow::Served;
use super::socket::{End, Socket};
use super::trace::Tracer;
use crate::buffers::Timers;
use crate::journal::JournalFiles;
use crate::limits::{LIMITS, Limit};
use crate::logging::Log;
use crate::node::{Event, Node};
use crate::units::{ConnId, Mono, Now, PeerId, SECOND};

/// The node, the sockets that it decides about, and the time.
pub struct Shell {
    /// The process ends with the loop, and the kernel takes its memory back at once. To free a
    /// million records one by one would keep the ports and the journal for longer than the rest of
    /// the ending.
    pub node: ManuallyDrop<Node>,
    pub sockets: Sockets,
    pub poll: Poll,
    /// The events of the last wait.
    pub events: Events,
    pub timers: Timers<ShellTimer>,
    pub watch: Stopwatch,
    /// When the events that are being handled came.
    pub now: Now,
    pub log: Log,
    /// Writes traces, if turns are traced.
    pub tracer: Option<Tracer>,
    /// A trace is to be written at the end of this turn.
    pub wants_trace: bool,
}

/// The shell's own deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShellTimer {
    /// Accept again, after there was no descriptor.
    Accept,
    /// Tell the service manager that turns still happen.
    Watchdog,
    /// Go on with the attempt to dial a neighbour.
    Dial(PeerId),
    /// Check that the log file still exists.
    LogCheck,
    /// Try again to write the log.
    LogRetry,
    /// Look whether the journal is what we wrote.
    JournalLook,
}

impl Shell {
    /// Tells the node a fact.
    pub fn tell(&mut self, event: Event<'_>) {
        self.node.handle(self.now, event);
    }

    /// Serves a connection that was on the ready list: at most one write and one read. Returns the
    /// neighbour if it is still being dialled.
    pub fn serve(&mut self, conn: ConnId) -> Option<PeerId> {
        let mut socket = self.sockets.get(conn)?;
        if let Some(peer) = socket.begin() {
            return Some(peer);
        }
        let lines = self.node.inspect().handled();
        let remote = || self.node.inspect().remote(conn);
        self.watch.begin_serving(remote, lines);
        flush(conn, &mut socket, &mut self.node, self.now, &mut self.watch);
        self.watch.enter(Phase::Read);
        let outcome = socket.read();
        let count = match outcome {
            ReadOutcome::Bytes(count) => count,
            _ => 0,
        };
        self.watch.carry(count, || self.node.inspect().remote(conn));
        self.watch.enter(Phase::Node);
        match outcome {
            ReadOutcome::Nothing => {}
            ReadOutcome::Bytes(count) => {
                // Now, not at the start of the turn: differences are measured to when it came.
                self.now = self.watch.clock.now();
                let bytes = count;
                let served = Served { conn, bytes, lines };
                self.watch.received(served, self.now.mono);
                let bytes = &socket.buffer[..count];
                self.node.handle(self.now, Event::Received { conn, bytes });
            }
            ReadOutcome::Ended => match socket.end() {
                End::Pending => {}
                End::Clean => self.tell(Event::Ended { conn }),
                End::Reset(error) => self.broken(conn, error.to_string()),
            },
            ReadOutcome::Broken(why) => self.broken(conn, why),
        }
        if self.node.log().text().len() > LIMITS.log_lines {
            self.write_log();
            self.watch.enter(Phase::Node);
        }
        self.watch.end_serving(count, self.node.inspect().handled());
        None
    }

    /// Every connection of this turn is served.
    pub fn served(&mut self) {
        let node = self.node.inspect();
        self.watch.served(node.handled(), |conn| node.remote(conn));
    }

    /// The turn ends, and waiting begins: a slow one is said, and a trace that is wanted is handed
    /// to its worker. A line of the log is written at the end of the next turn.
    pub fn end_turn(&mut self, now: Mono) {
        if let Some(length) = self.watch.sleep(now) {
            self.node.hit(Limit::slow_turn);
            let (ran, node) = (thread_ran().ok(), &self.node);
            let name = |remote| node.inspect().name(remote);
            if let Some(line) = self.watch.slow.line(length, now, ran, name) {
                log::warn!("{line}");
            }
        }
        if std::mem::take(&mut self.wants_trace)
            && let (Some(tracer), Some(slices)) = (&mut self.tracer, &mut self.watch.slices)
        {
            let neighbours = self.node.inspect().neighbours();
            tracer.write(slices, neighbours);
        }
    }

    /// The loop has ended: what is left of the log and of the trace is written.
    pub fn end(&mut self) {
        self.write_log();
        self.watch.sleep(self.watch.clock.mono());
        if let (Some(tracer), Some(slices)) = (&self.tracer, &mut self.watch.slices) {
            let neighbours = self.node.inspect().neighbours();
            tracer.write_last(slices, neighbours);
        }
        log::logger().flush();
    }

    /// Tells the node how the loop fares, at most once a second.
    pub fn report_metrics(&mut self, clients_max: usize, journal: Option<&JournalFiles>) {
        let counts = || self.node.counts();
        if let Some(mut metrics) = self.watch.report(counts) {
            metrics.pid = std::process::id();
            metrics.clients_max = clients_max;
            metrics.journal = journal.map_or_else(Default::default, JournalFiles::size);
            metrics.journal_long = journal.and_then(|it| it.trouble.clone());
            (metrics.log_trouble, metrics.log_lost) = self.log.state();
            self.tell(Event::LoopMetrics(Box::new(metrics)));
            if self.watch.slow.is_on() {
                self.watch.slow.look(thread_ran().ok());
            }
        }
    }

    /// Writes the log of this turn. A log that cannot be written must not stop the herd.
    pub fn write_log(&mut self) {
        self.watch.enter(Phase::Log);
        let is_written = self.log.write_out(self.node.log().text().as_bytes());
        self.node.log().clear();
        if !is_written && !self.timers.is_set(ShellTimer::LogRetry) {
            let at = self.now.mono + LIMITS.log_retry;
            self.timers.set(ShellTimer::LogRetry, at);
        }
    }

    /// Closes the client that has been idle longest, if one has been idle for long enough. Bytes
    /// that have arrived since the last wait count, too. False: there is no such client.
    pub fn make_room(&mut self) -> bool {
        let Some((conn, idle)) = self.node.idlest_client(self.now) else {
            return false;
        };
        let socket = self.sockets.get(conn);
        let unread = socket.map(|it| it.entry.conn.stream.peek(&mut [0]));
        let is_idle = matches!(unread, Some(Err(error)) if error.kind() == ErrorKind::WouldBlock);
        if is_idle {
            self.node.hit(Limit::clients_idle);
            let seconds = idle / SECOND;
            let why = format!("idle for {seconds} s, it makes room for another connection");
            self.broken(conn, why);
        }
        is_idle
    }

    fn broken(&mut self, conn: ConnId, why: String) {
        self.sockets.close(conn);
        self.tell(Event::Broken { conn, why });
    }

    /// Shuts down sending on a connection.
    pub fn write_eof(&mut self, conn: ConnId) {
        if let Some(mut socket) = self.sockets.get(conn) {
            socket.write_eof();
        }
    }

    /// Says that a connection has ended if the peer's host has everything.
    pub fn confirm(&mut self, conn: ConnId) {
        let socket = self.sockets.get(conn);
        if socket.is_some_and(|socket| socket.is_acknowledged()) {
            self.tell(Event::Ended { conn });
        }
    }

    /// Writes what the node has for a connection, once.
    pub fn flush(&mut self, conn: ConnId) {
        if let Some(mut socket) = self.sockets.get(conn) {
            flush(conn, &mut socket, &mut self.node, self.now, &mut self.watch);
        }
    }
}

fn flush(conn: ConnId, socket: &mut Socket<'_>, node: &mut Node, now: Now, watch: &mut Stopwatch) {
    let unsent = node.unsent(conn);
    if unsent.is_empty() {
        return;
    }
    watch.enter(Phase::Flush);
    let count = socket.entry.conn.write(unsent);
    watch.carry(count, || node.inspect().remote(conn));
    watch.enter(Phase::Node);
    node.advance(now, conn, count);
    socket.relist(!node.unsent(conn).is_empty());
}
