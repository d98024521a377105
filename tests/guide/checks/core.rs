//! Step 11: a core under two shells, one of which has no sockets and its own time. Step 12: two
//! servers.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use herd::limits::Limits;
use herd::node::{self, Action, Event, Node};
use herd::units::{ConnId, MILLISECOND, Mono, Now, Wall};

use super::{Client, Door, Trial, tells_from_the_step_before, trial};
use crate::steps::{s02_door, s11_core, s12_peers};
use crate::support::ports::free_port;
use crate::support::wait::wait_until;

/// The core knows a command, which the steps before answer with a question mark.
fn knows_a_command(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut client = door.client()?;
    client.say("IAMAT kiwi +34.068930-118.445127 1520023934.918963997\n")?;
    client.hears("AT Step ")
}

#[test]
fn step_11_knows_what_its_core_knows() {
    tells_from_the_step_before(11, knows_a_command);
}

/// Lines that have the same answer at any time.
const LINES: &[u8] = b"hello\n\nWHATSAT kiwi 10 5\r\nIAMAT kiwi\nlast";

/// A shell without sockets: one client, and a clock that goes on when it is told to.
struct World {
    core: Node,
    now: Now,
    heard: Vec<u8>,
    actions: Vec<Action>,
}

const CLIENT: ConnId = ConnId::new(1, 0);

impl World {
    fn new() -> World {
        let mut world = World {
            core: s11_core::core(),
            now: Now {
                mono: Mono(0),
                wall: Wall(0),
            },
            heard: Vec::new(),
            actions: Vec::new(),
        };
        let from = ([127, 0, 0, 1], 1).into();
        let door = node::Door::Clients;
        world.tell(Event::Accepted {
            conn: CLIENT,
            door,
            from,
        });
        world
    }

    fn tell(&mut self, event: Event<'_>) {
        self.core.handle(self.now, event);
        while let Some(action) = self.core.poll_action() {
            if let Action::Flush(conn) = action {
                self.heard.extend(self.core.unsent(conn));
                let count = self.core.unsent(conn).len();
                self.core.advance(self.now, conn, count);
            }
            self.actions.push(action);
        }
    }

    fn says(&mut self, bytes: &[u8]) {
        self.tell(Event::Received {
            conn: CLIENT,
            bytes,
        });
    }

    /// Lets a time pass, as fast as the processor can.
    fn passes(&mut self, nanoseconds: u64) {
        self.now.mono = self.now.mono + nanoseconds;
        self.tell(Event::Tick);
    }
}

#[test]
fn step_11_says_the_same_without_a_socket() {
    let door = Door::open(trial(11, 30)).unwrap();
    door.serve().unwrap();
    let mut client = door.client().unwrap();
    client.say(LINES).unwrap();
    client.says_no_more().unwrap();
    for size in 1..LINES.len() {
        let mut world = World::new();
        LINES.chunks(size).for_each(|bytes| world.says(bytes));
        world.tell(Event::Ended { conn: CLIENT });
        let heard = String::from_utf8(world.heard).unwrap();
        assert!(heard.starts_with("? hello\n? \n"), "{heard}");
        assert!(heard.ends_with("? last\n"), "{heard}");
        if size == 1 {
            client.hears(&heard).unwrap();
        }
    }
    client.hears_the_end().unwrap();
}

/// A test of step 9 waits for a second. This one waits for half a minute, and is done at once.
#[test]
fn step_11_ends_half_a_line_in_a_time_of_its_own() {
    let deadline = Limits::default().half_line;
    let mut world = World::new();
    world.says(b"one\nhalf");
    world.passes(deadline - MILLISECOND);
    assert_eq!(world.heard, b"? one\n");
    world.passes(MILLISECOND);
    assert_eq!(world.heard, b"? one\n? half\n");
    assert!(world.actions.contains(&Action::Finish(CLIENT)));
}

/// A port of 127.0.0.1 where somebody listens.
fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn client(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    Client(stream)
}

/// Sets a key, and hears that it is set.
fn set(client: &mut Client, key: &str, value: usize) -> io::Result<()> {
    client.say(format!("set {key} {value}\n"))?;
    client.hears(format!("{key} {value}\n"))
}

/// The other server is this test. It is away for a thousand changes of one key, and told the last.
#[test]
fn step_12_tells_each_key_once() {
    let (door, address) = listen();
    let other = SocketAddr::from(([127, 0, 0, 1], free_port()));
    thread::spawn(move || s12_peers::serve(door, 1, other));
    let mut client = client(address);
    for number in 1..=1000 {
        set(&mut client, "kiwi", number).unwrap();
    }
    set(&mut client, "fig", 1).unwrap();
    let listener = s02_door::open(other).unwrap();
    let mut link = Client(listener.accept().unwrap().0);
    link.hears("news kiwi 1000 1 1000\nnews fig 1001 1 1\n")
        .unwrap();
}

#[test]
fn the_step_before_12_has_no_keys() {
    let door = Door::open(trial(11, 1)).unwrap();
    door.serve().unwrap();
    set(&mut door.client().unwrap(), "kiwi", 1).unwrap_err();
}

/// Two are set at both servers before either knows of the other.
#[test]
fn step_12_ends_with_the_same_at_both() {
    let (one, one_address) = listen();
    let (other, other_address) = listen();
    let (mut at_one, mut at_other) = (client(one_address), client(other_address));
    at_one.say("set kiwi 1\nset fig one\n").unwrap();
    at_other.say("set kiwi 2\nset pear other\n").unwrap();
    thread::spawn(move || s12_peers::serve(one, 1, other_address));
    thread::spawn(move || s12_peers::serve(other, 2, one_address));
    at_one.hears("kiwi 1\nfig one\n").unwrap();
    at_other.hears("kiwi 2\npear other\n").unwrap();
    // Of two changes with the same count, that of the server with the greater number is newer.
    for client in [&mut at_one, &mut at_other] {
        for wanted in ["kiwi 2", "fig one", "pear other"] {
            let key = wanted.split(' ').next().unwrap();
            wait_until(wanted, || {
                client.say(format!("get {key}\n")).unwrap();
                let mut line = String::new();
                let mut reader = BufReader::with_capacity(64, &client.0);
                reader.read_line(&mut line).unwrap();
                line.trim_end() == wanted
            });
        }
    }
}
