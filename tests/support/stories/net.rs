//! The network between the servers of a story. Nothing takes time: whoever waits, waits for a
//! turn. Ways can be cut, windows fill, and the story hears what happens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use herd::node::{Door, JournalEvent, JournalTask, Query};
use herd::units::{LookupId, PeerId};

use crate::support::disk::{Disk, describe};
use crate::support::kernel::{Kernel, Numbers, Watch, address};
use crate::support::shell::Shell;
use crate::support::shown::shown;
use crate::support::wire::{End, Holder, Network, Parcel, Wire};

/// The listener at a server's doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Nobody: dials are refused.
    Nobody,
    /// The server.
    Server,
    /// Some in the story: the next dial reaches the first of them; behind the last nobody listens.
    Impostors(VecDeque<String>),
}

/// All wires, and what stands between them.
#[derive(Debug)]
pub struct Net {
    wires: Vec<Wire>,
    /// The names of those at the two ends of each wire.
    owners: Vec<[String; 2]>,
    /// Unread bytes that a wire between two servers holds, each way.
    window: usize,
    /// How many more bytes an outsider takes, if it was told to count.
    pub takes: BTreeMap<End, usize>,
    /// Nothing gets from the first to the second.
    pub cuts: BTreeSet<(usize, usize)>,
    /// Per server.
    pub listeners: Vec<Listener>,
    /// Per server: ends that came in and are not accepted yet.
    knocks: Vec<VecDeque<End>>,
    /// Per server: its journal.
    pub disks: Vec<Disk>,
    /// Per server: the places of its neighbours.
    neighbours: Vec<Vec<usize>>,
    /// How many lookups the workers of a server take.
    pool: usize,
    /// Every lookup, in the order in which they were asked for; the stories count them from 1.
    pub lookups: Vec<(usize, LookupId)>,
    /// AT lines that got from the first to the second.
    pub carried: BTreeMap<(usize, usize), usize>,
    /// How often the first dialled the second.
    pub dials: BTreeMap<(usize, usize), usize>,
    /// Lines that get from the first to the second are told.
    pub watched: BTreeSet<(usize, usize)>,
    /// The peers that the server whose turn it is has written to.
    pub wrote: Vec<String>,
    /// The names of the servers.
    pub names: Vec<String>,
    /// Everything that the story wants to know, in order.
    pub tale: Vec<String>,
}

impl Net {
    /// A network between servers. `neighbours` has places in `names`.
    pub fn new(names: Vec<String>, neighbours: Vec<Vec<usize>>, window: usize, pool: usize) -> Net {
        Net {
            wires: Vec::new(),
            owners: Vec::new(),
            window,
            takes: BTreeMap::new(),
            cuts: BTreeSet::new(),
            listeners: vec![Listener::Nobody; names.len()],
            knocks: vec![VecDeque::new(); names.len()],
            disks: vec![Disk::default(); names.len()],
            neighbours,
            pool,
            lookups: Vec::new(),
            carried: BTreeMap::new(),
            dials: BTreeMap::new(),
            watched: BTreeSet::new(),
            wrote: Vec::new(),
            names,
            tale: Vec::new(),
        }
    }

    /// An outsider comes in at a door. Its end.
    pub fn enter(&mut self, name: &str, place: usize, door: Door, from: SocketAddr) -> End {
        let holders = [Holder::Guest(self.wires.len()), Holder::Kernel(place)];
        let owners = [name.to_string(), self.names[place].clone()];
        let end = self.put(holders, owners, from);
        self.wires[end.wire].door = door;
        self.knocks[place].push_back(end.other());
        end
    }

    fn put(&mut self, holders: [Holder; 2], owners: [String; 2], from: SocketAddr) -> End {
        self.owners.push(owners);
        self.connect(Wire::new(holders, from, [0, 0]))
    }

