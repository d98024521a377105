//! Dialling neighbours. The host of a neighbour may be a name, which a worker resolves, and may
//! have several addresses, which are tried in turn.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::Waker;

use super::connect::connect;
use super::io::Sockets;
use super::pool::Pool;
use super::reload::{Link, Links, Reload, Target};
use super::shell::Shell;
use super::socket::Origin;
use super::workers::{AttemptId, Resolver, wake};
use crate::limits::{Limit, Limits};
use crate::node::Event;
use crate::units::{ConnId, PeerId};

/// The neighbours, and the newest attempt to reach each.
pub struct Dialler {
    links: Links,
    reload: Reload,
    /// By the place of the neighbour.
    attempts: Vec<Attempt>,
    source: Option<IpAddr>,
    /// None: no neighbour's host has been a name so far.
    resolver: Option<Pool<Resolver>>,
    waker: Arc<Waker>,
}

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
    pub fn new(
        links: Vec<Link>,
        reload: Reload,
        source: Option<IpAddr>,
        waker: Arc<Waker>,
    ) -> Dialler {
        Dialler {
            attempts: links.iter().map(|_| Attempt::default()).collect(),
            links: Links::new(links),
            reload,
            source,
            resolver: None,
            waker,
        }
    }

    /// How many places for neighbours there are.
    pub fn places(&self) -> usize {
        self.links.places()
    }

    /// Begins to connect to a neighbour, and drops the attempt before.
    pub fn dial(&mut self, peer: PeerId, shell: &mut Shell) {
        self.drop_attempt(peer, &mut shell.sockets);
        match self.links.target(peer).cloned() {
            None => {}
            Some(Target::Address(address)) => self.try_all(peer, vec![address], shell),
            Some(Target::Name(host, port)) => {
                let number = self.attempts[peer.index()].number;
                if let Err(why) = self.resolve((peer, number), host, port) {
                    shell.node.hit(Limit::resolver_queue);
                    fail(peer, why, shell);
                }
            }
        }
    }

    /// Asks the worker for the addresses of a name. It is started when the first name is met.
    fn resolve(&mut self, attempt: AttemptId, host: String, port: u16) -> Result<(), String> {
        let resolver = match &self.resolver {
            Some(resolver) => resolver,
            None => {
                let (queue, wake) = (Limits::PRODUCT.resolver_queue, wake(&self.waker));
                let started = Pool::start("names", 1, queue, Resolver, wake);
                let resolver = started.map_err(|error| error.to_string())?;
                self.resolver.insert(resolver)
            }
        };
        let queued = resolver.submit((attempt, (host, port)));
        queued.map_err(|_| "too many names to resolve".to_string())
    }

    fn drop_attempt(&mut self, peer: PeerId, sockets: &mut Sockets) {
        let attempt = &mut self.attempts[peer.index()];
        attempt.number += 1;
        attempt.addresses.clear();
        if let Some(conn) = attempt.conn.take() {
            sockets.close(conn);
        }
    }

    /// Takes in the names that the worker has resolved.
    pub fn take_results(&mut self, shell: &mut Shell) {
        let resolver = self.resolver.as_ref();
        let results = resolver.map(Pool::results).unwrap_or_default();
        for ((peer, number), resolved) in results {
            if number != self.attempts[peer.index()].number {
                continue;
            }
            match resolved {
                Ok(found) => {
                    let addresses = found.iter().map(SocketAddr::ip).collect();
                    shell.tell(Event::Resolved { peer, addresses });
                    self.try_all(peer, found, shell);
                }
                Err(why) => fail(peer, why, shell),
            }
        }
    }

    fn try_all(&mut self, peer: PeerId, addresses: Vec<SocketAddr>, shell: &mut Shell) {
        self.attempts[peer.index()].addresses = addresses.into();
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
        let changes = match (self.reload)() {
            Ok(links) => self.links.replace(links),
            Err(why) => {
                log::warn!("the topology was read again, and is not taken over: {why}");
                return;
            }
        };
        log::info!("the topology was read again: {changes}");
        for (peer, _) in changes.closed {
            self.drop_attempt(peer, &mut shell.sockets);
            shell.tell(Event::Unlinked { peer });
        }
        let places = self.links.places();
        self.attempts.resize_with(places, Attempt::default);
        for (peer, neighbour) in changes.opened {
            shell.tell(Event::Linked { peer, neighbour });
        }
    }
}

fn fail(peer: PeerId, why: String, shell: &mut Shell) {
    shell.tell(Event::DialFailed { peer, why });
}
