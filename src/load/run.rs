//! The loop of a load run: the sockets, the clock, and when a connection may ask.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::plan::{Plan, Until};
use super::protocol::Protocol;
use super::report::{Cut, Report};
use super::slot::Slot;
use super::stats::{Fault, Stats};
use crate::limits::LIMITS;
use crate::reactor::{Clock, Conn, Interrupt, ReadOutcome, reach, wait};
use crate::units::{MILLISECOND, Mono, Now};

/// Events of signals; connections have their index.
const SIGNALS: Token = Token(usize::MAX);

/// A run under way.
struct Run<'a, P> {
    plan: &'a Plan,
    clock: Clock,
    now: Now,
    slots: Vec<Slot<P, TcpStream>>,
    /// Connections with something to do, by index.
    ready: VecDeque<usize>,
    /// How many connections are not lost.
    living: usize,
    stats: Stats,
    start: Mono,
    /// When the last reply came.
    heard: Mono,
    buffer: Vec<u8>,
}

/// Runs `plan`; `protocol` makes each connection, by its index. Every `every` nanoseconds `watch`
/// is told what was seen so far, and in how many nanoseconds. Once all are connected, `interrupt`
/// cuts the run short: requests in flight then count neither as right nor as faults.
///
/// # Errors
/// When a connection cannot be made, or polling fails.
pub fn run<P: Protocol>(
    plan: &Plan,
    protocol: impl Fn(usize) -> P,
    every: u64,
    watch: &mut dyn FnMut(&Stats, u64),
    mut interrupt: Option<Interrupt>,
) -> io::Result<Report> {
    let mut poll = Poll::new()?;
    let mut slots = Vec::with_capacity(plan.connections);
    let mut doors = plan.doors.clone();
    for index in 0..plan.connections {
        let door = index % doors.len();
        let conn = connect(&poll, &mut doors[door], index)?;
        slots.push(Slot::new(doors[door][0], conn, protocol(index)));
    }
    if let Some(interrupt) = &mut interrupt {
        interrupt.watch(poll.registry(), SIGNALS)?;
    }
    let clock = Clock::start();
    let now = clock.now();
    let mut run = Run {
        plan,
        clock,
        now,
        slots,
        ready: (0..plan.connections).collect(),
        living: plan.connections,
        stats: Stats::default(),
        start: now.mono,
        heard: now.mono,
        buffer: vec![0; LIMITS.link_read],
    };
    let mut events = Events::with_capacity(LIMITS.poll_events);
    let mut next_watch = run.start + every;
    let mut cut = None;
    while !run.turn() {
        if let Some(signal) = interrupt.as_ref().and_then(Interrupt::signal) {
            let after = run.now.mono.since(run.start);
            cut = Some(Cut { signal, after });
            break;
        }
        if run.now.mono >= next_watch {
            watch(&run.stats, run.now.mono.since(run.start));
            next_watch = run.now.mono + every;
        }
        wait(&mut poll, &mut events, Some(run.timeout(next_watch)))?;
        for event in events.iter().filter(|event| event.token() != SIGNALS) {
            let index = event.token().0;
            if let Some(conn) = &mut run.slots[index].conn {
                conn.event(event.into());
            }
            run.list(index);
        }
    }
    Ok(Report {
        elapsed: run.heard.since(run.start).max(1),
        stats: run.stats,
        cut,
    })
}

/// Connects, one after the other and before the loop begins. Many at once would overflow the
/// server's listen queue, and a SYN that is dropped there is sent again a second later (tcp(7)).
/// The address that answers is put first, for this connection and those after it.
fn connect(poll: &Poll, door: &mut [SocketAddr], index: usize) -> io::Result<Conn<TcpStream>> {
    let (mut stream, address) = reach(door, LIMITS.load_connect)?;
    if let Some(place) = door.iter().position(|it| *it == address) {
        door[..=place].rotate_right(1);
    }
    stream.set_nodelay(true)?;
    let both = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut stream, Token(index), both)?;
    Ok(Conn::new(stream))
}

