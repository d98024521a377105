//! The table of step 12: the newest value of each key, in the order of the changes.

use std::collections::HashMap;

use herd::buffers::Outbox;
use herd::store::{CursorId, Feed};
use herd::units::PeerId;

use super::s05_outbox::answer;

/// The server on the other end of the link.
const OTHER: PeerId = PeerId(0);

struct Entry {
    key: String,
    /// A count that grows with every change, then the server that made it.
    version: (u64, u8),
    value: String,
}

pub struct Table {
    me: u8,
    feed: Feed<Entry>,
    slots: HashMap<String, u32>,
    /// How far the other server was told.
    cursor: CursorId,
    /// The greatest count so far, anybody's.
    count: u64,
}

impl Table {
    pub fn new(me: u8) -> Table {
        let mut feed = Feed::new(1024);
        let cursor = feed.follow();
        Table {
            me,
            feed,
            slots: HashMap::new(),
            cursor,
            count: 0,
        }
    }

    /// Tells the other server everything again.
    pub fn rewind(&mut self) {
        self.feed.rewind(self.cursor, 0);
    }

    /// Moves the cursor over the next change that the other has not told us, and puts it into the
    /// outbox. False: there is none.
    pub fn tell(&mut self, outbox: &mut Outbox) -> bool {
        while let Some(change) = self.feed.next(self.cursor) {
            if !change.told_by(OTHER) {
                let Entry {
                    key,
                    version,
                    value,
                } = self.feed.record(change.slot);
                let (count, server) = version;
                outbox.push_line(format_args!("news {key} {count} {server} {value}"));
                return true;
            }
        }
        false
    }

    pub fn obey(&mut self, line: &[u8], outbox: &mut Outbox) {
        let text = str::from_utf8(line).unwrap_or_default();
        match text.split(' ').collect::<Vec<_>>()[..] {
            ["set", key, value] => {
                self.keep(key, (self.count + 1, self.me), value, None);
                outbox.push_line(format_args!("{key} {value}"));
            }
            ["get", key] if self.slots.contains_key(key) => {
                let value = &self.feed.record(self.slots[key]).value;
                outbox.push_line(format_args!("{key} {value}"));
            }
            ["news", key, count, server, value] => {
                if let (Ok(count), Ok(server)) = (count.parse(), server.parse()) {
                    self.keep(key, (count, server), value, Some(OTHER));
                }
            }
            _ => answer(line, outbox),
        }
    }

    fn keep(&mut self, key: &str, version: (u64, u8), value: &str, teller: Option<PeerId>) {
        self.count = self.count.max(version.0);
        let (key, value) = (key.to_string(), value.to_string());
        let slot = match self.slots.get(&key) {
            Some(slot) if self.feed.record(*slot).version >= version => return,
            Some(slot) => {
                self.feed.record_mut(*slot).value = value;
                self.feed.record_mut(*slot).version = version;
                *slot
            }
            None => {
                let slot = self.feed.add(Entry {
                    key: key.clone(),
                    version,
                    value,
                });
                self.slots.insert(key, slot);
                slot
            }
        };
        self.feed.publish(slot, teller);
    }
}
