//! The order in which a turn writes: links before clients, watchers last.

use herd::node::Node;
use herd::units::ConnId;

/// How far a turn has come.
#[derive(Default)]
pub struct Order(Rank);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    #[default]
    Link,
    Client,
    Watcher,
}

impl Order {
    /// A connection is written to, a client's or another. Returns what is wrong with that.
    pub fn next(&mut self, conn: ConnId, is_client: bool, node: &Node) -> Option<String> {
        let rank = match is_client {
            true => Rank::Client,
            false if node.inspect().is_watcher(conn) => Rank::Watcher,
            false => Rank::Link,
        };
        let last = std::mem::replace(&mut self.0, rank);
        (rank < last).then(|| format!("a {rank:?} was written to after a {last:?}"))
    }
}
