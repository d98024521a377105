//! A real node among strangers: two clients, a neighbour that tells it things and one that it
//! tells, whose bytes come in pieces while sockets block, lookups return, clocks move and
//! connections break, all as the input says.
//!
//! The first byte chooses the [`Limits`] and whether there is a log. Then bytes are what the
//! present seat says, but for these eight, which no UTF-8 holds; four take the byte behind them.
//!
//! | byte | what happens |
//! |---|---|
//! | F8 | what was gathered arrives as one piece, as it does before all others but FD |
//! | F9 | the next seat: client, client, who came in at the servers' door, who was dialled |
//! | FA n | n times 20 ms pass |
//! | FB n | the seat reads n times 16 bytes |
//! | FC n | lookup n of those under way returns |
//! | FD | the seat ends its sending, and the end arrives with what was gathered |
//! | FE | the seat's connection breaks |
//! | FF n | the wall clock jumps by n hours, less 128 |

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use herd::limits::Limits;
use herd::node::{Ack, Action, Config, Door, Event, Level, LookupError, Neighbour, Node};
use herd::units::{ConnId, LookupId, MILLISECOND, Mono, Now, PeerId, SECOND, Wall};

use super::super::model;
use super::seat::{Seat, tiny};
use super::transcript::{Transcript, check_table};

/// Where in the list of seats the clients end, and the one whom the node dials.
const CLIENTS: usize = 2;
const DIALLED: usize = 3;
/// The most actions after one event.
const ACTIONS_MAX: usize = 1000;
/// A reply beside the line that it answers: names, a difference, and the JSON of these tests.
const REPLY_EXTRA_MAX: usize = 400;

/// Plays `script` to its end, then lets everybody be served and the node end. The rules are
/// checked at every step: see the assertions.
pub fn session(script: &[u8]) {
    let mut script = script.iter().copied();
    let kind = script.next().unwrap_or(b'0');
    let mut world = World::new(kind);
    while let Some(byte) = script.next() {
        if byte < 0xf8 {
            world.gathered.push(byte);
            continue;
        }
        world.gather();
        // The last bytes may arrive together with the end, before the node can ask for a pause.
        if byte != 0xfd {
            world.deliver_all();
        }
        match byte {
            0xf9 => world.seat = (world.seat + 1) % world.seats.len(),
            0xfa => world.pass(u64::from(script.next().unwrap_or(1)) * 20 * MILLISECOND),
            0xfb => world.read(usize::from(script.next().unwrap_or(255)) * 16),
            0xfc => world.answer(script.next().unwrap_or(0).into()),
            0xfd => world.end(world.seat),
            0xfe => world.break_off(),
            0xff => {
                let hours = i128::from(script.next().unwrap_or(128)) - 128;
                world.now.wall.0 += hours * 3600 * i128::from(SECOND);
            }
            _ => {}
        }
        world.deliver_all();
    }
    world.gather();
    world.finish();
}

struct World {
    node: Node,
    now: Now,
    limits: Limits,
    seats: [Seat; 4],
    /// The seat whose bytes come.
    seat: usize,
    gathered: Vec<u8>,
    lookups: Vec<LookupId>,
    opened: u32,
    transcript: Transcript,
    /// Nanoseconds since all clients have read all.
    unread: u64,
    has_stopped: bool,
    /// A connection that broke while the node was still asking for things, perhaps about it.
    hung_up: Option<ConnId>,
}

impl World {
    fn new(kind: u8) -> World {
        let mut limits = [Limits::default(), tiny()][usize::from(kind & 1)].clone();
        // The transcript knows no deadline of a line. Few clients must do for a comparison.
        limits.half_line = u64::MAX;
        (limits.compare_floor, limits.link_steps) = (1, 2);
        let neighbour = Neighbour {
            name: "Hands".into(),
            plain: false,
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        };
        let node = Node::new(Config {
            name: "Goloman".into(),
            version: "1.0".into(),
            run: 1,
            seed: 1,
            neighbours: vec![neighbour],
            ack: Ack::Local,
            journal: None,
            secret: None,
            level: (kind & 2 == 2).then_some(Level::Debug),
            limits: limits.clone(),
        });
        let (mono, wall) = (Mono(0), Wall(1_520_023_935 * i128::from(SECOND)));
        let now = Now { mono, wall };
        let mut world = World {
            node,
            now,
            transcript: Transcript::new(limits.clone()),
            limits,
            seats: Default::default(),
            seat: 0,
            gathered: Vec::new(),
            lookups: Vec::new(),
            opened: 0,
            unread: 0,
            has_stopped: false,
            hung_up: None,
        };
        world.pass(0);
        world
    }

