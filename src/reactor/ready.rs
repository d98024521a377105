//! The ready list: connections with work, links and clients apart.

use std::collections::VecDeque;

use crate::units::ConnId;

/// The ready list.
#[derive(Debug, Default)]
pub struct Ready {
    links: VecDeque<ConnId>,
    clients: VecDeque<ConnId>,
    /// Links and clients that are still to be served in this turn.
    turn: [usize; 2],
}

impl Ready {
    /// Puts a connection at the end of the list.
    pub fn push(&mut self, conn: ConnId, is_client: bool) {
        match is_client {
            true => self.clients.push_back(conn),
            false => self.links.push_back(conn),
        }
    }

    /// Whether no connection is on it.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.clients.is_empty()
    }

    /// Rule 3: a turn serves the connections that are on the list now; one that is listed again
    /// during the turn waits for the next.
    pub fn begin_turn(&mut self) {
        self.turn = [self.links.len(), self.clients.len()];
    }

    /// Takes the turn's next connection off the list. Rule 9: links before clients, so that a
    /// client that has its answer and asks a neighbour is always known there.
    pub fn next(&mut self) -> Option<ConnId> {
        let (left, list) = match &mut self.turn {
            [0, clients] => (clients, &mut self.clients),
            [links, _] => (links, &mut self.links),
        };
        *left = left.checked_sub(1)?;
        list.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENTS: [ConnId; 3] = [ConnId(1), ConnId(2), ConnId(3)];
    const LINK: ConnId = ConnId(9);

    fn turn(ready: &mut Ready) -> Vec<ConnId> {
        ready.begin_turn();
        std::iter::from_fn(|| ready.next()).collect()
    }

    #[test]
    fn links_come_before_clients_and_each_in_the_order_of_coming() {
        let mut ready = Ready::default();
        for client in CLIENTS {
            ready.push(client, true);
        }
        ready.push(LINK, false);
        assert!(!ready.is_empty());
        let [first, second, third] = CLIENTS;
        assert_eq!(turn(&mut ready), [LINK, first, second, third]);
        assert!(ready.is_empty() && turn(&mut ready).is_empty());
    }

    #[test]
    fn a_connection_that_is_listed_during_a_turn_waits_for_the_next() {
        let mut ready = Ready::default();
        let [first, second, _] = CLIENTS;
        ready.push(first, true);
        ready.push(second, true);
        ready.begin_turn();
        assert_eq!(ready.next(), Some(first));
        ready.push(first, true);
        ready.push(LINK, false);
        assert_eq!(ready.next(), Some(second));
        assert_eq!(ready.next(), None);
        assert_eq!(turn(&mut ready), [LINK, first]);
    }
}
