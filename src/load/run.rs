//! The loop of a load run: the sockets, the clock, and who may ask.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Poll};

use super::connect::{ConnectError, connect_all};
use super::tally::{Fault, Tally};
use super::{Outcome, Plan, Talk, Until};
use crate::reactor::{Clock, Conn, ReadOutcome};
use crate::units::{MILLISECOND, Mono, Now, SECOND};

/// Events that one wait returns at most.
const EVENTS_MAX: usize = 1024;
/// One read, in bytes.
const READ_MAX: usize = 64 << 10;
/// After the time is up, replies are waited for so long, in nanoseconds: some more than the five
/// seconds within which a WHATSAT is answered.
const GRACE: u64 = 6 * SECOND;
/// A run of so many requests ends when replies are owed and none has come for so long, in
/// nanoseconds.
const SILENCE_MAX: u64 = 10 * SECOND;

/// A connection of the run.
struct Slot<T> {
    /// None: it is lost.
    conn: Option<Conn<TcpStream>>,
    talk: T,
    /// It stands on the ready list.
    listed: bool,
    /// Requests that it has made.
    asked: u64,
    /// At a rate: requests that have fallen due, made or not.
    due: u64,
}

/// A run under way.
struct Run<'a, T> {
    plan: &'a Plan,
    clock: Clock,
    now: Now,
    slots: Vec<Slot<T>>,
    /// Connections with something to do, by index.
    ready: VecDeque<usize>,
    living: usize,
    tally: Tally,
    start: Mono,
    /// When a reply came last.
    heard: Mono,
    buffer: Box<[u8]>,
}

/// Runs it: connection `index` says what `talk` makes for it. `every` so many nanoseconds `watch`
/// is told what was seen so far, and for how many nanoseconds.
///
/// # Errors
/// When a connection cannot be made.
pub fn run<T: Talk>(
    plan: &Plan,
    talk: impl Fn(usize) -> T,
    every: u64,
    watch: &mut dyn FnMut(&Tally, u64),
) -> Result<Outcome, ConnectError> {
    let own = |error| ConnectError {
        address: plan.addresses[0],
        error,
    };
    let clock = Clock::start();
    let mut poll = Poll::new().map_err(own)?;
    let conns = connect_all(&mut poll, &plan.addresses, plan.connections, &clock)?;
    let now = clock.now();
    let slot = |(index, conn)| Slot {
        conn: Some(conn),
        talk: talk(index),
        listed: false,
        asked: 0,
        due: 0,
    };
    let mut run = Run {
        plan,
        clock,
        now,
        slots: conns.into_iter().enumerate().map(slot).collect(),
        ready: VecDeque::new(),
        living: plan.connections,
        tally: Tally::default(),
        start: now.mono,
        heard: now.mono,
        buffer: vec![0; READ_MAX].into_boxed_slice(),
    };
    for index in 0..plan.connections {
        run.list(index);
    }
    run.drive(&mut poll, every, watch).map_err(own)?;
    Ok(run.outcome())
}

