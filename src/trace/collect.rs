//! Collects from the lines of all logs the newest updates of a client, each with its arrivals.
//!
//! The lines of a server come in the order in which it wrote them, and one server after the other,
//! so what a server knew when a line came in is known here. Memory is bounded whatever the logs
//! hold: old updates make room for newer ones.

use std::collections::BTreeMap;
use std::mem;

use super::line::{self, Client, Heard, Key, Teller};
use crate::limits::LIMITS;
use crate::units::Wall;

/// Takes in lines.
pub struct Collector<'a> {
    client: &'a Client,
    /// The server whose lines come now.
    current: Server,
    /// The others, by their names.
    servers: BTreeMap<String, Seen>,
    updates: BTreeMap<Key, Update>,
    /// Updates up to this one are not kept.
    floor: Option<Key>,
    /// Earlier updates that are not kept are not counted.
    since: Option<Wall>,
}

#[derive(Default)]
struct Server {
    name: String,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    /// The newest update that the server knows.
    known: Option<Key>,
    /// The updates that are not kept, each of which was news here once.
    dropped: u64,
}

/// An update, and where it arrived.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// In the order of each server's log, and one server after the other.
    pub arrivals: Vec<Arrival>,
    /// Further arrivals that were no news.
    pub more: u64,
}

/// An update was heard by a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub server: String,
    /// By the server's clock.
    pub at: Wall,
    pub teller: Teller,
    /// The server knew nothing as new.
    pub is_news: bool,
}

/// All that was collected.
pub struct Collected {
    /// The servers whose lines came in, by their names.
    pub servers: Vec<String>,
    /// The oldest first.
    pub updates: Vec<(Key, Update)>,
    /// There was no room for at least this number of updates.
    pub dropped: u64,
}

impl Update {
    /// When it began, as far as that was seen.
    pub fn begin(&self) -> Option<Wall> {
        self.arrivals.iter().map(|it| it.at).min()
    }

    /// The arrival that was news to this server.
    pub fn news_at(&self, server: &str) -> Option<&Arrival> {
        let mut news = self.arrivals.iter().filter(|it| it.is_news);
        news.find(|it| it.server == server)
    }
}

