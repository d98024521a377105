//! The neighbours by their places, and their change while the process runs, when the topology is
//! read again, and the secrets with it. Links that it still has are not touched.

use std::net::SocketAddr;

use crate::node::Neighbour;
use crate::secret::Secrets;
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

/// Reads again what may change while the server runs.
pub type Reload = Box<dyn FnMut() -> Reread>;

/// The outcome of a reload: each part, or why it cannot be adopted.
pub struct Reread {
    /// The secrets; none: the server was started without one.
    pub secrets: Option<Result<Secrets, String>>,
    /// The links of this server.
    pub links: Result<Vec<Link>, String>,
}

/// The links of this server, by the place of the neighbour; none: the place is free.
pub type Places = Vec<Option<Link>>;

/// The difference that new links make.
pub struct Changes {
    pub closed: Vec<(PeerId, Neighbour)>,
    pub opened: Vec<(PeerId, Neighbour)>,
    /// `links kept: 1, closed: none, new: Hands, Welsh`.
    pub summary: String,
}

/// Replaces the links. A link that stays keeps its place; a new neighbour takes the first free one.
pub fn replace(places: &mut Places, mut links: Vec<Link>) -> Changes {
    let (mut closed, mut opened) = (Vec::new(), Vec::new());
    for (index, place) in places.iter_mut().enumerate() {
        match links.iter().position(|link| place.as_ref() == Some(link)) {
            Some(kept) => drop(links.swap_remove(kept)),
            None => closed.extend(place.take().map(|old| (PeerId(index as u8), old.0))),
        }
    }
    let kept = places.iter().flatten().count();
    for link in links {
        let free = places.iter().position(Option::is_none);
        let index = free.unwrap_or(places.len());
        opened.push((PeerId(index as u8), link.0.clone()));
        places.resize(places.len().max(index + 1), None);
        places[index] = Some(link);
    }
    let (ended, new) = (names(&closed), names(&opened));
    Changes {
        closed,
        opened,
        summary: format!("links kept: {kept}, closed: {ended}, new: {new}"),
    }
}

fn names(links: &[(PeerId, Neighbour)]) -> String {
    let names: Vec<&str> = links.iter().map(|(_, it)| &it.name[..]).collect();
    match names.is_empty() {
        true => "none".to_string(),
        false => names.join(", "),
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
        let mut places = [link("a", 1), link("b", 2), link("c", 3)]
            .map(Some)
            .to_vec();
        // b is at another port, so its link is a new one, and takes the place of the old.
        let changes = replace(&mut places, vec![link("d", 4), link("c", 3), link("b", 20)]);
        assert_eq!(changes.summary, "links kept: 1, closed: a, b, new: d, b");
        assert_eq!(changes.opened[0].0, PeerId(0));
        assert_eq!(places[1], Some(link("b", 20)));
        assert_eq!(places[2], Some(link("c", 3)));
        let changes = replace(&mut places, Vec::new());
        assert_eq!(changes.summary, "links kept: 0, closed: d, b, c, new: none");
        assert_eq!(places, [None, None, None]);
    }
}
