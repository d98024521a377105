//! A deterministic world: several real `Node`s, each in a shell of its own, a network between
//! them, and virtual time. The same commands give the same run, to the byte.
//!
//! Nothing moves but in `run`, which gives every server turns until no one has anything to do, and
//! in `wait`, which goes from deadline to deadline.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use herd::limits::Limits;
use herd::node::{Ack, Door, Fsync, LookupError, Secret};
use herd::units::{LookupId, Mono, Now, SECOND, Wall};

use super::disk::Disk;
use super::net::{End, Knock, Listener, Net, Owner, shown};
use super::shell::Shell;

/// Rounds of turns at one moment. More is a storm: two that never stop answering each other.
const ROUNDS_MAX: usize = 100_000;
/// What the clocks say at the start: a round number, so that differences are easily read.
const WALL_START: i128 = 1000 * SECOND as i128;

/// What a world is made with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The nodes' limits.
    pub limits: Limits,
    /// Unread bytes that a wire between two servers holds, each way.
    pub window: usize,
    /// Lookups that the workers of one server and their queue hold.
    pub pool: usize,
    /// When the nodes reply to an IAMAT.
    pub ack: Ack,
    /// Whether the nodes have journals.
    pub journal: Option<Fsync>,
    /// Servers of another make: the story plays them by hand.
    pub plain: Vec<String>,
    /// What all servers share.
    pub secret: Option<Secret>,
}

/// All there is.
#[derive(Debug)]
pub struct World {
    /// What lies between the servers.
    pub net: Net,
    settings: Settings,
    now: Mono,
    servers: Vec<Server>,
    /// Who stands outside, by name.
    outsiders: BTreeMap<String, End>,
    /// Every lookup, in the order in which they were asked for; the stories count them from 1.
    lookups: Vec<(usize, LookupId)>,
}

#[derive(Debug)]
struct Server {
    neighbours: Vec<usize>,
    /// Its wall clock less the true one, in nanoseconds.
    skew: i128,
    lives: u64,
    /// While no process has it.
    disk: Disk,
    shell: Option<Shell>,
}

/// What a story did wrong, as text.
pub type Wrong<T = ()> = Result<T, String>;

impl World {
    /// A world of servers that do not run yet. `neighbours` has places in `names`.
    pub fn new(settings: Settings, names: Vec<String>, neighbours: Vec<Vec<usize>>) -> World {
        let server = |neighbours| Server {
            neighbours,
            skew: 0,
            lives: 0,
            disk: Disk::default(),
            shell: None,
        };
        World {
            net: Net::new(names, settings.window),
            settings,
            now: Mono(0),
            servers: neighbours.into_iter().map(server).collect(),
            outsiders: BTreeMap::new(),
            lookups: Vec::new(),
        }
    }

    /// How many servers there are, running or not.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// The place of a server.
    pub fn place(&self, name: &str) -> Wrong<usize> {
        let place = self.net.names.iter().position(|it| it == name);
        place.ok_or_else(|| format!("there is no server {name}"))
    }

    /// The process of a server.
    pub fn shell(&mut self, place: usize) -> Wrong<&mut Shell> {
        let name = &self.net.names[place];
        let shell = self.servers[place].shell.as_mut();
        shell.ok_or_else(|| format!("{name} does not run"))
    }

    /// Starts a server that knows nothing but what its journal holds.
    pub fn start(&mut self, place: usize) -> Wrong {
        let server = &mut self.servers[place];
        if server.shell.is_some() {
            return Err("it runs already".into());
        }
        if self.settings.plain.contains(&self.net.names[place]) {
            return Err("it is plain: let an impostor play it".into());
        }
        server.lives += 1;
        server.shell = Some(Shell::new(
            place,
            server.lives,
            &self.net.names,
            &server.neighbours,
            &self.settings,
            std::mem::take(&mut server.disk),
        ));
        self.net.listeners[place] = Listener::Server;
        Ok(())
    }

    /// Ends a process without a word.
    pub fn kill(&mut self, place: usize) -> Wrong {
        self.shell(place)?;
        self.net.listeners[place] = Listener::Nobody;
        if let Some(shell) = self.servers[place].shell.take() {
            self.servers[place].disk = shell.exit(&mut self.net);
        }
        Ok(())
    }

    /// Asks a process to end.
    pub fn shut_down(&mut self, place: usize) -> Wrong {
        self.shell(place)?.ending = true;
        self.net.listeners[place] = Listener::Nobody;
        Ok(())
    }

