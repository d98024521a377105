//! One process of the world: a real `Node`, and the shell around it that plays the event loop's
//! part: act, observe, tick.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use herd::node::{Action, Config, Door, Event, Level, LookupError, Neighbour, Node, Query};
use herd::units::{ConnId, LookupId, Now, PeerId};

use super::disk::{Disk, describe};
use super::net::{Arrival, End, Knock, Listener, Net, Owner};
use super::world::Settings;

/// A server that runs.
#[derive(Debug)]
pub struct Shell {
    /// Its place in the world.
    pub place: usize,
    /// The server itself.
    pub node: Node,
    /// It takes no turns; its kernel does.
    pub frozen: bool,
    /// It was told to end, and does not know yet.
    pub ending: bool,
    /// It has asked to stop.
    pub stopped: bool,
    /// Lines of its log that nobody has asked for yet.
    pub notes: String,
    /// Lookups that came back and are not reported yet.
    pub answers: VecDeque<(LookupId, Result<Vec<u8>, LookupError>)>,
    /// Where its journal is.
    pub disk: Disk,
    neighbours: Vec<usize>,
    sockets: BTreeMap<ConnId, Socket>,
    generation: u32,
    dials: BTreeMap<PeerId, Dial>,
    /// Lookups that the workers have, and how many fit.
    pool: BTreeSet<LookupId>,
    pool_max: usize,
}

#[derive(Debug)]
struct Socket {
    end: End,
    /// A link, or a client.
    link: bool,
    paused: bool,
    /// The last write left something. Nobody else is written to unasked, so a flush that the
    /// node forgets is missed.
    unfinished: bool,
}

#[derive(Debug)]
enum Dial {
    Connected(End),
    Refused,
    /// Nobody says anything.
    Lost,
}

/// The address of the server in a place.
pub fn address(place: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, place as u8 + 1))
}

impl Shell {
    /// A process begins its `life`th life, in `place`.
    pub fn new(
        place: usize,
        life: u64,
        names: &[String],
        neighbours: &[usize],
        settings: &Settings,
        disk: Disk,
    ) -> Shell {
        let run = (place as u64 + 1) << 8 | life;
        let config = Config {
            name: names[place].clone(),
            run,
            seed: run,
            neighbours: neighbours
                .iter()
                .map(|&place| Neighbour {
                    name: names[place].clone(),
                    plain: settings.plain.contains(&names[place]),
                    addresses: vec![address(place)],
                })
                .collect(),
            ack: settings.ack,
            journal: settings.journal,
            secret: settings.secret.clone(),
            level: Some(Level::Info),
            limits: settings.limits.clone(),
        };
        let mut node = Node::new(config);
        if settings.journal.is_some() {
            disk.replay(&mut node);
        }
        Shell {
            place,
            node,
            disk,
            frozen: false,
            ending: false,
            stopped: false,
            notes: String::new(),
            answers: VecDeque::new(),
            neighbours: neighbours.to_vec(),
            sockets: BTreeMap::new(),
            generation: 0,
            dials: BTreeMap::new(),
            pool: BTreeSet::new(),
            pool_max: settings.pool,
        }
    }

    /// One turn. Whether anything was done; a server in which nothing is done would wait.
    pub fn turn(&mut self, now: Now, net: &mut Net, lookups: &mut Vec<(usize, LookupId)>) -> bool {
        let acted = self.act(now, net, lookups);
        let observed = self.observe(now, net);
        let due = self.node.poll_timeout().is_some_and(|at| at <= now.mono);
        if observed || due {
            self.node.handle(now, Event::Tick);
        }
        self.notes.push_str(self.node.log_text());
        self.node.clear_log();
        acted || observed || due
    }

    /// The process is gone, and its kernel closes what it held. Its disk stays.
    pub fn exit(self, net: &mut Net) -> Disk {
        let mut disk = self.disk;
        disk.abandon();
        for socket in self.sockets.values() {
            net.close(socket.end);
        }
        for dial in self.dials.into_values() {
            if let Dial::Connected(end) = dial {
                net.close(end);
            }
        }
        for knock in std::mem::take(&mut net.knocks[self.place]) {
            net.close(knock.end);
        }
        disk
    }

