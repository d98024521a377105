//! Connecting to whichever of several addresses answers first, as RFC 8305 has it: one begins, a
//! quarter of a second later the next one beside it, or at once if the one before fails. It knows
//! no socket and no clock.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use crate::limits::LIMITS;
use crate::units::Mono;

/// One attempt to connect; `C` names a connection that is being made.
#[derive(Debug)]
pub struct Race<C> {
    untried: VecDeque<SocketAddr>,
    /// All that it was ever given.
    given: Vec<SocketAddr>,
    under_way: Vec<(C, SocketAddr)>,
    /// Connections of the attempts before that are still being made, the oldest first.
    earlier: Vec<(C, SocketAddr)>,
    /// When the next address begins.
    next_at: Option<Mono>,
    /// Why the last connection was not made.
    why: Option<io::Error>,
}

impl<C: PartialEq> Race<C> {
    pub fn to(addresses: &[SocketAddr]) -> Race<C> {
        Race {
            untried: addresses.iter().copied().collect(),
            given: addresses.to_vec(),
            under_way: Vec::new(),
            earlier: Vec::new(),
            next_at: None,
            why: None,
        }
    }

    /// The last connections of the attempt before may still win: on a slow line their answers come
    /// late. A plain neighbour's may not, for it gets a line on each. Those given up are closed.
    pub fn beside(mut self, before: Option<Race<C>>, is_plain: bool, close: impl FnMut(C)) -> Self {
        let most = match is_plain {
            true => 0,
            false => LIMITS.older_dials,
        };
        let before = before.into_iter().flat_map(Race::into_under_way);
        self.earlier = before.collect();
        let over = self.earlier.len().saturating_sub(most);
        let over = self.earlier.drain(..over).map(|(conn, _)| conn);
        over.for_each(close);
        self
    }

    /// Adds addresses, except those that it has.
    pub fn add(&mut self, addresses: &[SocketAddr]) {
        for address in addresses {
            if !self.given.contains(address) {
                self.given.push(*address);
                self.untried.push_back(*address);
            }
        }
    }

    /// When the next address begins; none: nothing is left to begin.
    pub fn next_at(&self) -> Option<Mono> {
        self.next_at
    }

    /// Begins with the next address if its time has come, or if no other is under way.
    ///
    /// # Errors
    /// The last address's, when nothing is under way and nothing is left.
    pub fn go_on(
        &mut self,
        now: Mono,
        mut begin: impl FnMut(SocketAddr) -> io::Result<C>,
    ) -> io::Result<()> {
        while self.under_way.is_empty() || self.next_at.is_none_or(|at| at <= now) {
            let Some(address) = self.untried.pop_front() else {
                break;
            };
            match begin(address) {
                Ok(conn) => {
                    self.under_way.push((conn, address));
                    self.next_at = Some(now + LIMITS.dial_next);
                }
                Err(why) => self.why = Some(why),
            }
        }
        if self.untried.is_empty() {
            self.next_at = None;
        }
        let none = || io::Error::other("its name has no address");
        match self.under_way.is_empty() {
            true => Err(self.why.take().unwrap_or_else(none)),
            false => Ok(()),
        }
    }

    /// A connection was not made: the next address need not wait.
    pub fn failed(&mut self, conn: &C, why: io::Error) {
        let count = self.earlier.len();
        self.earlier.retain(|(it, _)| it != conn);
        if self.earlier.len() < count {
            return;
        }
        self.under_way.retain(|(it, _)| it != conn);
        self.why = Some(why);
        self.next_at = None;
    }

    /// The address of a connection that is under way.
    pub fn address(&self, conn: &C) -> Option<SocketAddr> {
        let mut all = self.earlier.iter().chain(&self.under_way);
        all.find_map(|(it, address)| (it == conn).then_some(*address))
    }

    /// The connections that are not wanted any more, since `winner` was made, or there is to be
    /// none.
    pub fn losers(self, winner: Option<&C>) -> impl Iterator<Item = C> {
        let all = self.into_under_way().map(|(conn, _)| conn);
        all.filter(move |conn| Some(conn) != winner)
    }

