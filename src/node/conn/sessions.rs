//! All connections, found in O(1) by the low half of their names.

use super::session::Session;
use crate::limits::Limits;
use crate::units::{ConnId, Mono};

/// The connections by slot. Each access checks the whole name, so a stale one finds nothing.
#[derive(Debug, Default)]
pub struct Sessions {
    slots: Vec<Option<Session>>,
    /// Where the search for an idle client goes on.
    hand: usize,
}

impl Sessions {
    /// Adds a session in the slot that its name says.
    pub fn insert(&mut self, session: Session) -> &mut Session {
        let key = session.id.key();
        if key >= self.slots.len() {
            self.slots.resize_with(key + 1, || None);
        }
        self.slots[key].insert(session)
    }

    /// The session of that name; none if it is gone, even if another has its slot.
    pub fn get(&self, id: ConnId) -> Option<&Session> {
        let slot = self.slots.get(id.key())?;
        slot.as_ref().filter(|session| session.id == id)
    }

    /// The session of that name, to change it.
    pub fn get_mut(&mut self, id: ConnId) -> Option<&mut Session> {
        let slot = self.slots.get_mut(id.key())?;
        slot.as_mut().filter(|session| session.id == id)
    }

    /// Takes a session out.
    pub fn remove(&mut self, id: ConnId) -> Option<Session> {
        let slot = self.slots.get_mut(id.key())?;
        slot.take_if(|session| session.id == id)
    }

    /// The client that has been idle longest, and long enough to make room for another, among the
    /// next sessions, as many as one search may see.
    pub fn idlest_client(&mut self, now: Mono, limits: &Limits) -> Option<(ConnId, u64)> {
        let (mut longest, mut idlest) = (limits.clients_idle, None);
        for _ in 0..limits.idle_search.min(self.slots.len()) {
            self.hand = (self.hand + 1) % self.slots.len();
            if let Some(session) = &self.slots[self.hand] {
                let age = session.input.active.age(now);
                if age > longest && session.is_idle_client() {
                    (longest, idlest) = (age, Some((session.id, age)));
                }
            }
        }
        idlest
    }

    /// All sessions.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots.iter().flatten()
    }

    /// All sessions, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.slots.iter_mut().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Stamp};
    use super::*;
    use crate::units::SECOND;

    #[test]
    fn a_search_sees_a_few_clients_and_the_next_one_goes_on_from_there() {
        let limits = Limits {
            idle_search: 4,
            ..Limits::PRODUCT
        };
        let mut sessions = Sessions::default();
        assert_eq!(sessions.idlest_client(Mono(0), &limits), None);
        for key in 0..10 {
            let id = ConnId::new(1, key);
            let session = sessions.insert(Session::new(id, None, Kind::Client));
            session.input.active = Stamp::of(Mono(key as u64 * SECOND));
        }
        let now = Mono(60 * SECOND);
        let mut search = |now| Some(sessions.idlest_client(now, &limits)?.0.key());
        // Slots 1 to 4, 5 to 8, then 9 and 0 to 2.
        assert_eq!([search(now), search(now), search(now)], [1, 5, 0].map(Some));
    }

    #[test]
    fn a_stale_name_finds_nothing() {
        let (old, new) = (ConnId::new(1, 2), ConnId::new(5, 2));
        let mut sessions = Sessions::default();
        sessions.insert(Session::new(old, None, Kind::Client));
        assert!(sessions.get(old).is_some() && sessions.get(new).is_none());
        assert!(sessions.remove(new).is_none());
        assert!(sessions.remove(old).is_some());
        sessions.insert(Session::new(new, None, Kind::Client));
        assert!(sessions.get_mut(old).is_none() && sessions.remove(old).is_none());
        assert_eq!(sessions.iter().count(), 1);
        sessions.remove(new);
        assert_eq!(sessions.iter().count(), 0);
    }
}
