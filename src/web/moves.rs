//! The moves of clients, as open pages are told of them: a sample of the changes, and the clients
//! that moved last. Pure.
//!
//! A change is one server's learning of a move, so a move through a herd of five is five changes.
//! The changes of a move stay together in an event, since they are its way. Names are strangers'
//! bytes: they are told as the log shows them, and cut.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::limits::LIMITS;
use crate::units::Wall;
use crate::wire::{Report, checksum, shown};

/// The moves that are still to be told, and the clients that moved last.
#[derive(Default)]
pub struct Moves {
    newest: BTreeMap<Vec<u8>, Place>,
    /// The same clients by the numbers of their last moves.
    order: BTreeMap<u64, Vec<u8>>,
    next: u64,
    batch: Vec<Move>,
    changes: u64,
    left_out: u64,
    /// Pages do not know of some client's last move.
    is_stale: bool,
}

/// The place of a client.
struct Place {
    number: u64,
    time: Wall,
    said: Said,
}

/// The words of a report, as they are told.
#[derive(Clone)]
struct Said {
    client: String,
    location: [f64; 2],
    heard_by: String,
    sent: String,
}

/// A move, and the changes that it made: each a server, and the neighbour that told it.
struct Move {
    /// The AT line, by which two changes are known to be of one move.
    line: Vec<u8>,
    said: Said,
    way: Vec<(Option<String>, String)>,
}

impl Moves {
    /// `server` has learned of a move, perhaps from `teller`. `is_past`: before it was watched, so
    /// that only the place of the client is news.
    pub fn take(
        &mut self,
        server: &str,
        teller: Option<&[u8]>,
        report: &Report<'_>,
        is_past: bool,
    ) {
        let is_told = !is_past && self.tell(server, teller, report);
        if self.place(report) && !is_told {
            self.is_stale = true;
        }
    }

    /// Changes that nobody will hear of.
    pub fn skip(&mut self, changes: u64) {
        self.left_out += changes;
        self.is_stale = true;
    }

    /// Pages need [`Moves::all`].
    pub fn set_stale(&mut self) {
        self.is_stale = true;
    }

    /// How many moves were the newest of their clients, so far.
    pub fn count(&self) -> u64 {
        self.next
    }

    /// Puts a change into the next event. False: there is no room.
    fn tell(&mut self, server: &str, teller: Option<&[u8]>, report: &Report<'_>) -> bool {
        let mut line = Vec::with_capacity(report.line_len());
        report.push(&mut line);
        let known = self.batch.iter().position(|it| it.line == line);
        if known.is_none() && self.batch.len() >= LIMITS.web_moves {
            self.left_out += 1;
            return false;
        }
        let place = known.unwrap_or_else(|| {
            self.batch.push(Move {
                line,
                said: Said::of(report),
                way: Vec::new(),
            });
            self.batch.len() - 1
        });
        let way = &mut self.batch[place].way;
        if way.len() >= LIMITS.web_way {
            self.left_out += 1;
            return true;
        }
        way.push((teller.map(cut), server.to_string()));
        self.changes += 1;
        true
    }

    /// Keeps the place of a client. False: it is not its newest.
    fn place(&mut self, report: &Report<'_>) -> bool {
        let before = self.newest.get(report.client);
        let time = report.time.at;
        if before.is_some_and(|before| before.time >= time) {
            return false;
        }
        let number = self.next;
        self.next += 1;
        let client = match before.map(|before| before.number) {
            Some(before) => self.order.remove(&before),
            None => None,
        };
        let client = client.unwrap_or_else(|| report.client.to_vec());
        self.order.insert(number, client.clone());
        let said = Said::of(report);
        let place = Place { number, time, said };
        self.newest.insert(client, place);
        if self.newest.len() > LIMITS.web_clients
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.newest.remove(&oldest);
        }
        true
    }

    /// Whether there is something for [`Moves::event`].
    pub fn has_news(&self) -> bool {
        !self.batch.is_empty() || self.left_out > 0
    }

    /// Whether pages need [`Moves::all`].
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// The next event, and how many changes it tells or leaves out.
    pub fn event(&mut self) -> (String, u64) {
        let moves = self.batch.drain(..).map(|it| {
            let mut object = it.said.object();
            object["way"] = json!(it.way);
            object
        });
        let moves: Vec<Value> = moves.collect();
        let changes = std::mem::take(&mut self.changes);
        let left_out = std::mem::take(&mut self.left_out);
        let object = json!({"moves": moves, "changes": changes, "left_out": left_out});
        let event = format!("event: change\ndata: {object}\n\n");
        (event, changes + left_out)
    }

    /// The event with the clients that moved last, the newest at the end, and with the reasons why
    /// some servers are not watched.
    pub fn all<'a>(&mut self, unwatched: impl Iterator<Item = &'a String>) -> String {
        self.is_stale = false;
        let places = self.order.values().filter_map(|it| self.newest.get(it));
        let clients: Vec<Value> = places.map(|it| it.said.object()).collect();
        let unwatched: Vec<&String> = unwatched.collect();
        let object =
            json!({"clients": clients, "most": LIMITS.web_clients, "unwatched": unwatched});
        format!("event: clients\ndata: {object}\n\n")
    }
}

impl Said {
    fn of(report: &Report<'_>) -> Said {
        let degrees = |text: String| text.parse::<f64>().unwrap_or_default();
        // A map of the world has no use for more.
        let rounded = |text: String| (degrees(text) * 1e4).round() / 1e4;
        Said {
            client: cut(report.client),
            location: [
                rounded(report.location.latitude()),
                rounded(report.location.longitude()),
            ],
            heard_by: cut(report.server),
            sent: cut(report.time.text),
        }
    }

