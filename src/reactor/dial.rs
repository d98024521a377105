//! Dialling neighbours. The host of a neighbour may be a name, which a worker resolves, and may
//! have several addresses, which are tried in turn.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use super::connect::connect;
use super::io::Sockets;
use super::pool::{Pool, Size, Wake};
use super::reload::{Link, Places, Reload, Target, replace};
use super::shell::Shell;
use super::socket::Origin;
use crate::limits::{Limit, Limits};
use crate::node::Event;
use crate::units::{ConnId, PeerId};

/// The neighbours, and the newest attempt to reach each.
pub struct Dialler {
    pub places: Places,
    reload: Reload,
    /// By the place of the neighbour.
    attempts: Vec<Attempt>,
    source: Option<IpAddr>,
    resolver: Pool<Name, io::Result<VecDeque<SocketAddr>>>,
}

/// A host name and a port to be resolved, for an attempt of that number to reach a neighbour.
type Name = (PeerId, u64, String, u16);

/// The newest attempt to reach a neighbour; older ones are dropped.
#[derive(Debug, Default)]
struct Attempt {
    /// A worker's answer to an earlier attempt is ignored.
    number: u64,
    /// Addresses that are still to be tried.
    addresses: VecDeque<SocketAddr>,
    /// The connection that is being made.
    conn: Option<ConnId>,
}

impl Dialler {
    /// For neighbours that have the places of their indices. `source` is our own address, by which
    /// they know us, if it is not a name.
    ///
    /// # Errors
    /// When there is no room for another thread.
    pub fn new(
        links: Vec<Link>,
        reload: Reload,
        source: Option<IpAddr>,
        wake: &Wake,
    ) -> io::Result<Dialler> {
        let resolve = |(_, _, host, port): &Name| {
            let found = (&host[..], *port).to_socket_addrs();
            found.map(Iterator::collect::<VecDeque<_>>)
        };
        let size = Size {
            workers: 1,
            jobs_max: Limits::PRODUCT.resolver_queue,
            batch: 1,
        };
        Ok(Dialler {
            attempts: links.iter().map(|_| Attempt::default()).collect(),
            places: links.into_iter().map(Some).collect(),
            reload,
            source,
            resolver: Pool::start("names", size, resolve, wake)?,
        })
    }

    /// Begins to connect to a neighbour, and drops the attempt before.
    pub fn dial(&mut self, peer: PeerId, shell: &mut Shell) {
        self.drop_attempt(peer, &mut shell.sockets);
        let attempt = self.attempts[peer.index()].number;
        let (host, port) = match &self.places[peer.index()] {
            None => return,
            Some((_, Target::Address(address))) => {
                return self.try_all(peer, [*address].into(), shell);
            }
            Some((_, Target::Name(host, port))) => (host.clone(), *port),
        };
        if self.resolver.submit((peer, attempt, host, port)).is_err() {
            shell.node.hit(Limit::resolver_queue);
            fail(peer, "too many names to resolve", shell);
        }
    }

    fn drop_attempt(&mut self, peer: PeerId, sockets: &mut Sockets) {
        let attempt = &mut self.attempts[peer.index()];
        attempt.number += 1;
        if let Some(conn) = attempt.conn.take() {
            sockets.close(conn);
        }
    }

    /// Takes in the names that the worker has resolved.
    pub fn take_results(&mut self, shell: &mut Shell) {
        for ((peer, attempt, ..), resolved) in self.resolver.results() {
            if attempt != self.attempts[peer.index()].number {
                continue;
            }
            match resolved {
                Some(Ok(found)) => {
                    let addresses = found.iter().map(SocketAddr::ip).collect();
                    shell.tell(Event::Resolved { peer, addresses });
                    self.try_all(peer, found, shell);
                }
                Some(Err(error)) => fail(peer, error, shell),
                None => fail(peer, "the resolver failed", shell),
            }
        }
    }

    fn try_all(&mut self, peer: PeerId, addresses: VecDeque<SocketAddr>, shell: &mut Shell) {
        self.attempts[peer.index()].addresses = addresses;
        self.try_next(peer, "its name has no address".to_string(), shell);
    }

    /// Tries the next address; so far the attempt has failed with `why`.
    fn try_next(&mut self, peer: PeerId, mut why: String, shell: &mut Shell) {
        let attempt = &mut self.attempts[peer.index()];
        while let Some(address) = attempt.addresses.pop_front() {
            let stream = connect(address, self.source);
            let origin = Origin::Dialling(peer);
            match stream.and_then(|stream| shell.sockets.add(stream, origin, &shell.poll)) {
                Ok(conn) => {
                    attempt.conn = Some(conn);
                    return;
                }
                Err(error) => why = error.to_string(),
            }
        }
        fail(peer, why, shell);
    }

    /// Takes in an event of the connection that is being made to a neighbour.
    pub fn advance(&mut self, peer: PeerId, conn: ConnId, shell: &mut Shell) {
        let socket = shell.sockets.get(conn);
        let Some(outcome) = socket.and_then(|mut socket| socket.dial_outcome()) else {
            return;
        };
        self.attempts[peer.index()].conn = None;
        match outcome {
            Ok(()) => shell.tell(Event::Dialled { peer, conn }),
            Err(error) => {
                shell.sockets.close(conn);
                self.try_next(peer, error.to_string(), shell);
            }
        }
    }

    /// Reads the links of this server again. An error changes nothing.
    pub fn reload(&mut self, shell: &mut Shell) {
        let links = match (self.reload)() {
            Ok(links) => links,
            Err(why) => {
                return log::warn!("the topology was read again, and is not taken over: {why}");
            }
        };
        let changes = replace(&mut self.places, links);
        log::info!("the topology was read again: {}", changes.summary);
        for (peer, _) in changes.closed {
            self.drop_attempt(peer, &mut shell.sockets);
            shell.tell(Event::Unlinked { peer });
        }
        self.attempts
            .resize_with(self.places.len(), Attempt::default);
        for (peer, neighbour) in changes.opened {
            shell.tell(Event::Linked { peer, neighbour });
        }
    }
}

fn fail(peer: PeerId, why: impl ToString, shell: &mut Shell) {
    let why = why.to_string();
    shell.tell(Event::DialFailed { peer, why });
}
