//! Crowds at the servers' door that say HELLO in a neighbour's name, while a neighbour that is
//! 100 ms away proves itself; and many neighbours at once.

use std::net::{IpAddr, Ipv4Addr};

use herd::node::{Action, Config, Door, Event, Neighbour, Node};
use herd::secret::{Secret, Secrets};
use herd::units::{ConnId, MILLISECOND, Mono, Now, Wall};

use crate::support::kernel::config;

const WORDS: &str = "correct horse battery staple";
const NONCE: &str = "00112233445566778899aabbccddeeff";
/// From the neighbour's HELLO to its proof, in milliseconds: ours comes between them.
const ROUND_TRIP: u64 = 200;

struct Bench {
    node: Node,
    accepted: usize,
    closed: Vec<ConnId>,
}

fn at(ms: u64) -> Now {
    Now {
        mono: Mono(ms * MILLISECOND),
        wall: Wall(1_600_000_000_000_000_000),
    }
}

fn address(number: usize) -> IpAddr {
    Ipv4Addr::new(10, 1, 0, number as u8 + 1).into()
}

impl Bench {
    /// A server with neighbours at these addresses.
    fn with(addresses: &[IpAddr]) -> Bench {
        let neighbours = addresses.iter().enumerate().map(|(number, it)| Neighbour {
            name: format!("N{number}"),
            plain: false,
            addresses: vec![*it],
        });
        let node = Node::new(Config {
            secret: Secret::new(WORDS.as_bytes()).and_then(|it| Secrets::new(vec![it])),
            ..config("Goloman", 1, neighbours.collect())
        });
        Bench {
            node,
            accepted: 0,
            closed: Vec::new(),
        }
    }

    /// Somebody says HELLO as that neighbour.
    fn hello(&mut self, number: usize, from: IpAddr, ms: u64) -> ConnId {
        let line = format!("HELLO N{number} Goloman {:016x} {NONCE}\n", number + 100);
        self.says(&line, from, ms)
    }

    /// Somebody comes and says a line.
    fn says(&mut self, line: &str, from: IpAddr, ms: u64) -> ConnId {
        let conn = ConnId::new(self.accepted as u32 + 1, self.accepted);
        self.accepted += 1;
        let (door, from) = (Door::Servers, (from, 40_000).into());
        self.node
            .handle(at(ms), Event::Accepted { conn, door, from });
        let bytes = line.as_bytes();
        self.node.handle(at(ms), Event::Received { conn, bytes });
        self.act(ms);
        conn
    }

    fn act(&mut self, ms: u64) {
        self.node.handle(at(ms), Event::Tick);
        while let Some(action) = self.node.poll_action() {
            if let Action::Close(conn) = action {
                self.closed.push(conn);
            }
        }
    }

    /// The neighbour has our HELLO, and proves that it knows the secret. Whether it is admitted.
    fn proves(&mut self, number: usize, conn: ConnId, ms: u64) -> bool {
        self.proves_with(NONCE, number, conn, ms)
    }

    /// The same, if its HELLO had this nonce.
    fn proves_with(&mut self, nonce: &str, number: usize, conn: ConnId, ms: u64) -> bool {
        let said = String::from_utf8_lossy(self.node.unsent(conn)).into_owned();
        let Some(ours) = said.split(' ').nth(4) else {
            return false;
        };
        let message = format!(
            "dialler N{number} Goloman {:016x} {:016x} {nonce} {ours}",
            number + 100,
            1
        );
        let proof = proof(&message);
        let line = format!("AUTH {proof}\n");
        let bytes = line.as_bytes();
        self.node.handle(at(ms), Event::Received { conn, bytes });
        self.act(ms);
        let said = String::from_utf8_lossy(self.node.unsent(conn)).into_owned();
        said.contains("\nSINCE ")
    }
}

fn proof(message: &str) -> String {
    let secret = Secret::new(WORDS.as_bytes()).unwrap();
    secret.prove(message.as_bytes())
}

/// The HELLO of the first neighbour with that nonce, and a proof of the secret.
fn early(nonce: &str) -> String {
    let run = format!("{:016x}", 100);
    let proof = proof(&format!("early N0 Goloman {run} {nonce}"));
    format!("HELLO N0 Goloman {run} {nonce} compare=1 early={proof}\n")
}

