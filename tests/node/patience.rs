//! How long a neighbour may be silent, seen from outside: a node whose neighbour answers late.

use herd::node::{Action, Door, Event, Neighbour, Node};
use herd::units::{ConnId, MILLISECOND, Mono, Now, PeerId, Wall};

use crate::support::kernel::config;

const PEER: PeerId = PeerId(0);
const OUT: ConnId = ConnId::new(2, 1);
const IN: ConnId = ConnId::new(3, 2);
const HELLO: &str = "HELLO Hands Goloman 00000000000000ff 00112233445566778899aabbccddeeff";
const SINCE: &str = "SINCE 0000000000000001 0 0 0000000000000000\n";
/// Milliseconds between two looks at the node.
const STEP: u64 = 50;

/// A node with one neighbour, and the time.
struct World {
    node: Node,
    ms: u64,
    /// When the MARKs that are not answered were said.
    asked: Vec<u64>,
}

impl World {
    fn new() -> World {
        let neighbour = Neighbour {
            name: "Hands".into(),
            plain: false,
            addresses: vec![[127, 0, 0, 1].into()],
        };
        World {
            node: Node::new(config("Goloman", 1, vec![neighbour])),
            ms: 0,
            asked: Vec::new(),
        }
    }

    /// A node with both links.
    fn linked() -> World {
        let (mut world, peer) = (World::new(), PEER);
        let (door, from) = (Door::Servers, ([127, 0, 0, 1], 40_000).into());
        world.tell(Event::Tick);
        world.tell(Event::Dialled { peer, conn: OUT });
        world.hear(OUT, &format!("{HELLO} -\n{SINCE}"));
        let conn = IN;
        world.tell(Event::Accepted { conn, door, from });
        world.hear(IN, &format!("{HELLO}\n"));
        world.act();
        world
    }

    fn tell(&mut self, event: Event<'_>) {
        let nanoseconds = self.ms * MILLISECOND;
        let now = Now {
            mono: Mono(nanoseconds),
            wall: Wall(1_600_000_000_000_000_000 + i128::from(nanoseconds)),
        };
        self.node.handle(now, event);
    }

    fn hear(&mut self, conn: ConnId, text: &str) {
        let bytes = text.as_bytes();
        self.tell(Event::Received { conn, bytes });
    }

    /// The actions of the node. Everything is written at once.
    fn act(&mut self) -> Vec<Action> {
        let actions = std::iter::from_fn(|| self.node.poll_action()).collect();
        for conn in [OUT, IN] {
            let unsent = String::from_utf8_lossy(self.node.unsent(conn)).into_owned();
            let marks = unsent.matches("MARK ").count();
            self.asked.extend(vec![self.ms; marks]);
            let mono = Mono(self.ms * MILLISECOND);
            let now = Now {
                mono,
                wall: Wall(0),
            };
            self.node.advance(now, conn, unsent.len());
        }
        actions
    }

    /// A step of time. The connections that the node wants closed.
    fn step(&mut self) -> Vec<ConnId> {
        self.ms += STEP;
        self.tell(Event::Tick);
        let closed = self.act().into_iter().filter_map(|action| match action {
            Action::Close(conn) => Some(conn),
            _ => None,
        });
        closed.collect()
    }

    /// The neighbour says MARK each second, and answers each of ours after this many milliseconds.
    fn live(&mut self, seconds: u64, answers_after: u64) {
        for step in 0..seconds * 1000 / STEP {
            assert_eq!(self.step(), [], "after {} ms", self.ms);
            let due = self.ms.saturating_sub(answers_after);
            let answers = self.asked.iter().filter(|at| **at <= due).count();
            self.asked.drain(..answers);
            self.hear(OUT, &SINCE.repeat(answers));
            if (step * STEP).is_multiple_of(1000) {
                self.hear(IN, "MARK 0 0 0000000000000000\n");
            }
            self.act();
        }
    }

    /// The neighbour is dead. Milliseconds until both its links are closed, the sooner first.
    fn silence(&mut self) -> [u64; 2] {
        let (mut closed, began) = (Vec::new(), self.ms);
        while closed.len() < 2 {
            let now = self.step();
            closed.extend(vec![self.ms - began; now.len()]);
            assert!(self.ms - began < 60_000, "it is waited for for ever");
        }
        [closed[0], closed[1]]
    }
}

#[test]
fn a_neighbour_that_answers_soon_is_found_dead_in_three_seconds() {
    let mut world = World::linked();
    world.live(60, 100);
    let [first, last] = world.silence();
    assert!(first >= 2_000 && last <= 3_100, "{first} {last}");
}

#[test]
fn one_that_answers_late_may_be_silent_for_longer_and_no_more_when_it_answers_soon() {
    let bad_time = |world: &mut World| {
        for answers_after in [0, 1000, 2000, 4000, 8000] {
            world.live(20, answers_after);
        }
    };
    let mut world = World::linked();
    bad_time(&mut world);
    let [first, last] = world.silence();
    assert!(first >= 29_000 && last <= 30_100, "{first} {last}");
    let mut world = World::linked();
    bad_time(&mut world);
    world.live(400, 0);
    let [first, last] = world.silence();
    assert!(first >= 2_000 && last <= 3_100, "{first} {last}");
}

#[test]
fn a_neighbour_behind_a_full_queue_has_more_time_for_its_answers() {
    let mut world = World::new();
    let mut dials = Vec::new();
    while dials.len() < 6 {
        world.ms += STEP;
        world.tell(Event::Tick);
        if world.act().contains(&Action::Dial(PEER)) {
            dials.push(world.ms);
        }
    }
    let waits: Vec<u64> = dials.windows(2).map(|it| it[1] - it[0]).collect();
    // Three seconds, and the wait before the next dial.
    assert!(
        waits.iter().all(|ms| (3_000..=4_300).contains(ms)),
        "{waits:?}"
    );
    let (peer, conn) = (PEER, OUT);
    world.tell(Event::Dialled { peer, conn });
    for line in [&format!("{HELLO} -\n"), SINCE] {
        for _ in 0..8_000 / STEP {
            assert_eq!(world.step(), []);
        }
        world.hear(OUT, line);
    }
    assert_eq!(world.node.inspect().links_up(), 1);
}
