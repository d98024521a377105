//! A plain neighbour, played by hand: it ends its connections at once, late or never, or resets
//! them. In any case each client's newest report is told on a connection that was not reset.

use std::collections::{BTreeMap, BTreeSet};

use herd::limits::Limits;
use herd::node::{Action, Config, Door, Event, Neighbour, Node};
use herd::units::{ConnId, MILLISECOND, Mono, Now, PeerId, Wall};

use crate::support::kernel::config;

const CLIENT: ConnId = ConnId::new(1, 0);

/// The neighbour's act on a connection, that many milliseconds after our end of it.
#[derive(Clone, Copy, Debug)]
enum Habit {
    Ends(u64),
    Resets(u64),
    Stays,
    /// Its host is gone, and acknowledges nothing.
    Vanishes,
}

/// Numbers that look random (SplitMix64).
struct Luck(u64);

impl Luck {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 33) % most
    }
}

/// When the neighbour acts, and how.
type Due = (u64, Habit);

struct Bench {
    node: Node,
    ms: u64,
    dials: u32,
    /// Open connections, with what was sent on each, and when the neighbour acts.
    open: BTreeMap<ConnId, (Vec<u8>, Option<Due>)>,
    /// Connections whose bytes are not acknowledged.
    lost: BTreeSet<ConnId>,
    most_open: usize,
    /// Lines in the order in which their connections were finished.
    sent: Vec<String>,
    /// Lines whose connection was closed or ended without a reset.
    told: Vec<String>,
}

impl Bench {
    fn new(limits: Limits) -> Bench {
        let neighbour = Neighbour {
            name: "Old".into(),
            plain: true,
            addresses: vec![[127, 0, 0, 1].into()],
        };
        let mut bench = Bench {
            node: Node::new(Config {
                limits,
                ..config("Goloman", 1, vec![neighbour])
            }),
            ms: 0,
            dials: 0,
            open: BTreeMap::new(),
            lost: BTreeSet::new(),
            most_open: 0,
            sent: Vec::new(),
            told: Vec::new(),
        };
        let from = ([127, 0, 0, 9], 40_000).into();
        let (conn, door) = (CLIENT, Door::Clients);
        let now = bench.now();
        bench.node.handle(now, Event::Accepted { conn, door, from });
        bench
    }

    fn now(&self) -> Now {
        Now {
            mono: Mono(self.ms * MILLISECOND),
            wall: Wall(1_600_000_000_000_000_000),
        }
    }

    fn say(&mut self, line: &str) {
        let now = self.now();
        let (conn, bytes) = (CLIENT, line.as_bytes());
        self.node.handle(now, Event::Received { conn, bytes });
    }

    /// A millisecond passes.
    fn step(&mut self, habit: &mut dyn FnMut() -> Habit) {
        self.ms += 1;
        let now = self.now();
        self.node.handle(now, Event::Tick);
        self.act(habit);
        let due: Vec<(ConnId, Habit)> = self
            .open
            .iter()
            .filter_map(|(conn, (_, due))| Some((*conn, (*due)?)))
            .filter(|(_, (at, _))| *at <= self.ms)
            .map(|(conn, (_, habit))| (conn, habit))
            .collect();
        for (conn, habit) in due {
            match habit {
                Habit::Resets(_) => {
                    self.open.remove(&conn);
                    let why = "reset".to_string();
                    self.node.handle(now, Event::Broken { conn, why });
                }
                _ => {
                    self.open.get_mut(&conn).unwrap().1 = None;
                    self.node.handle(now, Event::Ended { conn });
                }
            }
        }
        self.act(habit);
    }

    fn act(&mut self, habit: &mut dyn FnMut() -> Habit) {
        let now = self.now();
        while let Some(action) = self.node.poll_action() {
            match action {
                Action::Dial(peer) => {
                    self.dials += 1;
                    let conn = ConnId::new(self.dials + 1, self.dials as usize);
                    self.open.insert(conn, (Vec::new(), None));
                    self.most_open = self.most_open.max(self.open.len());
                    assert_eq!(peer, PeerId(0));
                    self.node.handle(now, Event::Dialled { peer, conn });
                }
                Action::Flush(conn) => {
                    let unsent = self.node.unsent(conn).to_vec();
                    if let Some((bytes, _)) = self.open.get_mut(&conn) {
                        bytes.extend_from_slice(&unsent);
                    }
                    self.node.advance(now, conn, unsent.len());
                }
                Action::Finish(conn) => {
                    let (bytes, due) = self.open.get_mut(&conn).unwrap();
                    self.sent.push(String::from_utf8_lossy(bytes).into_owned());
                    *due = match habit() {
                        Habit::Stays => None,
                        Habit::Vanishes => {
                            self.lost.insert(conn);
                            None
                        }
                        it @ (Habit::Ends(after) | Habit::Resets(after)) => {
                            Some((self.ms + after, it))
                        }
                    };
                }
                Action::Confirm(conn) if !self.lost.contains(&conn) => {
                    self.node.handle(now, Event::Ended { conn });
                }
                Action::Close(conn) => {
                    if let Some((bytes, _)) = self.open.remove(&conn)
                        && !self.lost.remove(&conn)
                    {
                        self.told.push(String::from_utf8_lossy(&bytes).into_owned());
                    }
                }
                _ => {}
            }
        }
    }
}

