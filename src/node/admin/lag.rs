//! The number of changes that a neighbour is not known to have, counted for a status alone: nothing
//! is kept for it while changes are told.

use crate::node::links::Peer;
use crate::store::Feed;

/// The clients whose newest change the neighbour has neither confirmed nor told us itself. Only
/// `steps` changes are looked at; the further ones count as if it lacked them all.
pub fn lag(peer: &Peer, feed: &Feed, steps: usize) -> u64 {
    let confirmed = match peer.is_foreign() {
        true => peer.outgoing.sent_seq,
        false => peer.outgoing.acked_seq,
    };
    let (mut passed, mut lacking, mut at) = (0, 0, confirmed);
    for change in feed.changes_after(confirmed).take(steps) {
        passed += 1;
        lacking += u64::from(!peer.knows(&change));
        at = change.seq;
    }
    // Each client is in the feed once, however often it has moved.
    let clients = feed.count() as u64 - passed;
    lacking + feed.last().saturating_sub(at).min(clients)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::node::api::Neighbour;
    use crate::store::Record;
    use crate::units::PeerId;
    use crate::wire::Report;

    #[test]
    fn changes_that_the_neighbour_told_us_do_not_count() {
        let mut feed = Feed::new(4);
        let cursor = feed.follow();
        let neighbour = Neighbour {
            name: "B".into(),
            addresses: Vec::new(),
            plain: false,
        };
        let id = PeerId(0);
        let mut peer = Peer::new(id, neighbour, cursor, &Limits::PRODUCT);
        let line = b"AT A +0.000000000 kiwi +1-2 1000";
        let report = Report::parse(line).unwrap();
        for number in 0..10 {
            let slot = feed.add(Record::new(&report, line));
            let is_its = number % 2 == 0;
            feed.publish(slot, is_its.then_some(id));
        }
        assert_eq!(lag(&peer, &feed, 100), 5);
        // It confirmed four, of which it had told us two.
        peer.outgoing.acked_seq = 4;
        assert_eq!(lag(&peer, &feed, 100), 3);
        // Of the six after them only two are looked at.
        assert_eq!(lag(&peer, &feed, 2), 1 + 4);
        // One client that moves is one client.
        (0..100).for_each(|_| feed.publish(9, None));
        assert_eq!(lag(&peer, &feed, 100), 3);
        assert_eq!(lag(&peer, &feed, 2), 1 + 8);
        peer.outgoing.acked_seq = feed.last();
        assert_eq!(lag(&peer, &feed, 100), 0);
    }
}