    /// An outsider writes, as much as there is room for.
    pub fn say(&mut self, end: End, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room(end));
        self.send(end, &bytes[..count]);
        count
    }

    /// The name of the owner of the other end.
    pub fn peer_name(&self, end: End) -> &str {
        &self.owners[end.wire][1 - end.side]
    }

    /// The peers of a server's connections that have something to read, room for what was left, or
    /// lines that are left from the last turn.
    pub fn ready(&mut self, shell: &Shell) -> Vec<String> {
        let mut ready = Vec::new();
        for socket in shell.sockets.iter().flatten() {
            let side = self.side(socket.end);
            let is_readable = !side.unread().is_empty() || side.ended && !socket.ended;
            let has_news = side.broken || is_readable && !socket.paused;
            let has_backlog = shell.node.inspect().has_backlog(socket.conn);
            if has_news || has_backlog || socket.unfinished && self.room(socket.end) > 0 {
                ready.push(self.peer_name(socket.end).to_string());
            }
        }
        ready.dedup();
        ready
    }

    /// Bytes that have come to an end, and that nobody has read.
    pub fn unread(&self, end: End) -> usize {
        self.wires[end.wire].sides[end.side].unread().len()
    }

    /// The newest end that an outsider of that name has.
    pub fn end_of(&self, name: &str) -> Option<End> {
        if self.names.iter().any(|server| server == name) {
            return None;
        }
        let mut ends = (0..self.wires.len()).flat_map(|wire| [0, 1].map(|side| End { wire, side }));
        ends.rfind(|end| self.owners[end.wire][end.side] == name)
    }

    /// Nothing is cut any more: what was held arrives.
    pub fn heal(&mut self) {
        self.cuts.clear();
        for wire in 0..self.wires.len() {
            self.release(End { wire, side: 0 });
            self.release(End { wire, side: 1 });
        }
    }

    /// Outsiders read what has come. Whether there was something.
    pub fn outsiders_read(&mut self) -> bool {
        let before = self.tale.len();
        for wire in 0..self.wires.len() {
            for side in 0..2 {
                self.outsider_reads(End { wire, side });
            }
        }
        self.tale.len() > before
    }

    fn outsider_reads(&mut self, end: End) {
        while let Holder::Guest(_) = self.side(end).holder {
            let side = self.side(end);
            let count = side.first_write();
            let said = if side.broken {
                side.holder = Holder::Nobody;
                "sees a reset".to_string()
            } else if count > 0 {
                let said = format!("< {}", shown(&side.unread()[..count]));
                self.took(end, count);
                said
            } else if std::mem::take(&mut side.ended) {
                "sees the end".to_string()
            } else {
                return;
            };
            let name = &self.owners[end.wire][end.side];
            self.tale.push(format!("{name} {said}"));
        }
    }

    /// A server does something that the story shows.
    fn tell(&mut self, place: usize, what: &str) {
        let name = &self.names[place];
        self.tale.push(format!("{name} {what}"));
    }
}

impl Network for Net {
    fn wires(&mut self) -> &mut Vec<Wire> {
        &mut self.wires
    }

    fn post(&mut self, to: End, parcel: Parcel) {
        if let (Parcel::Bytes(bytes), Some(takes)) = (&parcel, self.takes.get_mut(&to)) {
            *takes -= bytes.len();
        }
        self.arrive(to, parcel);
    }

    /// Everybody has turns until there is nothing to do.
    fn wake(&mut self, _: End) {}

    fn is_cut(&self, way: (usize, usize)) -> bool {
        self.cuts.contains(&way)
    }
}