impl<T: Talk> Run<'_, T> {
    /// Turns until all is asked and answered, or will never be.
    fn drive(
        &mut self,
        poll: &mut Poll,
        every: u64,
        watch: &mut dyn FnMut(&Tally, u64),
    ) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut next_watch = self.start + every;
        loop {
            self.now = self.clock.now();
            self.call_due();
            for _ in 0..self.ready.len() {
                if let Some(index) = self.ready.pop_front() {
                    self.serve(index);
                }
            }
            if self.is_over() {
                return Ok(());
            }
            if self.now.mono >= next_watch {
                watch(&self.tally, self.now.mono.since(self.start));
                next_watch = self.now.mono + every;
            }
            match poll.poll(&mut events, Some(self.timeout(next_watch))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                other => other?,
            }
            for event in &events {
                let index = event.token().0;
                if let Some(conn) = &mut self.slots[index].conn {
                    conn.event(event.into());
                    self.list(index);
                }
            }
        }
    }

    /// How long to wait for events.
    fn timeout(&self, next_watch: Mono) -> Duration {
        if !self.ready.is_empty() {
            return Duration::ZERO;
        }
        let now = self.clock.now().mono;
        let may_ask = self.may_ask(now);
        let mut until = next_watch;
        if let Until::Time(length) = self.plan.until {
            let end = self.start + length;
            until = until.min(if may_ask { end } else { end + GRACE });
        }
        if may_ask && self.plan.rate.is_some() {
            until = until.min(self.due_at(self.tally.asked));
        }
        // poll(2) counts in milliseconds and is late rather than early. What is due sooner is
        // waited for without sleep: else our own lateness would be taken for the server's.
        match until.since(now) / MILLISECOND {
            0 if self.plan.rate.is_some() => Duration::ZERO,
            whole => Duration::from_millis(whole.max(1)),
        }
    }

    /// Whether there are requests left to be made, or to fall due.
    fn may_ask(&self, now: Mono) -> bool {
        match self.plan.until {
            Until::Time(length) => now < self.start + length,
            Until::Requests(count) => self.tally.asked < count,
        }
    }

    /// When request `number` of all is due, at a rate.
    fn due_at(&self, number: u64) -> Mono {
        let rate = u128::from(self.plan.rate.unwrap_or(1));
        self.start + (u128::from(number) * u128::from(SECOND) / rate) as u64
    }

    /// At a rate: gives out what has fallen due, to all connections in turn.
    fn call_due(&mut self) {
        if self.plan.rate.is_none() {
            return;
        }
        loop {
            let due = self.due_at(self.tally.asked);
            if due > self.now.mono || !self.may_ask(due) {
                return;
            }
            let index = (self.tally.asked % self.slots.len() as u64) as usize;
            self.tally.asked += 1;
            self.slots[index].due += 1;
            match self.slots[index].conn {
                Some(_) => self.list(index),
                None => self
                    .tally
                    .fault(Fault::Unanswered, 1, || "no connection".into()),
            }
        }
    }

    /// Puts a connection on the ready list, if it is not there.
    fn list(&mut self, index: usize) {
        if !std::mem::replace(&mut self.slots[index].listed, true) {
            self.ready.push_back(index);
        }
    }

    /// One read, what may be asked then, and one write.
    fn serve(&mut self, index: usize) {
        self.slots[index].listed = false;
        let Slot {
            conn: Some(conn),
            talk,
            ..
        } = &mut self.slots[index]
        else {
            return;
        };
        let got = conn.read(&mut self.buffer);
        self.now = self.clock.now();
        match got {
            ReadOutcome::Nothing => {}
            ReadOutcome::Bytes(count) => {
                self.heard = self.now.mono;
                if !talk.received(self.heard, &self.buffer[..count], &mut self.tally) {
                    return self.lose(index, "it said what nobody asked for");
                }
            }
            ReadOutcome::Ended => return self.lose(index, "the server closed it"),
            ReadOutcome::Broken(why) => return self.lose(index, &why),
        }
        self.ask(index);
        let Slot { conn, talk, .. } = &mut self.slots[index];
        if let Some(conn) = conn {
            let count = conn.write(talk.unsent());
            talk.advance(count);
            if conn.is_readable() || conn.is_writable() && !talk.unsent().is_empty() {
                self.list(index);
            }
        }
    }

    /// Makes as many requests as may be in flight.
    fn ask(&mut self, index: usize) {
        while self.slots[index].talk.owed() < self.plan.pipeline {
            let number = self.slots[index].asked;
            let since = match self.plan.rate {
                None if self.may_ask(self.now.mono) => {
                    self.tally.asked += 1;
                    self.now.mono
                }
                Some(_) if number < self.slots[index].due => {
                    self.due_at(number * self.slots.len() as u64 + index as u64)
                }
                _ => return,
            };
            let slot = &mut self.slots[index];
            slot.asked += 1;
            slot.talk.ask(self.now, since);
        }
    }

    /// A connection is gone, and what it owed with it.
    fn lose(&mut self, index: usize, why: &str) {
        let address = self.plan.addresses[index % self.plan.addresses.len()];
        let why = format!("a connection to {address}: {why}");
        self.slots[index].conn = None;
        self.living -= 1;
        self.tally.fault(Fault::Lost, 1, || why.clone());
        self.give_up(index, &why);
    }

    /// What a connection still owes will not come.
    fn give_up(&mut self, index: usize, why: &str) {
        let slot = &mut self.slots[index];
        slot.talk.lost(why, &mut self.tally);
        let unmade = slot.due.saturating_sub(slot.asked);
        self.tally.fault(Fault::Unanswered, unmade, || why.into());
    }

    /// Whether all is asked and answered, or never will be.
    fn is_over(&mut self) -> bool {
        let now = self.now.mono;
        let may_ask = self.may_ask(now);
        if self.living == 0 || !may_ask && self.tally.open() == 0 {
            return true;
        }
        let is_late = match self.plan.until {
            Until::Time(length) => now > self.start + length + GRACE,
            Until::Requests(_) => {
                self.tally.open() > 0 && now.since(self.last_news()) > SILENCE_MAX
            }
        };
        if is_late {
            for index in 0..self.slots.len() {
                self.give_up(index, "no reply came");
            }
        }
        is_late
    }

    /// When a reply came last, or at a rate a request fell due.
    fn last_news(&self) -> Mono {
        match self.plan.rate {
            Some(_) => self.heard.max(self.due_at(self.tally.asked - 1)),
            None => self.heard,
        }
    }

    fn outcome(self) -> Outcome {
        Outcome {
            elapsed: self.heard.since(self.start).max(1),
            tally: self.tally,
        }
    }
}
