//! Servers and links without a network: a seed decides which line arrives next.

use std::collections::{BTreeMap, VecDeque};

use super::rules::{Message, Rule, Server, Update};

/// The links of `topology.txt`: Goloman, Hands, Holiday, Welsh and Wilkes are 0 to 4.
pub const LINKS: [[Server; 2]; 6] = [[0, 1], [0, 2], [0, 4], [1, 4], [2, 3], [2, 4]];
pub const SERVERS: usize = 5;
/// A flood that ends needs far fewer lines.
const MANY: usize = 5_000;

/// The outcome of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Lines that were sent, if there was an end.
    pub lines: Option<usize>,
    /// All servers know the newest update.
    pub agree: bool,
}

/// A flood under way.
struct Flood {
    rule: Rule,
    known: [Option<Update>; SERVERS],
    /// The lines under way on each link and in each direction.
    links: BTreeMap<[Server; 2], VecDeque<Message>>,
    lines: usize,
}

/// Floods these updates, all of which clients have told their servers before a line arrives.
pub fn flood(rule: Rule, updates: &[Update], seed: u64) -> Outcome {
    let both_ways = LINKS.into_iter().flat_map(|[a, b]| [[a, b], [b, a]]);
    let mut flood = Flood {
        rule,
        known: [None; SERVERS],
        links: both_ways.map(|link| (link, VecDeque::new())).collect(),
        lines: 0,
    };
    for update in updates {
        let passed = vec![];
        flood.arrive(
            update.heard_by,
            Message {
                update: *update,
                passed,
            },
        );
    }
    let mut random = seed;
    while flood.lines < MANY {
        let busy = flood.links.iter().filter(|(_, queue)| !queue.is_empty());
        let busy: Vec<[Server; 2]> = busy.map(|(link, _)| *link).collect();
        if busy.is_empty() {
            break;
        }
        // Knuth's numbers; the upper half is the better one.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let link = busy[(random >> 33) as usize % busy.len()];
        if let Some(message) = flood.links.get_mut(&link).and_then(VecDeque::pop_front) {
            flood.arrive(link[1], message);
        }
    }
    let newest = updates.iter().max().copied();
    Outcome {
        lines: (flood.lines < MANY).then_some(flood.lines),
        agree: flood.known.iter().all(|known| *known == newest),
    }
}

impl Flood {
    /// A message reaches a server, which may pass it on.
    fn arrive(&mut self, server: Server, message: Message) {
        if !self.rule.takes(message.update, self.known[server]) {
            return;
        }
        self.known[server] = Some(message.update);
        for ([from, to], queue) in &mut self.links {
            if *from == server && self.rule.tells(*to, &message) {
                let mut passed = message.passed.clone();
                passed.push(server);
                let update = message.update;
                queue.push_back(Message { update, passed });
                self.lines += 1;
            }
        }
    }
}
