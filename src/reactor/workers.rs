//! The loop's work for other threads: lookups of places and of host names. Both block.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use mio::Waker;

use super::pool::Work;
use crate::node::{LookupError, Query};
use crate::places::Provider;
use crate::units::{LookupId, PeerId};

/// How a worker tells the loop that there are results.
pub fn wake(waker: &Arc<Waker>) -> impl Fn() + Clone + Send + Sync + 'static {
    let waker = Arc::clone(waker);
    // Writing to an eventfd fails only when it is full, and then the loop wakes anyway.
    move || drop(waker.wake())
}

/// Asks the provider of places.
pub struct Looker(pub Arc<dyn Provider>);

/// A question for the provider.
#[derive(Debug)]
pub struct Lookup {
    pub id: LookupId,
    pub query: Query,
}

impl Work for Looker {
    type Job = Lookup;
    type Done = (LookupId, Result<Vec<u8>, LookupError>);

    fn run(&self, job: &Lookup) -> Self::Done {
        (job.id, self.0.nearby(&job.query))
    }

    fn panicked(&self, job: &Lookup) -> Self::Done {
        let why = "the lookup failed; the log of the server says more".to_string();
        (job.id, Err(LookupError::Failed(why)))
    }
}

/// Resolves host names of neighbours.
pub struct Resolver;

/// An attempt to reach a neighbour, by its number.
pub type AttemptId = (PeerId, u64);

impl Work for Resolver {
    /// A host name and a port.
    type Job = (AttemptId, (String, u16));
    /// Its addresses, or why there are none.
    type Done = (AttemptId, Result<Vec<SocketAddr>, String>);

    fn run(&self, (attempt, (host, port)): &Self::Job) -> Self::Done {
        let addresses = match (host.as_str(), *port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(error.to_string()),
        };
        (*attempt, addresses)
    }

    fn panicked(&self, (attempt, _): &Self::Job) -> Self::Done {
        (*attempt, Err("the resolver failed".to_string()))
    }
}
