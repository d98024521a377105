//! The network between shells: wires that keep the order of their bytes and know half-closing,
//! resets, windows that are full, and cuts. No latency: who waits, waits for a turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use herd::node::Door;

/// One end of a wire. Side 0 dialled, side 1 accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    wire: usize,
    side: usize,
}

impl End {
    /// The end opposite.
    pub fn other(self) -> End {
        End {
            wire: self.wire,
            side: 1 - self.side,
        }
    }
}

/// Who holds an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A server, by its place in the world.
    Server(usize),
    /// Somebody in the story.
    Outside(String),
}

/// What a read finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// What was written in one go.
    Bytes(Vec<u8>),
    /// No more will come.
    Ended,
    /// The wire is dead, both ways; what was on its way is lost.
    Reset,
}

/// The state of one end.
#[derive(Debug)]
struct Half {
    owner: Owner,
    /// What it has written and the other end has not read, a chunk per write.
    out: VecDeque<Vec<u8>>,
    /// It has shut down sending.
    finished: bool,
    /// It holds its end no more.
    closed: bool,
    /// It has read the end of the other side.
    saw_end: bool,
    /// A reset is on its way to it.
    reset: bool,
    /// So many more bytes will it take; none: no end to it, but for the window.
    takes: Option<usize>,
    /// The line that it is in the middle of, for the counts.
    line: Vec<u8>,
}

/// Somebody at a door.
#[derive(Debug)]
pub struct Knock {
    /// The acceptor's end.
    pub end: End,
    /// Which door.
    pub door: Door,
    /// From where.
    pub from: SocketAddr,
}

/// Who listens at a server's doors.
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
    wires: Vec<[Half; 2]>,
    /// Unread bytes that a wire between two servers holds, each way.
    window: usize,
    /// Nothing gets from the first to the second.
    pub cuts: BTreeSet<(usize, usize)>,
    /// Per server.
    pub listeners: Vec<Listener>,
    /// Per server: who came in and is not accepted yet.
    pub knocks: Vec<VecDeque<Knock>>,
    /// AT lines that got from the first to the second.
    pub carried: BTreeMap<(usize, usize), usize>,
    /// How often the first dialled the second.
    pub dials: BTreeMap<(usize, usize), usize>,
    /// Lines that get from the first to the second are told.
    pub watched: BTreeSet<(usize, usize)>,
    /// The names of the servers.
    pub names: Vec<String>,
    /// What happened that the story wants to know.
    pub tale: Vec<String>,
}

impl Net {
    /// A network between so many servers.
    pub fn new(names: Vec<String>, window: usize) -> Net {
        Net {
            wires: Vec::new(),
            window,
            cuts: BTreeSet::new(),
            listeners: vec![Listener::Nobody; names.len()],
            knocks: names.iter().map(|_| VecDeque::new()).collect(),
            carried: BTreeMap::new(),
            dials: BTreeMap::new(),
            watched: BTreeSet::new(),
            names,
            tale: Vec::new(),
        }
    }

    /// Puts a wire from one to the other, and gives the first one's end.
    pub fn connect(&mut self, from: Owner, to: Owner) -> End {
        let half = |owner| Half {
            owner,
            out: VecDeque::new(),
            finished: false,
            closed: false,
            saw_end: false,
            reset: false,
            takes: None,
            line: Vec::new(),
        };
        self.wires.push([half(from), half(to)]);
        End {
            wire: self.wires.len() - 1,
            side: 0,
        }
    }

    /// So many bytes would a write at `end` take now.
    pub fn room(&self, end: End) -> usize {
        let reader = self.half(end.other());
        let queued = self.half(end).out.iter().map(Vec::len).sum();
        match (reader.takes, self.way(end)) {
            _ if reader.closed => usize::MAX,
            (Some(takes), _) => takes,
            (None, Some(_)) => self.window.saturating_sub(queued),
            (None, None) => usize::MAX,
        }
    }