    /// Gathered bytes are sent as one piece.
    fn gather(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        let piece = std::mem::take(&mut self.gathered);
        self.open(self.seat);
        let seat = &mut self.seats[self.seat];
        if seat.conn.is_some() && !seat.has_ended {
            seat.inbox.push_back(Some(piece));
        }
    }

    /// Somebody takes an empty seat; whom the node dials, it has to dial.
    fn open(&mut self, seat: usize) {
        if self.seats[seat].conn.is_some() || seat == DIALLED {
            return;
        }
        let conn = self.name(seat);
        let door = if seat < CLIENTS {
            Door::Clients
        } else {
            Door::Servers
        };
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
        self.tell(Event::Accepted { conn, door, from });
    }

    fn name(&mut self, seat: usize) -> ConnId {
        self.opened += 1;
        let conn = ConnId::new(self.opened, seat);
        self.seats[seat] = Seat {
            conn: Some(conn),
            ..Seat::default()
        };
        conn
    }

    fn deliver_all(&mut self) {
        for seat in 0..self.seats.len() {
            self.deliver(seat);
        }
    }

    /// Everything that the seat has sent and the node is willing to read is read.
    fn deliver(&mut self, seat: usize) {
        while let Some(conn) = self.seats[seat].conn {
            if self.seats[seat].is_paused {
                break;
            }
            match self.seats[seat].inbox.pop_front() {
                Some(Some(piece)) => {
                    self.seats[seat].heard.extend_from_slice(&piece);
                    self.transcript.clock(self.now.wall);
                    let bytes = &piece[..];
                    self.node.handle(self.now, Event::Received { conn, bytes });
                    if self.seats[seat].inbox.front() == Some(&None) {
                        self.seats[seat].inbox.pop_front();
                        self.node.handle(self.now, Event::Ended { conn });
                    }
                    self.observe();
                }
                Some(None) => self.tell(Event::Ended { conn }),
                None => break,
            }
        }
    }

    fn pass(&mut self, nanoseconds: u64) {
        // A client that was refused and does not read for this long is cut off: ours do read.
        self.unread += nanoseconds;
        if self.unread >= self.limits.grace {
            (0..CLIENTS).for_each(|seat| self.read_seat(seat, usize::MAX));
            self.unread = nanoseconds;
        }
        self.now.mono = self.now.mono + nanoseconds;
        self.now.wall.0 += i128::from(nanoseconds);
        self.tell(Event::Tick);
    }

    fn read(&mut self, most: usize) {
        self.read_seat(self.seat, most);
    }

    /// The socket of a seat takes some bytes.
    fn read_seat(&mut self, seat: usize, most: usize) {
        let Some(conn) = self.seats[seat].conn else {
            return;
        };
        let unsent = self.node.unsent(conn);
        let count = unsent.len().min(most);
        self.seats[seat].sent.extend_from_slice(&unsent[..count]);
        self.node.advance(self.now, conn, count);
        self.observe();
    }

    /// A lookup returns: well, or badly.
    fn answer(&mut self, choice: usize) {
        if self.lookups.is_empty() {
            return;
        }
        let id = self.lookups.remove(choice % self.lookups.len());
        let answer = match choice % 4 {
            0 => Err(LookupError::Busy),
            1 => Err(LookupError::Failed("the \"service\"\nis out".into())),
            _ => Ok(b"{\n   \"results\" : [],\n   \"status\" : \"OK\"\n}".to_vec()),
        };
        self.tell(Event::LookedUp { id, answer });
    }

    fn end(&mut self, seat: usize) {
        if self.seats[seat].conn.is_some() && !self.seats[seat].has_ended {
            self.seats[seat].has_ended = true;
            self.seats[seat].inbox.push_back(None);
        }
    }

    fn break_off(&mut self) {
        if let Some(conn) = self.seats[self.seat].conn.take() {
            let why = "reset".to_string();
            self.tell(Event::Broken { conn, why });
            assert!(self.node.unsent(conn).is_empty());
        }
    }

    fn tell(&mut self, event: Event<'_>) {
        self.transcript.clock(self.now.wall);
        self.node.handle(self.now, event);
        self.observe();
    }