/// However large the crowd is, and wherever: here a thousand connections a second, two hundred in
/// the time of a round trip. One of them plays back what the neighbour said before.
#[test]
fn a_neighbour_that_proves_the_secret_in_its_hello_is_not_evicted() {
    let loopback = |number| IpAddr::from(Ipv4Addr::new(127, 0, 0, number));
    for (neighbour, crowd) in [(address(0), address(0)), (loopback(2), loopback(3))] {
        let mut bench = Bench::with(&[neighbour]);
        let nonce = |number: usize| format!("{number:032x}");
        let mut ms = 0;
        for dial in 0..20 {
            let conn = bench.says(&early(&nonce(dial)), neighbour, ms);
            for turn in 0..ROUND_TRIP {
                ms += 1;
                let line = match turn % 3 {
                    0 => early(&nonce(dial.saturating_sub(turn as usize / 3 % 3))),
                    1 => early(&nonce(dial)).replace("early=", "early=00"),
                    _ => early(&nonce(dial)).replace(" early=", " later="),
                };
                bench.says(&line, crowd, ms);
            }
            assert!(bench.proves_with(&nonce(dial), 0, conn, ms), "dial {dial}");
            let open = bench.node.inspect().snapshot().sessions;
            assert!(open <= 60, "{open} are open");
        }
    }
}

/// Its own handshakes have a limit, so that somebody who has the secret, too, takes few places.
#[test]
fn the_oldest_of_many_proved_handshakes_makes_room() {
    let mut bench = Bench::with(&[address(0)]);
    let nonce = |number: usize| format!("{number:032x}");
    let all: Vec<ConnId> = (0..10)
        .map(|number| bench.says(&early(&nonce(number)), address(0), 1))
        .collect();
    assert_eq!(bench.closed, all[..6]);
    assert!(bench.proves_with(&nonce(6), 0, all[6], 2));
    // A link makes room for nobody.
    for number in 10..30 {
        bench.says(&early(&nonce(number)), address(0), 3);
    }
    assert!(!bench.closed.contains(&all[6]));
}

#[test]
fn a_crowd_that_forges_hellos_keeps_no_neighbour_out() {
    let (there, elsewhere) = (address(0), address(9));
    let loopback = |number| IpAddr::from(Ipv4Addr::new(127, 0, 0, number));
    for (known, neighbour, crowd, gap) in [
        (there, there, there, 10),
        (there, there, elsewhere, 10),
        (there, there, elsewhere, 1),
        // On this machine it may come from another address than the one that is known.
        (loopback(2), loopback(1), elsewhere, 1),
        (loopback(2), loopback(1), loopback(3), 10),
    ] {
        let mut bench = Bench::with(&[known]);
        let mut ms = 0;
        let mut forge = |bench: &mut Bench, until: u64| {
            while ms < until {
                ms += gap;
                bench.hello(0, crowd, ms);
            }
        };
        forge(&mut bench, 5_000);
        let conn = bench.hello(0, neighbour, 5_000);
        forge(&mut bench, 5_000 + ROUND_TRIP);
        assert!(
            bench.proves(0, conn, 5_000 + ROUND_TRIP),
            "{neighbour}, and {crowd} every {gap} ms"
        );
        let open = bench.node.inspect().snapshot().sessions;
        assert!(open <= 60, "{open} are open");
    }
}

#[test]
fn many_neighbours_that_come_at_once_do_not_evict_one_another() {
    let one = vec![address(0); 50];
    let each: Vec<IpAddr> = (0..50).map(address).collect();
    for addresses in [one, each] {
        let mut bench = Bench::with(&addresses);
        // All of them twice: the link of before may still be in its handshake.
        for _ in 0..2 {
            for (number, from) in addresses.iter().enumerate() {
                bench.hello(number, *from, 10);
            }
        }
        assert_eq!(bench.closed, []);
        for number in 0..50 {
            let conn = ConnId::new(number as u32 + 51, number + 50);
            assert!(bench.proves(number, conn, 10 + ROUND_TRIP), "{number}");
        }
    }
}