    /// One write at `end`, of as much as there is room for. Who writes to a closed end gets a
    /// reset for it.
    pub fn write(&mut self, end: End, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room(end));
        if count == 0 {
            return 0;
        }
        if self.half(end.other()).closed {
            self.half_mut(end).reset = true;
            return count;
        }
        if let Some(takes) = &mut self.half_mut(end.other()).takes {
            *takes -= count;
        }
        self.half_mut(end).out.push_back(bytes[..count].to_vec());
        count
    }

    /// One read at `end`: what the other side wrote in one go. None: nothing yet.
    pub fn read(&mut self, end: End) -> Option<Arrival> {
        if self.half(end).closed || self.is_cut(end.other()) {
            return None;
        }
        if self.half(end).reset {
            self.half_mut(end).closed = true;
            self.half_mut(end.other()).out.clear();
            return Some(Arrival::Reset);
        }
        if let Some(bytes) = self.half_mut(end.other()).out.pop_front() {
            self.carry(end.other(), &bytes);
            return Some(Arrival::Bytes(bytes));
        }
        if self.half(end.other()).finished && !self.half(end).saw_end {
            self.half_mut(end).saw_end = true;
            return Some(Arrival::Ended);
        }
        None
    }

    /// Shuts down sending at `end`.
    pub fn finish(&mut self, end: End) {
        self.half_mut(end).finished = true;
    }

    /// Closes `end` as a kernel does: politely, unless something was left unread.
    pub fn close(&mut self, end: End) {
        if !self.half(end.other()).out.is_empty() {
            return self.reset(end);
        }
        self.half_mut(end).finished = true;
        self.half_mut(end).closed = true;
    }

    /// Closes `end` at once; what it wrote is lost.
    pub fn reset(&mut self, end: End) {
        self.half_mut(end).out.clear();
        self.half_mut(end).closed = true;
        self.half_mut(end.other()).reset = true;
    }

    /// `end` takes so many more bytes, or as many as fit.
    pub fn takes(&mut self, end: End, count: Option<usize>) {
        self.half_mut(end).takes = count;
    }

    /// Whether `end` is closed by its owner, or dead.
    pub fn is_closed(&self, end: End) -> bool {
        self.half(end).closed
    }

    /// Whether a reset has come to `end`.
    pub fn is_reset(&self, end: End) -> bool {
        self.half(end).reset && !self.is_cut(end.other())
    }

    /// Who holds the other end.
    pub fn peer(&self, end: End) -> &Owner {
        &self.half(end.other()).owner
    }

    /// The name of who holds the other end.
    pub fn peer_name(&self, end: End) -> &str {
        match self.peer(end) {
            Owner::Server(place) => &self.names[*place],
            Owner::Outside(name) => name,
        }
    }

    /// The newest end that somebody of that name in the story holds.
    pub fn end_of(&self, name: &str) -> Option<End> {
        let mut ends = (0..self.wires.len()).flat_map(|wire| [0, 1].map(|side| End { wire, side }));
        ends.rfind(|&end| self.half(end).owner == Owner::Outside(name.into()))
    }

    /// Whether a packet of one server reaches the other and one of that comes back.
    pub fn is_open(&self, one: usize, other: usize) -> bool {
        !self.cuts.contains(&(one, other)) && !self.cuts.contains(&(other, one))
    }

    /// Those in the story read what has come. Whether there was something.
    pub fn outsiders_read(&mut self) -> bool {
        let before = self.tale.len();
        for wire in 0..self.wires.len() {
            for side in 0..2 {
                let end = End { wire, side };
                let Owner::Outside(name) = self.half(end).owner.clone() else {
                    continue;
                };
                while let Some(arrival) = self.read(end) {
                    self.tale.push(match arrival {
                        Arrival::Bytes(bytes) => format!("{name} < {}", shown(&bytes)),
                        Arrival::Ended => format!("{name} sees the end"),
                        Arrival::Reset => format!("{name} sees a reset"),
                    });
                }
            }
        }
        self.tale.len() > before
    }

    /// Whether what the owner of `end` writes does not get through.
    fn is_cut(&self, end: End) -> bool {
        self.way(end).is_some_and(|way| self.cuts.contains(&way))
    }

    /// From which server to which the bytes go that are written at `end`.
    fn way(&self, end: End) -> Option<(usize, usize)> {
        match (&self.half(end).owner, self.peer(end)) {
            (Owner::Server(from), Owner::Server(to)) => Some((*from, *to)),
            _ => None,
        }
    }

    /// Counts, and tells, the lines in what a server wrote and another read.
    fn carry(&mut self, end: End, bytes: &[u8]) {
        let Some(way) = self.way(end) else {
            return;
        };
        for byte in bytes {
            if *byte != b'\n' {
                self.half_mut(end).line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.half_mut(end).line);
            if line.starts_with(b"AT ") {
                *self.carried.entry(way).or_default() += 1;
            }
            if self.watched.contains(&way) {
                let (from, to) = (&self.names[way.0], &self.names[way.1]);
                self.tale.push(format!("{from} > {to}: {}", shown(&line)));
            }
        }
    }

    fn half(&self, end: End) -> &Half {
        &self.wires[end.wire][end.side]
    }

    fn half_mut(&mut self, end: End) -> &mut Half {
        &mut self.wires[end.wire][end.side]
    }
}

/// Bytes as the stories show them: escaped, and a long run of one byte as `<x*8192>`.
pub fn shown(bytes: &[u8]) -> String {
    const RUN_MIN: usize = 40;
    let mut out = String::new();
    for run in bytes.chunk_by(|one, next| one == next) {
        let byte = run[0];
        let text = match byte {
            b'"' | b'\'' => char::from(byte).to_string(),
            0 => "\\0".into(),
            _ => byte.escape_ascii().to_string(),
        };
        if run.len() >= RUN_MIN {
            out.push_str(&format!("<{text}*{}>", run.len()));
        } else {
            out.push_str(&text.repeat(run.len()));
        }
    }
    out
}