impl<P: Protocol> Run<'_, P> {
    /// Serves each connection that has something to do. True: everything is asked and answered, or
    /// never will be.
    fn turn(&mut self) -> bool {
        self.now = self.clock.now();
        self.deal();
        for _ in 0..self.ready.len() {
            if let Some(index) = self.ready.pop_front() {
                self.serve(index);
            }
        }
        self.is_over()
    }

    /// How long to wait for events, in nanoseconds.
    fn timeout(&self, next_watch: Mono) -> u64 {
        if !self.ready.is_empty() {
            return 0;
        }
        let now = self.clock.mono();
        let mut until = next_watch.min(self.gives_up_at());
        if self.may_ask(now) {
            if let Until::Time(length) = self.plan.until {
                until = until.min(self.start + length);
            }
            if self.plan.rate.is_some() {
                until = until.min(self.due_at(self.stats.asked));
            }
        }
        // poll(2) counts milliseconds and is late rather than early. A request that is due sooner
        // is awaited without sleep: otherwise our own lateness would look like the server's.
        match until.since(now) / MILLISECOND {
            0 if self.plan.rate.is_some() => 0,
            whole => whole.max(1) * MILLISECOND,
        }
    }

    /// Whether requests are left to be made, or to fall due.
    fn may_ask(&self, now: Mono) -> bool {
        (self.plan).may_ask(now.since(self.start), self.stats.asked)
    }

    /// When request `number` is due, at a rate. Each connection in turn has the next one.
    fn due_at(&self, number: u64) -> Mono {
        self.start + self.plan.due(number)
    }

    /// At a rate: lists the connections whose requests have fallen due.
    fn deal(&mut self) {
        loop {
            let due = self.due_at(self.stats.asked);
            if self.plan.rate.is_none() || due > self.now.mono || !self.may_ask(due) {
                return;
            }
            let index = (self.stats.asked % self.slots.len() as u64) as usize;
            self.stats.asked += 1;
            match self.slots[index].conn {
                Some(_) => self.list(index),
                None => (self.stats).fault(Fault::Unanswered, 1, || "no connection".into()),
            }
        }
    }

    /// Puts a connection on the ready list, if it is not on it.
    fn list(&mut self, index: usize) {
        if !std::mem::replace(&mut self.slots[index].is_listed, true) {
            self.ready.push_back(index);
        }
    }

    /// One read, the requests that may be made then, and one write.
    fn serve(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        slot.is_listed = false;
        let Some(conn) = &mut slot.conn else { return };
        let outcome = conn.read(&mut self.buffer);
        self.now = self.clock.now();
        match outcome {
            ReadOutcome::Nothing => {}
            ReadOutcome::Bytes(count) => {
                self.heard = self.now.mono;
                let bytes = &self.buffer[..count];
                if !(slot.protocol).received(self.heard, bytes, &mut self.stats) {
                    return self.lose(index, "it said what nobody asked for");
                }
            }
            ReadOutcome::Ended => return self.lose(index, "the server closed it"),
            ReadOutcome::Broken(why) => return self.lose(index, &why),
        }
        self.ask(index);
        let Slot { conn, protocol, .. } = &mut self.slots[index];
        if let Some(conn) = conn {
            let outbox = protocol.outbox();
            let count = conn.write(outbox.unsent());
            outbox.advance(count);
            if conn.is_readable() || conn.is_writable() && !outbox.is_empty() {
                self.list(index);
            }
        }
    }

    /// Makes requests until the pipeline is full or none may be made now.
    fn ask(&mut self, index: usize) {
        while self.slots[index].protocol.owed() < self.plan.pipeline {
            let number = self.slots[index].asked * self.slots.len() as u64 + index as u64;
            let since = match self.plan.rate {
                None if self.may_ask(self.now.mono) => {
                    self.stats.asked += 1;
                    self.now.mono
                }
                Some(_) if number < self.stats.asked => self.due_at(number),
                _ => return,
            };
            let slot = &mut self.slots[index];
            slot.asked += 1;
            slot.protocol.ask(self.now, since);
        }
    }

    /// A connection is gone, and with it the replies that it is owed.
    fn lose(&mut self, index: usize, why: &str) {
        let why = format!("a connection to {}: {why}", self.slots[index].address);
        self.living -= 1;
        self.give_up(index, &why);
        self.slots[index].conn = None;
        self.stats.fault(Fault::Lost, 1, || why);
    }

    /// The replies that a connection is owed will not come, nor those to requests that have fallen
    /// due and were not made.
    fn give_up(&mut self, index: usize, why: &str) {
        let (slot, slots) = (&self.slots[index], self.slots.len() as u64);
        let mut count = slot.protocol.owed() as u64;
        if self.plan.rate.is_some() {
            let due = (self.stats.asked + slots - 1 - index as u64) / slots;
            count += due - slot.asked;
        }
        self.stats.fault(Fault::Unanswered, count, || why.into());
    }

    /// Whether everything is asked and answered, or never will be.
    fn is_over(&mut self) -> bool {
        let now = self.now.mono;
        if self.living == 0 || !self.may_ask(now) && self.stats.open() == 0 {
            return true;
        }
        let is_late = now > self.gives_up_at();
        if is_late {
            for index in 0..self.slots.len() {
                if self.slots[index].conn.is_some() {
                    self.give_up(index, "no reply came");
                }
            }
        }
        is_late
    }

    /// When replies that have not come by then count as unanswered.
    fn gives_up_at(&self) -> Mono {
        match self.plan.until {
            Until::Time(length) => self.start + length + LIMITS.load_grace,
            Until::Requests(_) if self.stats.open() == 0 => Mono(u64::MAX),
            Until::Requests(_) => {
                let last_due = match self.plan.rate {
                    Some(_) => self.due_at(self.stats.asked - 1),
                    None => self.start,
                };
                self.heard.max(last_due) + LIMITS.load_silence
            }
        }
    }
}
