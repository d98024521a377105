//! The neighbours by their places, and their change while the process runs, when the topology is
//! read again. Links that it still has are not touched.

use std::fmt;
use std::net::SocketAddr;

use crate::node::Neighbour;
use crate::units::PeerId;

/// Where a neighbour's servers' door is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address.
    Address(SocketAddr),
    /// A host name and a port.
    Name(String, u16),
}

/// A neighbour, and where it is dialled.
pub type Link = (Neighbour, Target);

/// Reads the links of this server again, or says why they cannot be adopted.
pub type Reload = Box<dyn FnMut() -> Result<Vec<Link>, String>>;

/// The links of this server, by the place of the neighbour; none: the place is free.
#[derive(Debug)]
pub struct Links(Vec<Option<Link>>);

/// The difference that new links make.
#[derive(Debug, PartialEq, Eq)]
pub struct Changes {
    pub kept: usize,
    pub closed: Vec<(PeerId, Neighbour)>,
    pub opened: Vec<(PeerId, Neighbour)>,
}

impl Links {
    /// Links whose neighbours have the places of their indices.
    pub fn new(links: Vec<Link>) -> Links {
        Links(links.into_iter().map(Some).collect())
    }

    /// How many places there are, free ones included.
    pub fn places(&self) -> usize {
        self.0.len()
    }

    /// Where the neighbour is dialled; none: its place is free.
    pub fn target(&self, peer: PeerId) -> Option<&Target> {
        self.0[peer.index()].as_ref().map(|(_, target)| target)
    }

    /// Replaces the links. A link that stays keeps its place; a new neighbour takes the first free
    /// one.
    pub fn replace(&mut self, mut links: Vec<Link>) -> Changes {
        let mut closed = Vec::new();
        for (index, place) in self.0.iter_mut().enumerate() {
            match links.iter().position(|link| place.as_ref() == Some(link)) {
                Some(kept) => drop(links.swap_remove(kept)),
                None => closed.extend(place.take().map(|old| (PeerId(index as u8), old.0))),
            }
        }
        let kept = self.0.iter().flatten().count();
        let mut opened = Vec::new();
        for link in links {
            let free = self.0.iter().position(Option::is_none);
            let index = free.unwrap_or(self.0.len());
            if free.is_none() {
                self.0.push(None);
            }
            opened.push((PeerId(index as u8), link.0.clone()));
            self.0[index] = Some(link);
        }
        Changes {
            kept,
            closed,
            opened,
        }
    }
}

/// `links kept: 1, closed: none, new: Hands, Welsh`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |links: &[(PeerId, Neighbour)]| match links {
            [] => "none".to_string(),
            links => {
                let names: Vec<&str> = links.iter().map(|(_, it)| it.name.as_str()).collect();
                names.join(", ")
            }
        };
        let (kept, closed, opened) = (self.kept, list(&self.closed), list(&self.opened));
        write!(f, "links kept: {kept}, closed: {closed}, new: {opened}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(name: &str, port: u16) -> Link {
        let neighbour = Neighbour {
            name: name.to_string(),
            plain: false,
            addresses: Vec::new(),
        };
        (neighbour, Target::Name("localhost".to_string(), port))
    }

    #[test]
    fn links_that_stay_keep_their_places() {
        let mut links = Links::new(vec![link("a", 1), link("b", 2), link("c", 3)]);
        // b is at another port, so its link is a new one, and takes the place of the old.
        let changes = links.replace(vec![link("d", 4), link("c", 3), link("b", 20)]);
        assert_eq!(
            changes.to_string(),
            "links kept: 1, closed: a, b, new: d, b"
        );
        assert_eq!(changes.opened[0].0, PeerId(0));
        assert_eq!(links.target(PeerId(1)), Some(&link("b", 20).1));
        assert_eq!(links.target(PeerId(2)), Some(&link("c", 3).1));
        let changes = links.replace(Vec::new());
        assert_eq!(
            changes.to_string(),
            "links kept: 0, closed: d, b, c, new: none"
        );
        assert_eq!((links.target(PeerId(1)), links.places()), (None, 3));
    }
}