    /// Does what the node asks for, and looks at what it holds.
    fn observe(&mut self) {
        for count in 0.. {
            assert!(count < ACTIONS_MAX, "the node never stops asking");
            let Some(action) = self.node.poll_action() else {
                break;
            };
            self.act(action);
        }
        for (place, seat) in self.seats.iter().enumerate() {
            let Some(conn) = seat.conn else { continue };
            let limits = &self.limits;
            let line_max = limits.server_line.max(limits.client_line) + REPLY_EXTRA_MAX;
            // Over the mark no line is obeyed; but each lookup that is under way is answered,
            // and a link that is about to be closed may say why.
            let most = if place < CLIENTS {
                limits.outbox_high + line_max + limits.lookups * REPLY_EXTRA_MAX
            } else {
                limits.outbox_high.max(limits.link_outbox) + 3 * line_max
            };
            let held = self.node.unsent(conn).len();
            assert!(
                held <= most,
                "{held} bytes for seat {place}, {most} at most"
            );
        }
        let is_fit = |c: char| matches!(c, ' '..='~' | '\n');
        assert!(self.node.log().text().chars().all(is_fit));
        self.node.log().clear();
        check_table(&self.node, &self.limits);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Dial(peer) => {
                assert_eq!(peer, PeerId(0));
                // Whom it refused may still read why; he hangs up now, for his seat is needed.
                // If he took too long, he is forgotten already, and his end is yet to come.
                if let Some(conn) = self.seats[DIALLED].conn.take() {
                    let refused = &self.seats[DIALLED].sent;
                    let refused = [refused, self.node.unsent(conn)].concat();
                    let mut lines = model::lines(&refused).into_iter();
                    let is_forgotten = self.node.inspect().conn_stats(conn).is_none();
                    let is_refused = lines.any(|line| line.starts_with(b"? "));
                    assert!(is_forgotten || is_refused, "dialled twice");
                    let why = "hung up".to_string();
                    self.node.handle(self.now, Event::Broken { conn, why });
                    self.hung_up = Some(conn);
                }
                let conn = self.name(DIALLED);
                self.node.handle(self.now, Event::Dialled { peer, conn });
            }
            Action::Flush(_) | Action::Confirm(_) => {}
            Action::Close(conn) if self.hung_up == Some(conn) => {}
            Action::Pause(conn) => self.set_paused(conn, true),
            Action::Resume(conn) => self.set_paused(conn, false),
            Action::Finish(conn) => {
                assert!(self.node.unsent(conn).is_empty());
                let seat = self.seated(conn);
                let before = std::mem::replace(&mut self.seats[seat].is_finished, true);
                assert!(!before, "finished twice");
            }
            Action::Close(conn) => {
                assert!(self.node.unsent(conn).is_empty());
                let place = self.seated(conn);
                let seat = std::mem::take(&mut self.seats[place]);
                if place < CLIENTS && !self.has_stopped {
                    self.transcript.check(&seat.heard, &seat.sent);
                }
            }
            Action::LookUp(id, query) => {
                assert!(query.radius_m <= 50_000 && query.bound <= 20);
                self.lookups.push(id);
                assert!(self.lookups.len() <= CLIENTS * self.limits.lookups);
            }
            Action::Forget(id) => self.lookups.retain(|under_way| *under_way != id),
            Action::Journal(task) => panic!("there is no journal: {task:?}"),
            Action::Stop => self.has_stopped = true,
        }
    }

    fn set_paused(&mut self, conn: ConnId, is_paused: bool) {
        let seat = self.seated(conn);
        assert_ne!(self.seats[seat].is_paused, is_paused, "said twice");
        self.seats[seat].is_paused = is_paused;
    }

    fn seated(&self, conn: ConnId) -> usize {
        let seat = (self.seats.iter()).position(|seat| seat.conn == Some(conn));
        seat.unwrap_or_else(|| panic!("{conn:?} is gone"))
    }

    /// Everybody reads all, every lookup returns, and the clients end: each has its replies then.
    fn finish(&mut self) {
        self.settle();
        (0..CLIENTS).for_each(|seat| self.end(seat));
        self.settle();
        assert!(self.seats[..CLIENTS].iter().all(|seat| seat.conn.is_none()));
        self.transcript.check_acknowledged(&self.node);
        assert!(!self.has_stopped, "nobody asked it to");
        self.tell(Event::Shutdown);
        while !self.has_stopped {
            self.settle();
            let next = self.node.poll_timeout().expect("the grace ends");
            self.pass(next.since(self.now.mono).max(1));
        }
        assert!(self.now.mono.0 < 1 << 50 && self.lookups.is_empty());
    }

    /// Until there is nothing to do but wait.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 1 << 20, "it never comes to rest");
            let mut is_quiet = true;
            self.deliver_all();
            for seat in 0..self.seats.len() {
                let conn = self.seats[seat].conn;
                if conn.is_some_and(|conn| !self.node.unsent(conn).is_empty()) {
                    self.read_seat(seat, usize::MAX);
                    is_quiet = false;
                }
            }
            while !self.lookups.is_empty() {
                self.answer(2);
                is_quiet = false;
            }
            if (self.node.poll_timeout()).is_some_and(|next| next <= self.now.mono) {
                self.tell(Event::Tick);
                is_quiet = false;
            }
            if is_quiet {
                return;
            }
        }
    }
}
