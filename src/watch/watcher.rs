//! All servers of a topology, watched side by side.

use std::io;
use std::sync::Arc;

use mio::{Registry, Token};

use super::member::{Means, Member, News};
use crate::limits::LIMITS;
use crate::reactor::{Clock, Resolver};
use crate::secret::Secrets;
use crate::topology::Topology;
use crate::wire::{Message, Report};

/// Events that are given before the poll has its turn. A server that has always more to tell than
/// the caller takes would keep the others unheard. It bounds nothing.
const TURN: usize = 256;

/// A watcher of all servers that are not plain.
pub struct Watch<'a> {
    members: Vec<Member<'a>>,
    /// The member that is asked next.
    turn: usize,
    /// Events that were given since the poll had its turn.
    given: usize,
    means: Means<'a>,
    clock: Clock,
}

/// Something happened. `server` is a place in the topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'e> {
    /// Every change of this server is told from now on. `is_restarted`: another run of it was
    /// watched before, and its changes in between are not known.
    Up { server: usize, is_restarted: bool },
    /// It cannot be watched for now, and is tried again. `is_locked`: it wants a proof. The same
    /// reason is told once.
    Down {
        server: usize,
        why: String,
        is_locked: bool,
    },
    /// A change in the table of this server, whose number in its feed is `seq`. The neighbour
    /// `teller` told it; none: a client of this server did, or its journal. `is_past`: it happened
    /// before the server was watched.
    Change {
        server: usize,
        seq: u64,
        teller: Option<&'e [u8]>,
        report: Report<'e>,
        is_past: bool,
    },
    /// We were slow, and the server left out this number of changes: there are newer ones of the
    /// same clients.
    Skipped { server: usize, count: u64 },
}

impl<'a> Watch<'a> {
    /// Watches the servers of `topology`, with the secrets that they may want. Sockets are
    /// registered with `registry`, under tokens below [`Watch::tokens`]. `wake` makes the caller's
    /// poll return, from another thread. Each call of `random` gives a number that was not used
    /// before.
    pub fn new(
        topology: &'a Topology,
        secrets: Option<&'a Secrets>,
        registry: Registry,
        wake: Arc<dyn Fn() + Send + Sync>,
        random: fn() -> io::Result<u128>,
    ) -> Watch<'a> {
        let servers = topology.servers.iter().enumerate();
        let members = servers.filter_map(|(place, server)| Member::new(place, server));
        Watch {
            members: members.collect(),
            turn: 0,
            given: 0,
            means: Means {
                registry,
                resolver: Resolver::new(&wake),
                secrets,
                random,
            },
            clock: Clock::start(),
        }
    }

    /// Has each server tell at most this number of its newest changes first. Call it before the
    /// first event.
    pub fn begin_with(&mut self, newest: u64) {
        for member in &mut self.members {
            member.begin_with(newest);
        }
    }

    /// The first token that is not its own.
    pub fn tokens(topology: &Topology) -> Token {
        Token(topology.servers.len() * LIMITS.addresses)
    }

    /// Takes in an event of the poll; those of other tokens are ignored.
    pub fn event(&mut self, event: &mio::event::Event) {
        let place = event.token().0 / LIMITS.addresses;
        if let Some(member) = self.members.iter_mut().find(|it| it.place == place) {
            member.event(event, &self.means);
        }
    }

    /// How long the poll may wait, once there is no event, in nanoseconds; none: for ever.
    pub fn timeout(&mut self) -> Option<u64> {
        if std::mem::take(&mut self.given) == TURN {
            return Some(0);
        }
        let next = self.members.iter().filter_map(Member::next_at).min();
        next.map(|at| at.since(self.clock.mono()))
    }

    /// The next event, from one server after the other; none: wait for the poll, as long as
    /// [`Watch::timeout`] says, which is not at all if there may be more.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        if self.given == TURN {
            return None;
        }
        let now = self.clock.mono();
        for (place, addresses) in self.means.resolver.answers() {
            if let Some(member) = self.members.iter_mut().find(|it| it.place == place) {
                member.resolved(addresses, now, &self.means);
            }
        }
        let count = self.members.len();
        let found = (0..count).find_map(|step| {
            let at = (self.turn + step) % count;
            Some((at, self.members[at].go_on(now, &self.means)?))
        });
        let (at, news) = found?;
        // One that has much to tell does not keep the others waiting.
        self.turn = at + 1;
        self.given += 1;
        let member = &self.members[at];
        let server = member.place;
        Some(match news {
            News::Up(is_restarted) => Event::Up {
                server,
                is_restarted,
            },
            News::Down(refusal) => Event::Down {
                server,
                why: refusal.why,
                is_locked: refusal.is_locked,
            },
            News::Skipped(count) => Event::Skipped { server, count },
            News::Change(place) => match Message::parse(member.line(place)) {
                Some(Message::Change(changed)) => Event::Change {
                    server,
                    seq: changed.seq,
                    teller: Some(changed.teller).filter(|it| *it != b"-"),
                    report: changed.report,
                    is_past: member.is_past(changed.seq),
                },
                // It was one when the stream read it.
                _ => return None,
            },
        })
    }
}
