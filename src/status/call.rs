//! The question to one server, at as many of its addresses as it takes.

use std::io;
use std::net::SocketAddr;

use memchr::memchr;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::Answer;
use super::dialogue::{Dialogue, Refusal, Step};
use crate::limits::LIMITS;
use crate::reactor::{Conn, Race, ReadOutcome, Resolved, connect, outcome};
use crate::units::{Mono, SECOND};

/// One question under way.
pub struct Call<'a> {
    /// None: still under way.
    pub answer: Option<Answer>,
    /// When the server is taken for down.
    deadline: Mono,
    dialogue: Dialogue<'a>,
    /// The addresses of the server; none: its name is not resolved yet. It goes on until a server
    /// has answered, since another program may listen at one of them.
    race: Option<Race<Token>>,
    talks: Vec<Talk<'a>>,
    /// The server answered at one of its addresses that it wants more. Another one may be open.
    locked: Option<String>,
}

/// Why a conversation ended without a status.
enum Failure {
    Broken(io::Error),
    Refused(Refusal),
}

/// The conversation at one address.
struct Talk<'a> {
    address: SocketAddr,
    token: Token,
    conn: Conn<TcpStream>,
    dialogue: Dialogue<'a>,
    unsent: Vec<u8>,
    /// The start of the server's next line.
    line: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A question that waits for the addresses of its server, at most until the limit `resolve`.
    pub fn new(dialogue: Dialogue<'a>) -> Call<'a> {
        Call {
            answer: None,
            deadline: Mono(LIMITS.resolve),
            dialogue,
            race: None,
            talks: Vec::new(),
            locked: None,
        }
    }

    /// The place of the call that has this token.
    pub fn place(token: Token) -> usize {
        token.0 / LIMITS.addresses
    }

    /// Asks at the first of `addresses` that answers. `place` is the call's own.
    pub fn dial(&mut self, place: usize, addresses: Resolved, now: Mono, registry: &Registry) {
        match addresses {
            Err(error) => self.answer = Some(Answer::Down(error.to_string())),
            Ok(addresses) => {
                self.deadline = now + LIMITS.status_wait;
                self.race = Some(Race::to(&addresses));
                self.go_on(place, now, registry);
            }
        }
    }

    /// The time of the call's next step, if there is one.
    pub fn next_at(&self) -> Option<Mono> {
        let next = self.race.as_ref().and_then(Race::next_at);
        let next = next.map_or(self.deadline, |next| next.min(self.deadline));
        self.answer.is_none().then_some(next)
    }

    /// Takes the call's next step, if its time has come.
    pub fn go_on(&mut self, place: usize, now: Mono, registry: &Registry) {
        if self.answer.is_none() && now >= self.deadline {
            self.fail(match self.race {
                None => format!(
                    "its name has no answer within {} s",
                    LIMITS.resolve / SECOND
                ),
                Some(_) => format!("no answer within {} s", LIMITS.status_wait / SECOND),
            });
        }
        let (Some(race), None) = (&mut self.race, &self.answer) else {
            return;
        };
        let (dialogue, talks) = (&self.dialogue, &mut self.talks);
        let begun = race.go_on(now, |address| {
            let token = Token(place * LIMITS.addresses + talks.len());
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

    /// No address is left that may give a status.
    fn fail(&mut self, why: String) {
        self.answer = Some(match self.locked.take() {
            Some(why) => Answer::Locked(why),
            None => Answer::Down(why),
        });
    }

    /// Takes in an event of the poll, and goes on as far as the socket allows.
    pub fn event(&mut self, event: &Event, registry: &Registry) {
        let mut talks = self.talks.iter_mut();
        let talk = talks.find(|talk| talk.token == event.token());
        let (Some(talk), Some(race), None) = (talk, &mut self.race, &self.answer) else {
            return;
        };
        talk.conn.event(event.into());
        let outcome = match outcome(&talk.conn.stream) {
            None => return,
            Some(Ok(())) => talk.go_on(registry),
            Some(Err(error)) => Err(Failure::Broken(error)),
        };
        match outcome {
            Ok(answer) => self.answer = answer,
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

impl<'a> Talk<'a> {
    fn begin(
        address: SocketAddr,
        token: Token,
        dialogue: Dialogue<'a>,
        registry: &Registry,
    ) -> io::Result<Talk<'a>> {
        let mut stream = connect(address, &[])?;
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token, both)?;
        Ok(Talk {
            address,
            token,
            conn: Conn::new(stream),
            unsent: dialogue.start().into_bytes(),
            dialogue,
            line: Vec::new(),
        })
    }

    /// Writes what is to be said and reads all that has come. The loop needs no ready list, since a
    /// server can say no more than two lines.
    fn go_on(&mut self, registry: &Registry) -> Result<Option<Answer>, Failure> {
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
                ReadOutcome::Bytes(count) => self.line.extend_from_slice(&bytes[..count]),
            }
            if let Some(end) = memchr(b'\n', &self.line) {
                let step = self.dialogue.hear(&self.line[..end]);
                match step.map_err(Failure::Refused)? {
                    Step::Done(status) => return Ok(Some(Answer::Up(status))),
                    Step::Again => {
                        let dialogue = self.dialogue.clone();
                        *self = Talk::begin(self.address, self.token, dialogue, registry)?;
                        return Ok(None);
                    }
                    Step::Say(text) => self.unsent.extend_from_slice(text.as_bytes()),
                }
                self.line.drain(..=end);
            } else if self.line.len() > LIMITS.status_line {
                return Err(io::Error::other("its answer is too long").into());
            }
        }
    }
}