    /// Unsent bytes to whoever has that name.
    pub fn owed(&self, net: &Net, name: &str) -> usize {
        self.sockets
            .iter()
            .filter(|(_, socket)| net.peer_name(socket.end) == name)
            .map(|(conn, _)| self.node.unsent(*conn).len())
            .sum()
    }

    /// Does all that the node asks for; then who was not told all in one write gets another, if
    /// its socket still takes bytes. One write per connection and turn.
    fn act(&mut self, now: Now, net: &mut Net, lookups: &mut Vec<(usize, LookupId)>) -> bool {
        let (mut acted, mut written) = (false, BTreeSet::new());
        let mut clients_began = false;
        while let Some(action) = self.node.poll_action() {
            acted = true;
            match action {
                Action::Dial(peer) => self.dial(peer, net),
                Action::Flush(conn) if written.insert(conn) => {
                    let link = self.sockets.get(&conn).is_some_and(|socket| socket.link);
                    assert!(!(link && clients_began), "news behind a reply");
                    clients_began |= !link;
                    self.write(now, conn, net);
                }
                Action::Flush(_) => {}
                Action::Pause(conn) => self.pause(conn, true, net),
                Action::Resume(conn) => self.pause(conn, false, net),
                Action::Finish(conn) => {
                    if let Some(socket) = self.sockets.get(&conn) {
                        net.finish(socket.end);
                    }
                }
                Action::Close(conn) => {
                    if let Some(socket) = self.sockets.remove(&conn) {
                        net.close(socket.end);
                    }
                }
                Action::LookUp(id, query) => self.look_up(now, id, query, net, lookups),
                Action::Forget(id) => {
                    self.pool.remove(&id);
                    let number = lookups.iter().position(|&it| it == (self.place, id));
                    let number = number.expect("what is forgotten was asked") + 1;
                    self.tell(net, format!("forgets lookup {number}"));
                }
                Action::Journal(task) => self.journal_task(now, task, net),
                Action::Stop => {
                    self.stopped = true;
                    self.tell(net, "stops".into());
                    break;
                }
            }
        }
        for conn in self.in_order() {
            if self.sockets[&conn].unfinished && !written.contains(&conn) {
                acted |= self.write(now, conn, net) > 0;
            }
        }
        acted
    }