impl Kernel for Net {
    fn dial(&mut self, shell: &mut Shell, peer: PeerId, attempt: u32) {
        let (me, you) = (shell.place, self.neighbours[shell.place][peer.index()]);
        *self.dials.entry((me, you)).or_default() += 1;
        if self.is_cut((me, you)) || self.is_cut((you, me)) {
            return; // Nobody says anything.
        }
        let from = SocketAddr::from((address(me), 40_000));
        let end = match &mut self.listeners[you] {
            Listener::Nobody => None,
            Listener::Server => {
                let owners = [self.names[me].clone(), self.names[you].clone()];
                let end = self.put([Holder::Kernel(me), Holder::Kernel(you)], owners, from);
                self.knocks[you].push_back(end.other());
                Some(end)
            }
            Listener::Impostors(names) => {
                let name = names.pop_front().expect("somebody");
                if names.is_empty() {
                    self.listeners[you] = Listener::Nobody;
                }
                self.tell(me, &format!("dials {name}"));
                let holders = [Holder::Kernel(me), Holder::Guest(self.wires.len())];
                let owners = [self.names[me].clone(), name];
                Some(self.put(holders, owners, from))
            }
        };
        shell.outcomes.push_back((peer, attempt, end));
    }

    fn knock(&mut self, place: usize) -> Option<End> {
        self.knocks[place].pop_front()
    }

    fn room(&mut self, end: End) -> usize {
        let wire = &self.wires[end.wire];
        let reader = &wire.sides[1 - end.side];
        if wire.sides[end.side].broken || reader.holder == Holder::Nobody {
            return usize::MAX;
        }
        match (self.takes.get(&end.other()), wire.ends) {
            (Some(takes), _) => *takes,
            (None, Some(_)) => self.window.saturating_sub(reader.load()),
            (None, None) => usize::MAX,
        }
    }

    /// A read finds one write.
    fn found(&mut self, end: End) -> usize {
        self.side(end).first_write()
    }

    fn pool(&self) -> usize {
        self.pool
    }

    /// The story answers it.
    fn look_up(&mut self, shell: &Shell, id: LookupId, query: Query, _: bool) {
        self.lookups.push((shell.place, id));
        let number = self.lookups.len();
        let Query {
            latitude,
            longitude,
            radius_m,
            bound,
        } = query;
        let what =
            format!("looks up {number}: {latitude},{longitude} {radius_m} m, {bound} at most");
        self.tell(shell.place, &what);
    }

    fn journal_task(&mut self, shell: &Shell, task: JournalTask) -> Option<JournalEvent> {
        let text = shell.node.journal_text();
        self.tell(shell.place, &describe(task, text));
        self.disks[shell.place].take(task, text)
    }

    fn disk_done(&mut self, place: usize) -> Option<JournalEvent> {
        self.disks[place].finish()
    }
}

impl Watch for Net {
    /// Counts, and tells, the lines in what a server wrote and another reads.
    fn heard(&mut self, _: &Shell, end: End, bytes: &[u8]) -> Option<u64> {
        let way = self.wires[end.wire].way(1 - end.side)?;
        for &byte in bytes {
            let line = &mut self.wires[end.wire].sides[end.side].line;
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            let line = std::mem::take(line);
            if line.starts_with(b"AT ") {
                *self.carried.entry(way).or_default() += 1;
            }
            if self.watched.contains(&way) {
                let (from, to) = (&self.names[way.0], &self.names[way.1]);
                self.tale.push(format!("{from} > {to}: {}", shown(&line)));
            }
        }
        None
    }

    fn offered(&mut self, _: &Shell, end: End, _: &[u8]) {
        self.wrote.push(self.peer_name(end).to_string());
    }

    fn forgotten(&mut self, shell: &Shell, id: LookupId, _: Numbers) -> bool {
        let lookup = self.lookups.iter().position(|&it| it == (shell.place, id));
        let number = lookup.expect("it was asked for") + 1;
        self.tell(shell.place, &format!("forgets lookup {number}"));
        true
    }

    fn paused(&mut self, shell: &Shell, end: End, paused: bool) {
        let what = if paused { "pauses" } else { "resumes" };
        let what = format!("{what} {}", self.peer_name(end));
        self.tell(shell.place, &what);
    }

    fn stopped(&mut self, shell: &Shell) {
        self.tell(shell.place, "stops");
    }

    fn wrong(&mut self, check: &'static str, what: String) {
        panic!("{check}: {what}");
    }
}
