//! All connections, found in O(1) by the low half of their names.

use super::session::Session;
use crate::units::ConnId;

/// The connections by slot. Each access checks the whole name, so a stale one finds nothing.
#[derive(Debug, Default)]
pub struct Sessions {
    slots: Vec<Option<Session>>,
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

    /// All sessions.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots.iter().flatten()
    }

    /// The names of all sessions, for a loop that changes them.
    pub fn ids(&self) -> Vec<ConnId> {
        self.iter().map(|session| session.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

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