    /// Somebody comes in at a door.
    pub fn enter(&mut self, name: &str, place: usize, door: Door, from: Option<IpAddr>) -> Wrong {
        if self.net.listeners[place] != Listener::Server {
            return Err("nobody listens there".into());
        }
        let end = self
            .net
            .connect(Owner::Outside(name.to_string()), Owner::Server(place));
        let number = self.outsiders.len() as u16 + 1;
        let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number as u8)));
        self.net.knocks[place].push_back(Knock {
            end: end.other(),
            door,
            from: (from, 50_000 + number).into(),
        });
        self.outsiders.insert(name.to_string(), end);
        Ok(())
    }

    /// Somebody outside, by name.
    pub fn outsider(&self, name: &str) -> Wrong<End> {
        if let Some(end) = self.outsiders.get(name) {
            return Ok(*end);
        }
        let end = self.net.end_of(name);
        end.ok_or_else(|| format!("there is no connection {name}"))
    }

    /// The answer of a lookup, whether anybody waits or not.
    pub fn answer(&mut self, number: usize, answer: Result<Vec<u8>, LookupError>) -> Wrong {
        let lookup = number.checked_sub(1).and_then(|it| self.lookups.get(it));
        let &(place, id) = lookup.ok_or_else(|| format!("there was no lookup {number}"))?;
        self.shell(place)?.answers.push_back((id, answer));
        Ok(())
    }

    /// Moves the wall clock of a server.
    pub fn move_clock(&mut self, place: usize, nanoseconds: i128) {
        self.servers[place].skew += nanoseconds;
    }

    /// Turns for everybody, until nobody has anything to do.
    pub fn run(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut busy = false;
            for place in 0..self.servers.len() {
                let now = self.now(place);
                let Some(shell) = &mut self.servers[place].shell else {
                    continue;
                };
                if shell.frozen {
                    continue;
                }
                busy |= shell.turn(now, &mut self.net, &mut self.lookups);
                if shell.stopped {
                    self.kill(place).expect("it runs");
                }
            }
            busy |= self.net.outsiders_read();
            if !busy {
                return;
            }
        }
        panic!("a storm: {ROUNDS_MAX} rounds of turns at one moment");
    }

    /// Lets time pass, from deadline to deadline.
    pub fn wait(&mut self, nanoseconds: u64) {
        let until = self.now + nanoseconds;
        self.run();
        loop {
            let shells = self
                .servers
                .iter()
                .filter_map(|server| server.shell.as_ref());
            let next = shells
                .filter(|shell| !shell.frozen)
                .filter_map(|shell| shell.node.poll_timeout())
                .min();
            match next {
                Some(at) if at <= until => self.now = at.max(self.now),
                _ => break,
            }
            self.run();
        }
        self.now = until;
        self.run();
    }

    /// The tables of all that run: one listing if they are equal.
    pub fn tables(&self) -> Vec<String> {
        let running: Vec<(&str, Vec<&[u8]>)> = self
            .servers
            .iter()
            .zip(&self.net.names)
            .filter_map(|(server, name)| Some((&name[..], server.shell.as_ref()?.node.lines())))
            .collect();
        let listing = |head: String, lines: &[&[u8]]| {
            let lines = lines.iter().map(|line| format!("  {}", shown(line)));
            std::iter::once(head).chain(lines).collect::<Vec<String>>()
        };
        match &running[..] {
            [] => vec!["nobody runs".into()],
            [(_, first), rest @ ..] if rest.iter().all(|(_, lines)| lines == first) => listing(
                format!("{} equal tables of {} lines", running.len(), first.len()),
                if first.len() <= 5 { first } else { &[] },
            ),
            all => all
                .iter()
                .flat_map(|(name, lines)| listing(format!("{name} has {}", lines.len()), lines))
                .collect(),
        }
    }

    /// The lines of a server's journal, whether it runs or not.
    pub fn journal(&self, place: usize) -> Vec<String> {
        let server = &self.servers[place];
        let disk = server
            .shell
            .as_ref()
            .map_or(&server.disk, |shell| &shell.disk);
        let lines = disk.text.split_inclusive(|&byte| byte == b'\n');
        lines.map(|line| format!("  {}", shown(line))).collect()
    }

    /// Unsent bytes from one server to whoever has that name.
    pub fn owed(&mut self, place: usize, name: &str) -> Wrong<usize> {
        self.shell(place)?;
        let shell = self.servers[place].shell.as_ref();
        Ok(shell.map_or(0, |shell| shell.owed(&self.net, name)))
    }

    fn now(&self, place: usize) -> Now {
        let wall = WALL_START + i128::from(self.now.0) + self.servers[place].skew;
        Now {
            mono: self.now,
            wall: Wall(wall),
        }
    }
}
