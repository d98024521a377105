//! The call to one server, at as many of its addresses as it takes.

use std::io;
use std::net::SocketAddr;

use memchr::memchr;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::dialogue::{Dialogue, Refusal, Step};
use crate::limits::LIMITS;
use crate::reactor::{Conn, Race, ReadOutcome, Resolved, connect, outcome};
use crate::units::{Mono, SECOND};

/// One call under way.
pub struct Call<D: Dialogue> {
    /// None: still under way.
    outcome: Option<Outcome<D>>,
    /// When the server is taken for down.
    deadline: Mono,
    dialogue: D,
    /// The token of its first address. Each further one has the next token, and there are at most
    /// `addresses` of them.
    first: usize,
    /// The addresses of the server; none: its name is not resolved yet. It goes on until a server
    /// has answered, since another program may listen at one of them.
    race: Option<Race<Token>>,
    talks: Vec<Talk<D>>,
    /// The server answered at one of its addresses that it wants more. Another one may be open.
    locked: Option<String>,
}

/// How a call ended: with an answer, and the connection on which more may follow.
pub type Outcome<D> = Result<(<D as Dialogue>::Answer, Talk<D>), Refusal>;

/// Why a conversation ended without an answer.
enum Failure {
    Broken(io::Error),
    Refused(Refusal),
}

/// The conversation at one address.
pub struct Talk<D> {
    address: SocketAddr,
    pub token: Token,
    pub conn: Conn<TcpStream>,
    dialogue: D,
    unsent: Vec<u8>,
    /// Bytes that the server has said, and nobody has heard: less than a line, until there is an
    /// answer.
    pub unheard: Vec<u8>,
}

impl<D: Dialogue> Call<D> {
    /// A call that waits for the addresses of its server, at most until the limit `resolve` is
    /// over. Its tokens begin with `first`.
    pub fn new(dialogue: D, first: usize, now: Mono) -> Call<D> {
        Call {
            outcome: None,
            deadline: now + LIMITS.resolve,
            dialogue,
            first,
            race: None,
            talks: Vec::new(),
            locked: None,
        }
    }

    /// How it ended, once it has.
    pub fn take(&mut self) -> Option<Outcome<D>> {
        self.outcome.take()
    }

    /// Whether it is still under way.
    fn is_under_way(&self) -> bool {
        self.outcome.is_none()
    }

    /// Asks at the first of `addresses` that answers.
    pub fn dial(&mut self, addresses: Resolved, now: Mono, registry: &Registry) {
        match addresses {
            Err(error) => self.outcome = Some(Err(Refusal::other(error.to_string()))),
            Ok(addresses) => {
                self.deadline = now + LIMITS.status_wait;
                self.race = Some(Race::to(&addresses));
                self.go_on(now, registry);
            }
        }
    }

    /// The time of the call's next step, if there is one.
    pub fn next_at(&self) -> Option<Mono> {
        let next = self.race.as_ref().and_then(Race::next_at);
        let next = next.map_or(self.deadline, |next| next.min(self.deadline));
        self.is_under_way().then_some(next)
    }

    /// Takes the call's next step, if its time has come.
    pub fn go_on(&mut self, now: Mono, registry: &Registry) {
        if self.is_under_way() && now >= self.deadline {
            self.fail(match self.race {
                None => format!(
                    "its name has no answer within {} s",
                    LIMITS.resolve / SECOND
                ),
                Some(_) => format!("no answer within {} s", LIMITS.status_wait / SECOND),
            });
        }
        let (Some(race), None) = (&mut self.race, &self.outcome) else {
            return;
        };
        let (dialogue, talks, first) = (&self.dialogue, &mut self.talks, self.first);
        let begun = race.go_on(now, |address| {
            let token = Token(first + talks.len());
            talks.push(Talk::begin(address, token, dialogue.clone(), registry)?);
            Ok(token)
        });
        if let Err(error) = begun {
            self.fail(match error.kind() {
                io::ErrorKind::ConnectionRefused => "nobody listens there".to_string(),
                _ => error.to_string(),
            });
        }
    }

    /// No address is left that may give an answer.
    fn fail(&mut self, why: String) {
        self.outcome = Some(Err(match self.locked.take() {
            Some(why) => Refusal::locked(why),
            None => Refusal::other(why),
        }));
    }

    /// Takes in an event of the poll, and goes on as far as the socket allows.
    pub fn event(&mut self, event: &Event, registry: &Registry) {
        let place = self.talks.iter().position(|it| it.token == event.token());
        let (Some(place), Some(race), None) = (place, &mut self.race, &self.outcome) else {
            return;
        };
        let talk = &mut self.talks[place];
        talk.conn.event(event.into());
        let outcome = match outcome(&talk.conn.stream) {
            None => return,
            Some(Ok(())) => talk.go_on(registry),
            Some(Err(error)) => Err(Failure::Broken(error)),
        };
        match outcome {
            Ok(None) => {}
            Ok(Some(answer)) => {
                self.outcome = Some(Ok((answer, self.talks.swap_remove(place))));
                self.talks.clear();
            }
            Err(Failure::Broken(why)) => race.failed(&talk.token, why),
            Err(Failure::Refused(Refusal { why, is_locked })) => {
                race.failed(&talk.token, io::Error::other(why.clone()));
                self.locked = is_locked.then_some(why).or(self.locked.take());
            }
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error)
    }
}

impl<D: Dialogue> Talk<D> {
    fn begin(
        address: SocketAddr,
        token: Token,
        dialogue: D,
        registry: &Registry,
    ) -> io::Result<Talk<D>> {
        let mut stream = connect(address, &[])?;
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token, both)?;
        Ok(Talk {
            address,
            token,
            conn: Conn::new(stream),
            unsent: dialogue.start().into_bytes(),
            dialogue,
            unheard: Vec::new(),
        })
    }

    /// Writes what is to be said and reads all that has come. The loop needs no ready list, since a
    /// server can say no more than a few lines before its answer.
    fn go_on(&mut self, registry: &Registry) -> Result<Option<D::Answer>, Failure> {
        let mut bytes = [0; 4096];
        loop {
            let count = self.conn.write(&self.unsent);
            self.unsent.drain(..count);
            match self.conn.read(&mut bytes) {
                ReadOutcome::Nothing => return Ok(None),
                ReadOutcome::Ended => {
                    let why = "it ended the connection without an answer";
                    return Err(io::Error::other(why).into());
                }
                ReadOutcome::Broken(why) => return Err(io::Error::other(why).into()),
                ReadOutcome::Bytes(count) => self.unheard.extend_from_slice(&bytes[..count]),
            }
            if let Some(end) = memchr(b'\n', &self.unheard) {
                let step = self.dialogue.hear(&self.unheard[..end]);
                self.unheard.drain(..=end);
                match step.map_err(Failure::Refused)? {
                    Step::Done(answer) => return Ok(Some(answer)),
                    Step::Again => {
                        let dialogue = self.dialogue.clone();
                        *self = Talk::begin(self.address, self.token, dialogue, registry)?;
                        return Ok(None);
                    }
                    Step::Say(text) => self.unsent.extend_from_slice(text.as_bytes()),
                }
            } else if self.unheard.len() > LIMITS.status_line {
                return Err(io::Error::other("its answer is too long").into());
            }
        }
    }
}
