//! One server that is watched: it is called, and called again after a while, for ever.

use std::net::SocketAddr;
use std::ops::Range;

use mio::Registry;
use mio::event::Event;
use mio::net::TcpStream;

use super::dialogue::WatchDialogue;
use super::stream::{Next, Stream};
use crate::limits::LIMITS;
use crate::reactor::{Resolved, Resolver};
use crate::secret::Secrets;
use crate::talk::{Call, Refusal};
use crate::topology::{Host, Server};
use crate::units::Mono;
use crate::wire::{Run, Start};

/// A server of the topology, and how we are to it.
pub struct Member<'a> {
    /// Its place in the topology.
    pub place: usize,
    server: &'a Server,
    /// The port of its servers' door.
    port: u16,
    state: State<'a>,
    /// The wait before the next call, in nanoseconds.
    backoff: u64,
    /// How far we got, in which run.
    reached: Option<(Run, u64)>,
    /// The number of changes before the present that are wanted, as long as nobody knows which.
    newest: u64,
    /// Changes up to this one of that run happened before the server was watched.
    past: (Run, u64),
    /// Why the last call failed, if that was told.
    told: Option<String>,
    /// A thread asks for its name.
    is_resolving: bool,
}

enum State<'a> {
    /// It is called at this time.
    Waits(Mono),
    Calls(Box<Call<WatchDialogue<'a>>>),
    Up(Box<Stream<TcpStream>>),
}

/// The surroundings of a call.
pub struct Means<'a> {
    pub registry: Registry,
    pub resolver: Resolver<usize>,
    pub secrets: Option<&'a Secrets>,
    /// A number that was not used before.
    pub random: fn() -> std::io::Result<u128>,
}

/// The next news of a member.
pub enum News {
    /// It is watched from now on. True: another run of it was watched before.
    Up(bool),
    Down(Refusal),
    /// A CHANGE, at this place of its stream.
    Change(Range<usize>),
    Skipped(u64),
}

impl<'a> Member<'a> {
    /// A server that is called at once; none: it is plain, and cannot be watched.
    pub fn new(place: usize, server: &'a Server) -> Option<Member<'a>> {
        Some(Member {
            place,
            server,
            port: server.servers?,
            state: State::Waits(Mono(0)),
            backoff: LIMITS.redial_first,
            reached: None,
            newest: 0,
            past: (Run(0), 0),
            told: None,
            is_resolving: false,
        })
    }

    /// Has it tell at most this number of its newest changes first.
    pub fn begin_with(&mut self, newest: u64) {
        self.newest = newest;
    }

    /// Whether the change `seq` of the present run happened before it was watched.
    pub fn is_past(&self, seq: u64) -> bool {
        let run = self.reached.map(|it| it.0);
        run == Some(self.past.0) && seq <= self.past.1
    }

    /// The time of its next step.
    pub fn next_at(&self) -> Option<Mono> {
        match &self.state {
            State::Waits(at) => Some(*at),
            State::Calls(call) => call.next_at(),
            State::Up(stream) => Some(stream.deadline()),
        }
    }

    /// Takes in an event of the poll.
    pub fn event(&mut self, event: &Event, means: &Means<'a>) {
        match &mut self.state {
            State::Waits(_) => {}
            State::Calls(call) => call.event(event, &means.registry),
            State::Up(stream) => stream.conn.event(event.into()),
        }
    }

    /// Its name is resolved, or cannot be.
    pub fn resolved(&mut self, addresses: Resolved, now: Mono, means: &Means<'a>) {
        self.is_resolving = false;
        if let State::Calls(call) = &mut self.state {
            call.dial(addresses, now, &means.registry);
        }
    }

    /// The line of a CHANGE.
    pub fn line(&self, place: Range<usize>) -> &[u8] {
        match &self.state {
            State::Up(stream) => stream.line(place),
            _ => &[],
        }
    }

    /// Goes on as far as it can; none: there is nothing to tell for now.
    pub fn go_on(&mut self, now: Mono, means: &Means<'a>) -> Option<News> {
        if let State::Waits(at) = self.state
            && at <= now
            && let Err(why) = self.call(now, means)
        {
            return self.down(Refusal::other(why.to_string()), now);
        }
        if let State::Calls(call) = &mut self.state {
            call.go_on(now, &means.registry);
            return match call.take()? {
                // Where the newest changes begin, only the server can say.
                Ok(((run, seq), _)) if self.newest > 0 => {
                    self.past = (run, seq);
                    self.reached = Some((run, seq.saturating_sub(self.newest)));
                    (self.newest, self.state) = (0, State::Waits(now));
                    self.go_on(now, means)
                }
                Ok((begin, talk)) => {
                    let stream = Stream::new(talk.conn, begin, talk.unheard, now);
                    self.state = State::Up(Box::new(stream));
                    (self.backoff, self.told) = (LIMITS.redial_first, None);
                    let before = self.reached.replace(begin);
                    Some(News::Up(before.is_some_and(|it| it.0 != begin.0)))
                }
                Err(refusal) => self.down(refusal, now),
            };
        }
        let State::Up(stream) = &mut self.state else {
            return None;
        };
        let next = stream.next(now);
        self.reached = Some(stream.position());
        match next {
            Ok(Next::Change(place)) => Some(News::Change(place)),
            Ok(Next::Skipped(count)) => Some(News::Skipped(count)),
            Ok(Next::Nothing) => None,
            Err(why) => self.down(Refusal::other(why), now),
        }
    }

    /// Calls it, to go on where we were.
    fn call(&mut self, now: Mono, means: &Means<'a>) -> std::io::Result<()> {
        let start = Start {
            run: self.reached.map(|it| it.0),
            after: self.reached.map(|it| it.1),
        };
        let nonce = (means.random)()?;
        let dialogue = WatchDialogue::new(&self.server.name, nonce, start, means.secrets);
        let mut call = Call::new(dialogue, self.place * LIMITS.addresses, now);
        match &self.server.host {
            Host::Ip(address) => {
                let address = SocketAddr::new(address.to_canonical(), self.port);
                call.dial(Ok(vec![address]), now, &means.registry);
            }
            // An answer to an earlier question will do.
            Host::Name(_) if self.is_resolving => {}
            Host::Name(name) => {
                means.resolver.ask(self.place, name.clone(), self.port)?;
                self.is_resolving = true;
            }
        }
        self.state = State::Calls(Box::new(call));
        Ok(())
    }

    /// It is called again after a while. The same failure is told once.
    fn down(&mut self, refusal: Refusal, now: Mono) -> Option<News> {
        self.state = State::Waits(now + self.backoff);
        let most = match refusal.is_locked {
            true => LIMITS.redial_refused,
            false => LIMITS.redial_last,
        };
        self.backoff = (self.backoff * 2).min(most);
        let is_new = self.told.as_ref() != Some(&refusal.why);
        self.told = Some(refusal.why.clone());
        is_new.then_some(News::Down(refusal))
    }
}