    fn object(&self) -> Value {
        let [lat, lon] = self.location;
        json!({"client": self.client, "lat": lat, "lon": lon, "heard_by": self.heard_by,
            "sent": self.sent})
    }
}

/// A name, or the start of a long one and its hash: two that begin alike are two clients.
fn cut(name: &[u8]) -> String {
    let most = LIMITS.web_name;
    match name.len() > most {
        true => format!("{}…{:08x}", shown(&name[..most]), checksum(name) as u32),
        false => shown(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `client` was seen at a time by A, and `server` learns of it.
    fn take(moves: &mut Moves, client: &[u8], time: usize, server: &str, teller: Option<&[u8]>) {
        let line = [
            b"AT A +0.000000000 ",
            client,
            format!(" +34.06893-118.5 {time}").as_bytes(),
        ]
        .concat();
        moves.take(server, teller, &Report::parse(&line).unwrap(), false);
    }

    fn data(text: &str, name: &str) -> Value {
        let data = text.strip_prefix(&format!("event: {name}\ndata: "));
        let data = data.unwrap().strip_suffix("\n\n").unwrap();
        assert!(!data.contains('\n'));
        serde_json::from_str(data).unwrap()
    }

    fn event(moves: &mut Moves) -> Value {
        data(&moves.event().0, "change")
    }

    fn all(moves: &mut Moves) -> Value {
        data(&moves.all([].iter()), "clients")["clients"].clone()
    }

    #[test]
    fn the_changes_of_a_move_are_its_way() {
        let mut moves = Moves::default();
        assert!(!moves.has_news());
        take(&mut moves, b"kiwi", 7, "A", None);
        take(&mut moves, b"moa", 8, "A", None);
        take(&mut moves, b"kiwi", 7, "B", Some(b"A"));
        assert!(moves.has_news() && !moves.is_stale());
        let event = event(&mut moves);
        let kiwi = json!({"client": "kiwi", "lat": 34.0689, "lon": -118.5, "heard_by": "A",
            "sent": "7", "way": [[null, "A"], ["A", "B"]]});
        assert_eq!((&event["moves"][0], &event["changes"]), (&kiwi, &3.into()));
        assert_eq!(
            (event["moves"].as_array().unwrap().len(), &event["left_out"]),
            (2, &0.into())
        );
        assert!(!moves.has_news());
    }

    #[test]
    fn thousands_of_changes_are_sampled_and_counted() {
        let mut moves = Moves::default();
        for number in 0..10_000 {
            let client = format!("c{number}");
            take(&mut moves, client.as_bytes(), number, "A", None);
            take(&mut moves, client.as_bytes(), number, "B", Some(b"A"));
        }
        moves.skip(7);
        let (text, changes) = moves.event();
        assert_eq!(changes, 20_007);
        let event = data(&text, "change");
        let told = 2 * LIMITS.web_moves;
        assert_eq!(event["moves"].as_array().unwrap().len(), LIMITS.web_moves);
        assert_eq!(
            (&event["changes"], &event["left_out"]),
            (&told.into(), &(20_007 - told).into())
        );
        // The newest are known all the same, and are told in full.
        assert!(moves.is_stale());
        let clients = all(&mut moves);
        assert_eq!(clients.as_array().unwrap().len(), LIMITS.web_clients);
        assert_eq!(clients[LIMITS.web_clients - 1]["client"], "c9999");
        assert!(!moves.is_stale());
    }

    #[test]
    fn a_client_has_one_place_its_newest() {
        let mut moves = Moves::default();
        for (client, time) in [
            ("kiwi", 7),
            ("moa", 8),
            ("kiwi", 9),
            ("kiwi", 8),
            ("moa", 8),
        ] {
            take(&mut moves, client.as_bytes(), time, "A", None);
        }
        let clients = all(&mut moves);
        assert_eq!(clients.as_array().unwrap().len(), 2);
        assert_eq!(
            (&clients[0]["client"], &clients[1]["sent"]),
            (&"moa".into(), &"9".into())
        );
    }

    #[test]
    fn moves_of_the_past_are_places_and_no_news() {
        let mut moves = Moves::default();
        let report = Report::parse(b"AT A +0.000000000 kiwi +1+1 1").unwrap();
        moves.take("A", None, &report, true);
        assert!(!moves.has_news() && moves.is_stale());
        assert_eq!(all(&mut moves)[0]["client"], "kiwi");
    }

    #[test]
    fn a_hostile_name_is_text_of_a_bounded_length() {
        let mut moves = Moves::default();
        let name = b"</script>\x1b\xff\"\\".repeat(500);
        take(&mut moves, &name, 1, "A", Some(&name));
        let (text, _) = moves.event();
        assert!(text.len() < 2_000, "{} bytes", text.len());
        let event = data(&text, "change");
        let client = event["moves"][0]["client"].as_str().unwrap();
        assert!(
            client.starts_with(r#"</script>\x1b\xff"\\</script>"#),
            "{client}"
        );
        assert!(client.len() <= 4 * LIMITS.web_name + '…'.len_utf8() + 8);
        take(&mut moves, &[&name[..], b"!"].concat(), 2, "A", None);
        assert_eq!(all(&mut moves).as_array().unwrap().len(), 2);
        assert_ne!(self::event(&mut moves)["moves"][0]["client"], client);
    }
}
