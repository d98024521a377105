//! Who has work: each once, links and clients apart.

use std::collections::VecDeque;

use super::conns::{Entry, Kind};
use crate::units::ConnId;

/// The ready list.
#[derive(Debug, Default)]
pub struct Ready {
    links: VecDeque<ConnId>,
    clients: VecDeque<ConnId>,
    /// Neighbours may be waiting at the door.
    pub servers_door: bool,
    /// Clients may be waiting at the door.
    pub clients_door: bool,
}

impl Ready {
    /// Puts a connection on the list, if it is not there.
    pub fn list(&mut self, entry: &mut Entry) {
        if entry.listed {
            return;
        }
        entry.listed = true;
        match entry.kind {
            Kind::Client => self.clients.push_back(entry.id),
            Kind::Link | Kind::Dialling(_) => self.links.push_back(entry.id),
        }
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.clients.is_empty() && !self.servers_door && !self.clients_door
    }

    /// How many links and how many clients are on it.
    pub fn len(&self) -> (usize, usize) {
        (self.links.len(), self.clients.len())
    }

    /// Takes the first link off the list.
    pub fn next_link(&mut self) -> Option<ConnId> {
        self.links.pop_front()
    }

    /// Takes the first client off the list.
    pub fn next_client(&mut self) -> Option<ConnId> {
        self.clients.pop_front()
    }
}
