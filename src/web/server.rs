//! The loop: it acts, waits and observes, on one thread. Nothing in it waits for a server or a
//! reader.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::event::Event;
use mio::{Events, Poll, Token, Waker};

use super::command::Question;
use super::connections::Connections;
use super::gateway::Gateway;
use super::guard::Guard;
use super::http::{Request, Response};
use super::looks::{Herd, Looks};
use super::routes::{Route, View, route};
use crate::limits::LIMITS;
use crate::reactor::{Accept, Clock, Interrupt, Listener, Wake, wait};
use crate::units::{ConnId, Mono, Now};

/// Connections have their key.
const LISTENER: Token = Token(usize::MAX);
/// A look or a reply has come.
const WOKEN: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);

/// A web server.
pub struct Server {
    poll: Poll,
    listener: Listener,
    /// When accepting is tried again; no event says so.
    accept_at: Option<Mono>,
    guard: Guard,
    looks: Looks,
    gateway: Gateway,
    connections: Connections,
    clock: Clock,
}

impl Server {
    /// A server that answers at `listener`.
    ///
    /// # Errors
    /// When there is no poll, or no thread.
    pub fn new(mut listener: Listener, guard: Guard, herd: Herd) -> io::Result<Server> {
        let poll = Poll::new()?;
        listener.watch(poll.registry(), LISTENER)?;
        let waker = Waker::new(poll.registry(), WOKEN)?;
        // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
        let wake: Wake = Arc::new(move || drop(waker.wake()));
        let herd = Arc::new(herd);
        Ok(Server {
            poll,
            listener,
            accept_at: None,
            guard,
            gateway: Gateway::new(Arc::clone(&herd), &wake)?,
            looks: Looks::new(herd, &wake)?,
            connections: Connections::new(),
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
            _ => self.connections.event(event),
        }
    }

    fn act(&mut self, now: Now) {
        self.connections.expire(now.mono);
        self.accept(now.mono);
        for (conn, response) in self.gateway.answers() {
            self.connections.respond(conn, &response, now.mono);
        }
        match self.looks.finished(now.mono) {
            None => {}
            Some(Ok(look)) => {
                let view = |view| look.view(view);
                self.connections.show(view, Some(&look.event), now.mono);
            }
            Some(Err(why)) => {
                let answer = Response::error(503, &why);
                self.connections.show(|_| &answer, None, now.mono);
            }
        }
        for _ in 0..self.connections.ready() {
            if let Some(key) = self.connections.next() {
                self.serve(key, now);
            }
        }
        if self.connections.want_look() {
            self.looks.begin(now.mono);
        }
    }

    /// One read, one request, and as many writes as its answer needs.
    fn serve(&mut self, key: usize, now: Now) {
        if let Some((conn, request)) = self.connections.read(key, now.mono) {
            self.answer(conn, &request, now);
        }
        self.connections.settle(key, now.mono);
    }

    fn answer(&mut self, conn: ConnId, request: &Request, now: Now) {
        match route(&self.guard, request, now.wall) {
            Route::Known(response) => self.connections.respond(conn, &response, now.mono),
            Route::Look(view) => self.look(conn, view, now.mono),
            Route::Ask(question) => self.ask(conn, question, now.mono),
        }
    }

    fn look(&mut self, conn: ConnId, view: View, now: Mono) {
        if view == View::Events && self.connections.listeners() >= LIMITS.web_listeners {
            let why = "too many pages are open; close one";
            return self
                .connections
                .respond(conn, &Response::error(503, why), now);
        }
        match self.looks.fresh(now) {
            Some(look) => self.connections.show_one(conn, view, look.view(view), now),
            None => self
                .connections
                .wait(conn, Some(view), now + LIMITS.web_look_wait),
        }
    }

    fn ask(&mut self, conn: ConnId, question: Question, now: Mono) {
        let asked = match self.connections.unsent() >= LIMITS.web_unsent {
            true => Err(Response::error(
                503,
                "too many answers wait for their readers",
            )),
            false => self.gateway.ask(conn, question),
        };
        match asked {
            Ok(()) => self.connections.wait(conn, None, now + LIMITS.web_wait),
            Err(response) => self.connections.respond(conn, &response, now),
        }
    }

    /// Accepts a turn's worth of connections.
    fn accept(&mut self, now: Mono) {
        if self.accept_at.is_some_and(|at| at <= now) {
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
                    self.accept_at = Some(now + LIMITS.accept_retry);
                    return;
                }
            }
        }
        // No edge comes for the rest.
        self.accept_at = Some(now);
    }

    /// How long to wait, in nanoseconds.
    fn timeout(&self) -> Option<u64> {
        if self.connections.ready() > 0 {
            return Some(0);
        }
        let look = self
            .looks
            .next_at()
            .filter(|_| self.connections.want_look());
        let next = [self.connections.next_at(), self.accept_at, look];
        let next = next.into_iter().flatten().min();
        next.map(|at| at.since(self.clock.mono()))
    }
}