    fn into_under_way(self) -> impl Iterator<Item = (C, SocketAddr)> {
        self.earlier.into_iter().chain(self.under_way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MILLISECOND;

    /// A race at a time in milliseconds; addresses are named by their ports, and port 9 cannot even
    /// begin.
    fn go_on(race: &mut Race<u16>, ms: u64, begun: &mut Vec<u16>) -> io::Result<()> {
        race.go_on(Mono(ms * MILLISECOND), |address| match address.port() {
            9 => Err(io::Error::other("unreachable")),
            port => {
                begun.push(port);
                Ok(port)
            }
        })
    }

    fn race(ports: &[u16]) -> Race<u16> {
        let addresses = ports.iter().map(|&port| ([127, 0, 0, 1], port).into());
        Race::to(&addresses.collect::<Vec<SocketAddr>>())
    }

    #[test]
    fn each_address_begins_a_quarter_of_a_second_after_the_one_before() {
        let (mut race, mut begun) = (race(&[1, 2, 9, 3]), Vec::new());
        for (ms, want) in [(0, 1), (249, 1), (250, 2), (499, 2), (500, 3), (9000, 3)] {
            go_on(&mut race, ms, &mut begun).expect("one is under way");
            assert_eq!(begun.len(), want, "{begun:?} at {ms}");
        }
        assert_eq!((begun, race.next_at()), (vec![1, 2, 3], None));
        assert_eq!(race.address(&2), Some(([127, 0, 0, 1], 2).into()));
        assert!(race.losers(Some(&2)).eq([1, 3]));
    }

    #[test]
    fn after_a_failure_the_next_one_begins_at_once_and_the_last_one_counts() {
        let (mut race, mut begun) = (race(&[1, 2]), Vec::new());
        go_on(&mut race, 0, &mut begun).expect("one is under way");
        race.failed(&1, io::Error::other("refused"));
        go_on(&mut race, 1, &mut begun).expect("one is under way");
        assert_eq!(begun, [1, 2]);
        race.failed(&2, io::Error::other("reset"));
        let why = go_on(&mut race, 2, &mut begun).expect_err("none is left");
        assert_eq!(why.to_string(), "reset");
    }

    #[test]
    fn the_last_connections_of_earlier_attempts_may_still_win() {
        let (mut last, mut begun, mut closed) = (None, Vec::new(), Vec::new());
        for number in 1..=5 {
            let mut next = race(&[number]).beside(last, false, |conn| closed.push(conn));
            go_on(&mut next, 3000, &mut begun).expect("one is under way");
            last = Some(next);
        }
        assert_eq!((&begun[..], &closed[..]), (&[1, 2, 3, 4, 5][..], &[1][..]));
        let mut last = last.expect("a race");
        assert_eq!(last.address(&2), Some(([127, 0, 0, 1], 2).into()));
        // Whether an earlier one fails does not matter.
        last.failed(&2, io::Error::other("reset"));
        go_on(&mut last, 3001, &mut begun).expect("one is under way");
        let plain = race(&[6]).beside(Some(last), true, |conn| closed.push(conn));
        assert_eq!(closed, [1, 3, 4, 5]);
        assert_eq!(plain.losers(None).count(), 0);
    }

    #[test]
    fn addresses_that_come_later_join_once() {
        let (mut race, mut begun) = (race(&[1]), Vec::new());
        go_on(&mut race, 0, &mut begun).expect("one is under way");
        race.add(&[([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()]);
        go_on(&mut race, 1, &mut begun).expect("both are under way");
        go_on(&mut race, 900, &mut begun).expect("both are under way");
        assert_eq!(begun, [1, 2]);
    }

    #[test]
    fn no_address_is_an_error() {
        let why = go_on(&mut race(&[]), 0, &mut Vec::new()).expect_err("nothing to begin");
        assert_eq!(why.to_string(), "its name has no address");
    }
}
