//! Watchers: followers of the feed at the servers' door, which hear of each change as it happens
//! and have no other part in the herd (Redis: MONITOR).
//!
//! A watcher's place is its cursor, so a slow one keeps no memory but its outbox; changes that
//! newer ones overtook meanwhile are left out, and the gap in the numbers says so. A turn pumps
//! watchers last, after the replies to clients, and with a budget that they share. While nobody
//! watches, a turn only finds the list empty.

mod list;
mod stream;

pub use list::Watchers;
pub use stream::{admit, check_room, mark, pump};
