//! One connection: bytes in, bytes out, and what it is for.

use std::net::SocketAddr;

use super::patience::Patience;
use crate::buffers::{LineBuffer, Outbox, ReplyQueue};
use crate::limits::{Limit, Limits};
use crate::units::{ConnId, PeerId};
use crate::wire::Run;

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    /// Its name.
    pub id: ConnId,
    /// Where it comes from, for the log; a dialled one has its neighbour's name instead.
    pub from: Option<SocketAddr>,
    /// What it is for.
    pub role: Role,
    /// Bytes that are not obeyed yet.
    pub lines: LineBuffer,
    /// Replies that wait for a lookup, for the herd, or for one before them.
    pub replies: ReplyQueue,
    /// Lookups of it in flight.
    pub lookups: usize,
    /// Bytes that are not sent yet.
    pub outbox: Outbox,
    /// Of a client: so many of them may leave. What the others tell may not be in the journal yet.
    pub released: usize,
    /// Of a stranger that was greeted: what its proof is to be about.
    pub greeted: Option<Box<Greeted>>,
    /// What still comes in.
    pub input: Input,
    /// What follows when everything is sent.
    pub ending: Ending,
    /// How long its client has kept us waiting.
    pub patience: Patience,
    /// The shell was told not to read.
    pub paused: bool,
    /// Lines may be left in `lines`.
    pub behind: bool,
    /// It stands on the node's list of those that go on with what is left.
    pub queued: bool,
    /// It stands on the node's list of those to flush.
    pub flushing: bool,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It came in at the clients' door.
    Client,
    /// It came in at the servers' door and has not said HELLO.
    Stranger,
    /// It asks for the status from elsewhere, and is to prove that it knows the secret.
    Asker,
    /// It says that it is a neighbour. It may have to prove it, and has not been sent our SINCE.
    Greeted(PeerId),
    /// A neighbour that tells us things.
    Hearing(PeerId),
    /// A neighbour that we dialled to tell it things.
    Telling(PeerId),
    /// A plain neighbour that we dialled to tell it one thing.
    Plain(PeerId),
}

/// What a dialler or an asker and we have said, before it has proved that it knows the secret.
#[derive(Debug)]
pub struct Greeted {
    /// Its run; an asker has none, and this is 0.
    pub run: Run,
    /// Its nonce.
    pub nonce: Vec<u8>,
    /// Ours.
    pub our_nonce: String,
}

/// What still comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Lines.
    Open,
    /// Nothing: the other side has ended, and what is left without LF is a line.
    Ended,
    /// Whatever comes is dropped.
    Dropped,
}

/// What follows when everything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing: the connection stays.
    None,
    /// It is closed.
    Close,
    /// Sending is shut down; it is closed when the other side has ended, too, or after a while.
    Linger,
    /// Sending is shut down already.
    Lingering,
}

impl Session {
    /// A new connection.
    pub fn new(id: ConnId, from: Option<SocketAddr>, role: Role) -> Session {
        Session {
            id,
            from,
            role,
            lines: LineBuffer::default(),
            replies: ReplyQueue::default(),
            lookups: 0,
            outbox: Outbox::default(),
            released: 0,
            greeted: None,
            input: Input::Open,
            ending: Ending::None,
            patience: Patience::new(),
            paused: false,
            behind: false,
            queued: false,
            flushing: false,
        }
    }

    /// Whether the next line must wait, and for which limit: too much is owed, or too many wait
    /// already.
    pub fn full(&self, limits: &Limits) -> Option<Limit> {
        // A neighbour that we tell things only says how far it got. It is to be heard while its
        // outbox is kept full of changes, or it would seem dead however well it reads. But one
        // that reads nothing is not heard for ever, for a MARK is added each second.
        if let Role::Telling(_) = self.role {
            let most = limits.link_outbox + 2 * limits.server_line;
            return (self.outbox.len() >= most).then_some(Limit::link_outbox);
        }
        // Between the water marks it depends on which side it comes from.
        let most = if self.paused {
            limits.outbox_low
        } else {
            limits.outbox_high
        };
        if self.outbox.len() + self.replies.held() >= most {
            Some(Limit::outbox_high)
        } else if self.lookups >= limits.lookups {
            Some(Limit::lookups)
        } else {
            (self.replies.len() >= limits.replies).then_some(Limit::replies)
        }
    }

    /// Whether it came in at the servers' door and is not known to be a neighbour.
    pub fn is_stranger(&self) -> bool {
        matches!(self.role, Role::Stranger | Role::Asker) || self.greeted.is_some()
    }

    /// Whether every answer is given and sent.
    pub fn owes_nothing(&self) -> bool {
        self.outbox.is_empty() && self.replies.is_empty() && !self.behind
    }

    /// What may be written to it.
    pub fn unsent(&self) -> &[u8] {
        match self.role {
            Role::Client => &self.outbox.unsent()[..self.released],
            _ => self.outbox.unsent(),
        }
    }

    /// The longest line that it may send.
    pub fn line_max(&self, limits: &Limits) -> usize {
        if self.role == Role::Client {
            limits.client_line
        } else {
            limits.server_line
        }
    }
}

/// All connections, found in O(1) by the low half of their names.
#[derive(Debug, Default)]
pub struct Sessions {
    slots: Vec<Option<Session>>,
    /// How many of them are clients'.
    clients: usize,
}

impl Sessions {
    /// Adds a session in the slot that its name says.
    pub fn insert(&mut self, session: Session) {
        self.clients += usize::from(session.role == Role::Client);
        let key = session.id.key();
        if key >= self.slots.len() {
            self.slots.resize_with(key + 1, || None);
        }
        self.slots[key] = Some(session);
    }

    /// The session of that name; none if it is gone, even if another stands in its slot.
    pub fn get(&self, id: ConnId) -> Option<&Session> {
        self.slots
            .get(id.key())?
            .as_ref()
            .filter(|session| session.id == id)
    }

    /// Likewise, to change it.
    pub fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        self.slots
            .get_mut(id.key())?
            .as_mut()
            .filter(|session| session.id == id)
    }

    /// Takes it out.
    pub fn remove(&mut self, id: ConnId) -> Option<Session> {
        let slot = self.slots.get_mut(id.key())?;
        let session = slot.take_if(|session| session.id == id)?;
        self.clients -= usize::from(session.role == Role::Client);
        Some(session)
    }

    /// How many of those who are connected are clients.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// Everyone who is connected.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_name_finds_nothing() {
        let (old, new) = (ConnId::new(1, 2), ConnId::new(5, 2));
        let mut sessions = Sessions::default();
        sessions.insert(Session::new(old, None, Role::Client));
        assert!(sessions.get(old).is_some() && sessions.get(new).is_none());
        assert!(sessions.remove(new).is_none());
        assert!(sessions.remove(old).is_some());
        sessions.insert(Session::new(new, None, Role::Client));
        assert!(sessions.get_mut(old).is_none() && sessions.remove(old).is_none());
        assert_eq!((sessions.iter().count(), sessions.clients()), (1, 1));
        sessions.remove(new);
        assert_eq!((sessions.iter().count(), sessions.clients()), (0, 0));
    }
}
