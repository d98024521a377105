//! The loop: it acts, waits and observes, on one thread. Nothing in it waits for a server or a
//! reader.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::event::Event;
use mio::{Events, Poll, Token, Waker};

use super::command::Question;
use super::connections::Connections;
use super::follower::Follower;
use super::gateway::Gateway;
use super::guard::Guard;
use super::http::{Request, Response};
use super::looks::{Herd, Looks};
use super::routes::{Route, View, route};
use crate::limits::LIMITS;
use crate::reactor::{Accept, Clock, Interrupt, Listener, Wake, wait};
use crate::units::{ConnId, Mono, Now};
use crate::watch::Watch;

/// The watch has the tokens from 0, and connections those after them.
const LISTENER: Token = Token(usize::MAX);
/// A look or a reply has come.
const WOKEN: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);

/// A web server.
pub struct Server<'a> {
    poll: Poll,
    listener: Listener,
    /// When accepting is tried again; no event says so.
    accept_at: Option<Mono>,
    guard: Guard,
    looks: Looks,
    follower: Follower<'a>,
    /// The first token of a connection.
    first: Token,
    gateway: Gateway,
    connections: Connections,
    clock: Clock,
}

impl<'a> Server<'a> {
    /// A server that answers at `listener`.
    ///
    /// # Errors
    /// When there is no poll, or no thread.
    pub fn new(
        mut listener: Listener,
        guard: Guard,
        herd: &'a Arc<Herd>,
    ) -> io::Result<Server<'a>> {
        let poll = Poll::new()?;
        listener.watch(poll.registry(), LISTENER)?;
        let waker = Waker::new(poll.registry(), WOKEN)?;
        // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
        let wake: Wake = Arc::new(move || drop(waker.wake()));
        let registry = poll.registry().try_clone()?;
        let first = Watch::tokens(&herd.topology);
        Ok(Server {
            poll,
            listener,
            accept_at: None,
            guard,
            gateway: Gateway::new(Arc::clone(herd), &wake)?,
            looks: Looks::new(Arc::clone(herd), &wake)?,
            follower: Follower::new(herd, registry, wake),
            first,
            connections: Connections::new(first),
            clock: Clock::start(),
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The kernel's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until a signal comes.
    ///
    /// # Errors
    /// When polling fails.
    pub fn run(&mut self, mut interrupt: Interrupt) -> io::Result<()> {
        interrupt.watch(self.poll.registry(), SIGNALS)?;
        let mut events = Events::with_capacity(LIMITS.poll_events);
        while interrupt.signal().is_none() {
            let now = self.clock.set();
            self.act(now);
            let timeout = self.timeout();
            wait(&mut self.poll, &mut events, timeout)?;
            events.iter().for_each(|event| self.observe(event));
        }
        Ok(())
    }

    fn observe(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.listener.event(),
            WOKEN | SIGNALS => {}
            token if token < self.first => self.follower.event(event),
            _ => self.connections.event(event),
        }
    }

    fn act(&mut self, now: Now) {
        self.connections.expire(now);
        self.accept(now);
        for (conn, response) in self.gateway.answers() {
            self.connections.respond(conn, &response, now);
        }
        let has_listeners = self.connections.tally().listeners > 0;
        self.follower.act(has_listeners, now.mono);
        self.tell(now);
        for _ in 0..self.connections.ready() {
            if let Some(key) = self.connections.next() {
                self.serve(key, now);
            }
        }
        if self.connections.tally().watchers > 0 {
            self.looks.begin(now.mono);
        }
    }

    /// Shows a look to all who wait for one, or tells pages of moves. A page takes one event at a
    /// time, so the other of the two leaves at the next turn.
    fn tell(&mut self, now: Now) {
        let mut all = || self.follower.all(now.mono);
        match self.looks.finished(now.mono) {
            None => {}
            Some(Ok(look)) => {
                self.connections.tell(&look.event, 0, &mut all, now);
                return self.connections.show(|view| look.view(view), all, now);
            }
            Some(Err(why)) => {
                let answer = Response::error(503, &why);
                return self.connections.show(|_| &answer, all, now);
            }
        }
        if let Some((event, changes)) = self.follower.news(now.mono) {
            let all = || self.follower.all(now.mono);
            self.connections.tell(&event, changes, all, now);
        }
    }

    /// One read, one request, and as many writes as its answer needs.
    fn serve(&mut self, key: usize, now: Now) {
        if let Some((conn, request)) = self.connections.read(key, now) {
            self.answer(conn, &request, now);
        }
        self.connections.settle(key, now);
    }

    fn answer(&mut self, conn: ConnId, request: &Request, now: Now) {
        match route(&self.guard, request, now.wall) {
            Route::Known(response) => self.connections.respond(conn, &response, now),
            Route::Look(view) => self.look(conn, view, now),
            Route::Ask(question) => self.ask(conn, question, now),
        }
    }

    fn look(&mut self, conn: ConnId, view: View, now: Now) {
        if view == View::Events && self.connections.tally().listeners >= LIMITS.web_listeners {
            let why = "too many pages are open; close one";
            return self
                .connections
                .respond(conn, &Response::error(503, why), now);
        }
        match self.looks.fresh(now.mono) {
            Some(look) => {
                let all = || self.follower.all(now.mono);
                self.connections
                    .show_one(conn, view, look.view(view), all, now);
            }
            None => {
                let until = now.mono + LIMITS.web_look_wait;
                self.connections.wait(conn, Some(view), until);
            }
        }
    }

    fn ask(&mut self, conn: ConnId, question: Question, now: Now) {
        let asked = match self.connections.tally().unsent >= LIMITS.web_unsent {
            true => Err(Response::error(
                503,
                "too many answers wait for their readers",
            )),
            false => self.gateway.ask(conn, question),
        };
        match asked {
            Ok(()) => self
                .connections
                .wait(conn, None, now.mono + LIMITS.web_wait),
            Err(response) => self.connections.respond(conn, &response, now),
        }
    }

    /// Accepts a turn's worth of connections.
    fn accept(&mut self, now: Now) {
        if self.accept_at.is_some_and(|at| at <= now.mono) {
            self.accept_at = None;
            self.listener.event();
        }
        for _ in 0..LIMITS.accept_batch {
            match self.listener.accept() {
                Accept::Connection(stream, _) => {
                    // One that fails is gone, and concerns nobody else.
                    let _ = self.connections.add(stream, now, self.poll.registry());
                }
                Accept::Aborted(_) => {}
                Accept::WouldBlock => return,
                Accept::OutOfDescriptors(_) | Accept::Failed(_) => {
                    self.accept_at = Some(now.mono + LIMITS.accept_retry);
                    return;
                }
            }
        }
        // No edge comes for the rest.
        self.accept_at = Some(now.mono);
    }

    /// How long to wait, in nanoseconds.
    fn timeout(&mut self) -> Option<u64> {
        if self.connections.ready() > 0 {
            return Some(0);
        }
        let look = self
            .looks
            .next_at()
            .filter(|_| self.connections.tally().watchers > 0);
        let next = [self.connections.next_at(), self.accept_at, look];
        let next = next.into_iter().flatten().min();
        let now = self.clock.mono();
        let next = next.map(|at| at.since(now));
        next.into_iter().chain(self.follower.timeout(now)).min()
    }
}
