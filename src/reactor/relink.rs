//! Other neighbours while the process runs: the topology was read again. Links that stand in it as
//! before are not touched.

use std::sync::Arc;

use mio::Waker;

use super::dial::{Attempt, Resolver, Target};
use super::pool::Pool;
use super::{EventLoop, LIMITS, wake};
use crate::node::{Event, Neighbour};
use crate::units::PeerId;

/// A neighbour, and where it is dialled.
pub type Link = (Neighbour, Target);

/// Reads the links of this server again; or says why they cannot be taken over.
pub type Reload = Box<dyn FnMut() -> Result<Vec<Link>, String>>;

impl EventLoop {
    /// Reads the topology again. What is wrong in it changes nothing.
    pub(super) fn reread(&mut self) {
        if self.doors.is_none() {
            return;
        }
        let read = (self.reread)().and_then(|links| self.relink(links));
        match read {
            Ok(said) => log::info!("the topology was read again: {said}"),
            Err(why) => log::warn!("the topology was read again, and is not taken over: {why}"),
        }
    }

    fn relink(&mut self, mut links: Vec<Link>) -> Result<String, String> {
        let is_name = |link: &Link| matches!(link.1, Target::Name(..));
        if self.resolver.is_none() && links.iter().any(is_name) {
            let resolver = start_resolver(&self.waker);
            self.resolver = Some(resolver.map_err(|error| error.to_string())?);
        }
        let (mut closed, mut opened) = (Vec::new(), Vec::new());
        for index in 0..self.links.len() {
            let Some(old) = &self.links[index] else {
                continue;
            };
            match links.iter().position(|link| link == old) {
                Some(kept) => drop(links.swap_remove(kept)),
                None => {
                    closed.push(old.0.name.clone());
                    self.unlink(PeerId(index as u8));
                }
            }
        }
        let kept = self.links.iter().flatten().count();
        for link in links {
            opened.push(link.0.name.clone());
            self.link(link);
        }
        let list = |names: Vec<String>| match names.is_empty() {
            true => "none".to_string(),
            false => names.join(", "),
        };
        let (closed, opened) = (list(closed), list(opened));
        Ok(format!(
            "links kept: {kept}, closed: {closed}, new: {opened}"
        ))
    }

    /// The place of that neighbour becomes free.
    fn unlink(&mut self, peer: PeerId) {
        self.links[peer.index()] = None;
        let attempt = &mut self.attempts[peer.index()];
        // What a worker still says about it is of an earlier attempt.
        attempt.number += 1;
        attempt.addresses.clear();
        if let Some(conn) = attempt.conn.take() {
            self.remove(conn);
        }
        self.node.handle(self.now, Event::Unlinked { peer });
    }

    /// A new neighbour takes the first free place.
    fn link(&mut self, link: Link) {
        let free = self.links.iter().position(Option::is_none);
        let index = free.unwrap_or(self.links.len());
        if free.is_none() {
            self.links.push(None);
            self.attempts.push(Attempt::default());
        }
        let peer = PeerId(index as u8);
        let neighbour = link.0.clone();
        self.links[index] = Some(link);
        self.node
            .handle(self.now, Event::Linked { peer, neighbour });
    }
}

/// The worker for host names.
pub(super) fn start_resolver(waker: &Arc<Waker>) -> std::io::Result<Pool<Resolver>> {
    Pool::start("names", 1, LIMITS.resolver_queue, Resolver, wake(waker))
}