    fn write(&mut self, now: Now, conn: ConnId, net: &mut Net) -> usize {
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return 0;
        };
        let count = net.write(socket.end, self.node.unsent(conn));
        self.node.advance(now, conn, count);
        socket.unfinished = !self.node.unsent(conn).is_empty();
        count
    }

    fn dial(&mut self, peer: PeerId, net: &mut Net) {
        if let Some(Dial::Connected(end)) = self.dials.remove(&peer) {
            net.close(end);
        }
        let (me, you) = (self.place, self.neighbours[peer.index()]);
        *net.dials.entry((me, you)).or_default() += 1;
        let outcome = match net.listeners[you].clone() {
            _ if !net.is_open(me, you) => Dial::Lost,
            Listener::Nobody => Dial::Refused,
            Listener::Server => {
                let end = net.connect(Owner::Server(me), Owner::Server(you));
                net.knocks[you].push_back(Knock {
                    end: end.other(),
                    door: Door::Servers,
                    from: (address(me), 40_000).into(),
                });
                Dial::Connected(end)
            }
            Listener::Impostors(mut names) => {
                let name = names.pop_front().expect("somebody");
                net.listeners[you] = if names.is_empty() {
                    Listener::Nobody
                } else {
                    Listener::Impostors(names)
                };
                self.tell(net, format!("dials {name}"));
                Dial::Connected(net.connect(Owner::Server(me), Owner::Outside(name)))
            }
        };
        self.dials.insert(peer, outcome);
    }

    fn journal_task(&mut self, now: Now, task: herd::node::JournalTask, net: &mut Net) {
        let text = self.node.journal_text();
        self.tell(net, describe(task, text));
        if let Some(done) = self.disk.take(task, text) {
            self.node.handle(now, Event::Journal(done));
        }
    }

    fn pause(&mut self, conn: ConnId, paused: bool, net: &mut Net) {
        // It may have broken since the node wished this.
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        assert_ne!(socket.paused, paused, "it is so already");
        socket.paused = paused;
        let (what, whom) = (if paused { "pauses" } else { "resumes" }, socket.end);
        self.tell(net, format!("{what} {}", net.peer_name(whom)));
    }

    fn look_up(
        &mut self,
        now: Now,
        id: LookupId,
        query: Query,
        net: &mut Net,
        lookups: &mut Vec<(usize, LookupId)>,
    ) {
        lookups.push((self.place, id));
        let number = lookups.len();
        let Query {
            latitude,
            longitude,
            radius_m,
            bound,
        } = query;
        self.tell(
            net,
            format!("looks up {number}: {latitude},{longitude} {radius_m} m, {bound} at most"),
        );
        if self.pool.len() < self.pool_max {
            self.pool.insert(id);
        } else {
            let answer = Err(LookupError::Busy);
            self.node.handle(now, Event::LookedUp { id, answer });
        }
    }

    /// Reports what has come: links first, one read per connection.
    fn observe(&mut self, now: Now, net: &mut Net) -> bool {
        let mut observed = false;
        for (peer, dial) in std::mem::take(&mut self.dials) {
            match dial {
                Dial::Connected(end) => {
                    let conn = self.open(end, true);
                    self.node.handle(now, Event::Dialled { peer, conn });
                }
                Dial::Refused => {
                    let why = "connection refused".into();
                    self.node.handle(now, Event::DialFailed { peer, why });
                }
                Dial::Lost => continue,
            }
            observed = true;
        }
        while let Some(Knock { end, door, from }) = net.knocks[self.place].pop_front() {
            let conn = self.open(end, door == Door::Servers);
            self.node.handle(now, Event::Accepted { conn, door, from });
            observed = true;
        }
        for conn in self.in_order() {
            observed |= self.read(now, conn, net);
        }
        if std::mem::take(&mut self.ending) {
            self.node.handle(now, Event::Shutdown);
            observed = true;
        }
        while let Some((id, answer)) = self.answers.pop_front() {
            self.pool.remove(&id);
            self.node.handle(now, Event::LookedUp { id, answer });
            observed = true;
        }
        if let Some(done) = self.disk.finish() {
            self.node.handle(now, Event::Journal(done));
            observed = true;
        }
        observed
    }

    fn read(&mut self, now: Now, conn: ConnId, net: &mut Net) -> bool {
        let Socket { end, paused, .. } = self.sockets[&conn];
        // A reset is reported though nobody reads: poll(2) has it unasked.
        if paused && !net.is_reset(end) {
            return false;
        }
        let event = match net.read(end) {
            None => return false,
            Some(Arrival::Bytes(bytes)) => {
                self.node.handle(
                    now,
                    Event::Received {
                        conn,
                        bytes: &bytes,
                    },
                );
                return true;
            }
            Some(Arrival::Ended) => Event::Ended { conn },
            Some(Arrival::Reset) => {
                self.sockets.remove(&conn);
                let why = "connection reset by peer".into();
                Event::Broken { conn, why }
            }
        };
        self.node.handle(now, event);
        true
    }

    /// A new connection, in the lowest slot that is free.
    fn open(&mut self, end: End, link: bool) -> ConnId {
        let taken: BTreeSet<usize> = self.sockets.keys().map(|conn| conn.key()).collect();
        let key = (0..).find(|key| !taken.contains(key)).expect("a free slot");
        self.generation += 1;
        let conn = ConnId::new(self.generation, key);
        let socket = Socket {
            end,
            link,
            paused: false,
            unfinished: false,
        };
        self.sockets.insert(conn, socket);
        conn
    }

    /// All connections, the links first.
    fn in_order(&self) -> Vec<ConnId> {
        let of = |link| {
            self.sockets
                .iter()
                .filter(move |(_, socket)| socket.link == link)
        };
        of(true).chain(of(false)).map(|(conn, _)| *conn).collect()
    }

    fn tell(&self, net: &mut Net, what: String) {
        let name = &net.names[self.place];
        net.tale.push(format!("{name} {what}"));
    }
}
