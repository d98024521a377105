//! The host name of a neighbour, as far as it is known: its last good addresses, and their age.

use std::io;
use std::net::SocketAddr;

use super::resolve::Resolved;
use crate::limits::LIMITS;
use crate::units::Mono;

/// A host name, as far as it is known.
#[derive(Debug, Default)]
pub struct Name {
    /// The last good answer; empty: there was none yet.
    pub addresses: Vec<SocketAddr>,
    /// When it came.
    at: Mono,
    /// The last question had no good answer.
    has_failed: bool,
    /// A question is under way, and no second one is asked.
    pub is_asked: bool,
}

impl Name {
    /// Whether the addresses are so new that the name need not be asked for again.
    pub fn is_fresh(&self, now: Mono) -> bool {
        let is_young = now.since(self.at) < LIMITS.name_age;
        is_young && !self.has_failed && !self.addresses.is_empty()
    }

    /// Takes in an answer. A bad one leaves the last good addresses in use; it is returned, and
    /// whether the answer before was good.
    pub fn answered(&mut self, found: Resolved, now: Mono) -> Option<(io::Error, bool)> {
        self.is_asked = false;
        match found {
            Ok(addresses) => {
                (self.addresses, self.at, self.has_failed) = (addresses, now, false);
                None
            }
            Err(why) => Some((why, !std::mem::replace(&mut self.has_failed, true))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn the_last_good_addresses_outlive_bad_answers() {
        let age = Limits::PRODUCT.name_age;
        let mut name = Name::default();
        assert!(!name.is_fresh(Mono(0)));
        let gone = || Err(io::Error::other("gone"));
        let news = |failure: Option<(io::Error, bool)>| failure.map(|(_, is_news)| is_news);
        assert_eq!(news(name.answered(gone(), Mono(1))), Some(true));
        let good = vec![SocketAddr::from(([127, 0, 0, 1], 1))];
        assert_eq!(news(name.answered(Ok(good.clone()), Mono(2))), None);
        assert!(name.is_fresh(Mono(1) + age) && !name.is_fresh(Mono(2) + age));
        for is_news in [true, false] {
            assert_eq!(news(name.answered(gone(), Mono(3))), Some(is_news));
            assert!(name.addresses == good && !name.is_fresh(Mono(3)));
        }
    }
}