fn client_of(line: &str) -> &str {
    line.split(' ').nth(3).unwrap_or_default()
}

#[test]
fn a_neighbour_that_never_ends_is_told_at_once_and_in_order() {
    let limits = Limits::default();
    let mut bench = Bench::new(limits.clone());
    let names: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    for name in &names {
        bench.say(&format!("IAMAT {name} +1-2 1600000000\n"));
    }
    while bench.sent.len() < names.len() {
        bench.step(&mut || Habit::Stays);
        assert!(bench.ms < 10_000, "only {:?}", bench.sent);
    }
    let told: Vec<&str> = bench.sent.iter().map(|line| client_of(line)).collect();
    assert_eq!(told, names);
    // One round of lingering connections made room for the rest.
    assert!(bench.ms < 1_600, "{} ms", bench.ms);
    assert_eq!(bench.most_open, limits.plain_connections);
    for _ in 0..2_000 {
        bench.step(&mut || Habit::Stays);
    }
    assert!(bench.open.is_empty());
    assert_eq!(bench.dials, 20);
}

#[test]
fn a_neighbour_that_ends_at_once_has_one_connection_at_a_time() {
    let mut bench = Bench::new(Limits::default());
    for number in 0..20 {
        bench.say(&format!("IAMAT k{number} +1-2 1600000000\n"));
    }
    while bench.told.len() < 20 {
        bench.step(&mut || Habit::Ends(3));
        assert!(bench.ms < 1_000, "only {:?}", bench.told);
    }
    assert_eq!((bench.most_open, bench.dials), (1, 20));
}

/// Lines that its host has not acknowledged are told once more when it is back, in order.
#[test]
fn a_neighbour_whose_host_was_gone_is_told_again() {
    let mut bench = Bench::new(Limits::default());
    let names: Vec<String> = (0..5).map(|number| format!("k{number}")).collect();
    for name in &names {
        bench.say(&format!("IAMAT {name} +1-2 1600000000\n"));
    }
    while bench.ms < 9_000 {
        bench.step(&mut || Habit::Vanishes);
    }
    assert_eq!((bench.told.len(), bench.open.len()), (0, 5));
    while bench.ms < 30_000 {
        bench.step(&mut || Habit::Stays);
    }
    let told: Vec<&str> = bench.told.iter().map(|line| client_of(line)).collect();
    assert_eq!(told, names);
    assert!(bench.open.is_empty());
}

#[test]
fn whatever_a_neighbour_resets_the_newest_reports_get_through() {
    for seed in 0..200 {
        let mut random = Luck(seed);
        let mut bench = Bench::new(Limits {
            plain_connections: 1 + random.below(5) as usize,
            // No line is poison here.
            poison_resets: u32::MAX,
            ..Limits::default()
        });
        let mut newest = BTreeMap::new();
        let roughness = random.below(60);
        for round in 0..60 {
            let name = format!("k{}", random.below(10));
            let line = format!("IAMAT {name} +{round}-2 16000000{round:02}\n");
            bench.say(&line);
            newest.insert(name, format!("+{round}-2 16000000{round:02}\n"));
            for _ in 0..random.below(200) {
                let mut habit = || {
                    let after = random.below(900);
                    match random.below(100) {
                        it if it < roughness => Habit::Resets(after),
                        it if it < 80 => Habit::Ends(after / 20),
                        _ => Habit::Stays,
                    }
                };
                bench.step(&mut habit);
            }
        }
        // It has come to its senses.
        for _ in 0..30_000 {
            bench.step(&mut || Habit::Ends(1));
        }
        assert!(bench.open.is_empty(), "seed {seed}");
        for (name, end) in &newest {
            let is_it = |line: &&String| client_of(line) == name && line.ends_with(end);
            assert!(
                bench.told.iter().any(|line| is_it(&line)),
                "seed {seed}: {name} {end}"
            );
        }
    }
}