impl<'a> Collector<'a> {
    /// Counts the updates that have no room from `since` on.
    pub fn new(client: &'a Client, since: Option<Wall>) -> Collector<'a> {
        Collector {
            client,
            current: Server::default(),
            servers: BTreeMap::new(),
            updates: BTreeMap::new(),
            floor: None,
            since,
        }
    }

    /// The lines that follow are of the server `name`.
    pub fn begin(&mut self, name: &str) {
        if self.current.name == name {
            return;
        }
        let seen = self.servers.remove(name).unwrap_or_default();
        let name = name.to_string();
        let before = mem::replace(&mut self.current, Server { name, seen });
        if !before.name.is_empty() {
            self.servers.insert(before.name, before.seen);
        }
    }

    /// Takes a line, given without its LF.
    pub fn line(&mut self, line: &[u8]) {
        if self.client.may_be_in(line)
            && let Some(heard) = line::read(line, &self.current.name, self.client)
        {
            self.take(heard);
        } else if let Some(name) = line::beginning(line) {
            // The logs of several servers in one file, one after the other.
            let is_known = self.servers.contains_key(name);
            if is_known || self.servers.len() < LIMITS.servers {
                self.begin(name);
            }
        }
    }

    fn take(&mut self, heard: Heard) {
        let Heard { at, teller, key } = heard;
        let is_said = matches!(teller, Teller::Client(_));
        let known = self.current.seen.known.as_ref();
        let is_newer = known.is_none_or(|known| *known < key);
        // A client that repeats itself changes nothing. A server whose own update comes back knew
        // it, although the line that says so may be gone.
        let is_news = match is_said {
            true => is_newer && !known.is_some_and(|known| known.repeats(&key)),
            false => is_newer && key.server() != self.current.name,
        };
        if is_newer && (is_news || !is_said) {
            self.current.seen.known = Some(key.clone());
        }
        if is_said && !is_news {
            return;
        }
        if self.floor.as_ref().is_some_and(|floor| key <= *floor) {
            let counts = is_news && self.since.is_none_or(|since| at >= since);
            self.current.seen.dropped += u64::from(counts);
            return;
        }
        let update = self.updates.entry(key).or_default();
        let quiet = update.arrivals.iter().filter(|it| !it.is_news).count();
        if !is_news && quiet >= LIMITS.trace_lines {
            update.more += 1;
            return;
        }
        update.arrivals.push(Arrival {
            server: self.current.name.clone(),
            at,
            teller,
            is_news,
        });
        self.make_room();
    }

    /// The oldest update goes when there are too many.
    fn make_room(&mut self) {
        if self.updates.len() <= LIMITS.trace_updates {
            return;
        }
        let Some((key, update)) = self.updates.pop_first() else {
            return;
        };
        self.floor = Some(key);
        let since = self.since;
        let arrivals = update.arrivals.iter().filter(|it| it.is_news);
        for arrival in arrivals.filter(|it| since.is_none_or(|since| it.at >= since)) {
            let seen = match arrival.server == self.current.name {
                true => Some(&mut self.current.seen),
                false => self.servers.get_mut(&arrival.server),
            };
            if let Some(seen) = seen {
                seen.dropped += 1;
            }
        }
    }

    /// Everything.
    pub fn end(mut self) -> Collected {
        self.begin("");
        Collected {
            dropped: self
                .servers
                .values()
                .map(|it| it.dropped)
                .max()
                .unwrap_or(0),
            servers: self.servers.into_keys().collect(),
            updates: self.updates.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(lines: &[(&str, &str)], since: Option<Wall>) -> Collected {
        let client = Client::new("k").unwrap();
        let mut collector = Collector::new(&client, since);
        for (server, line) in lines {
            collector.begin(server);
            collector.line(format!("2018-03-02T20:52:{line}").as_bytes());
        }
        collector.end()
    }

    /// The servers that heard it, and whether it was news.
    fn arrivals(update: &Update) -> Vec<(&str, bool)> {
        let arrivals = update.arrivals.iter();
        arrivals.map(|it| (&it.server[..], it.is_news)).collect()
    }

    const SAID: &str = "15.000000000Z [INFO] [::1]:7 < IAMAT k +1+1 1520023935";

    #[test]
    fn news_are_told_from_repetitions() {
        let told = "16.000000000Z [INFO] A < AT A +0.000000000 k +1+1 1520023935";
        let again = "17.000000000Z [INFO] C < AT A +0.000000000 k +1+1 1520023935";
        let found = collected(
            &[("A", SAID), ("A", again), ("B", told), ("B", again)],
            None,
        );
        assert_eq!(found.servers, ["A", "B"]);
        let [(key, update)] = &found.updates[..] else {
            panic!("{} updates", found.updates.len());
        };
        assert_eq!(
            (key.server(), key.time()),
            ("A".into(), "1520023935".into())
        );
        let want = [("A", true), ("A", false), ("B", true), ("B", false)];
        assert_eq!(arrivals(update), want);
        assert!(
            update
                .news_at("B")
                .is_some_and(|it| it.at == update.arrivals[2].at)
        );
    }

    #[test]
    fn an_older_update_is_no_news_and_a_repeated_one_is_none() {
        let newer = "14.000000000Z [INFO] C < AT A +0.000000000 k +1+1 1520023936";
        let older = "15.500000000Z [INFO] C < AT A +0.000000000 k +1+1 1520023935";
        let said_again = "19.000000000Z [INFO] [::1]:7 < IAMAT k +1+1 1520023935.0";
        let found = collected(
            &[
                ("A", SAID),
                ("A", said_again),
                ("B", newer),
                ("B", older),
                ("B", SAID),
            ],
            None,
        );
        let all: Vec<_> = found.updates.iter().map(|(_, it)| arrivals(it)).collect();
        assert_eq!(all, [vec![("A", true), ("B", false)], vec![("B", true)]]);
    }

    #[test]
    fn a_servers_own_update_is_never_news_to_it() {
        let back = "16.000000000Z [INFO] B < AT A +0.000000000 k +1+1 1520023935";
        let found = collected(&[("A", back)], None);
        assert_eq!(arrivals(&found.updates[0].1), [("A", false)]);
    }

    #[test]
    fn logs_in_one_file_are_told_apart_by_how_they_begin() {
        let begins = "14.000000000Z [INFO] B of herd 0.1.0 begins; places: none";
        let found = collected(&[("A", SAID), ("A", begins)], None);
        assert_eq!(found.servers, ["A", "B"]);
    }

    #[test]
    fn old_updates_make_room_and_are_counted() {
        let most = LIMITS.trace_updates;
        let lines: Vec<String> = (0..2 * most)
            .map(|it| format!("15.{it:09}Z [INFO] [::1]:7 < IAMAT k +1+1 1.{it:09}"))
            .collect();
        let lines: Vec<(&str, &str)> = lines.iter().map(|line| ("A", &line[..])).collect();
        let found = collected(&lines, None);
        assert_eq!((found.updates.len(), found.dropped), (most, most as u64));
        assert!(found.updates[0].0.time().ends_with(&most.to_string()));
        let since = Wall::parse(b"2018-03-02T20:52:15.000000010Z");
        assert_eq!(collected(&lines, since).dropped, most as u64 - 10);
        // In any order of the logs, and wherever the client spoke.
        let told: Vec<String> = (0..2 * most)
            .map(|it| format!("16.{it:09}Z [INFO] A < AT A +1520023934.000000000 k +1+1 1.{it:09}"))
            .collect();
        let told = told.iter().map(|line| ("B", &line[..]));
        let both: Vec<(&str, &str)> = lines.into_iter().chain(told).collect();
        assert_eq!(collected(&both, None).dropped, most as u64);
    }

    #[test]
    fn repetitions_have_a_bound() {
        let again = "17.000000000Z [INFO] C < AT A +0.000000000 k +1+1 1520023935";
        let mut lines = vec![("B", again); LIMITS.trace_lines + 3];
        lines.push(("D", again));
        let found = collected(&lines, None);
        let update = &found.updates[0].1;
        assert_eq!(update.arrivals.len(), LIMITS.trace_lines + 2);
        assert_eq!(update.more, 2);
        assert!(update.news_at("D").is_some());
    }
}
