//! A deterministic world: several real `Node`s, each in a shell of its own, a network between
//! them, and virtual time. The same commands give the same run, to the byte.
//!
//! Nothing moves but in `run`, which gives every server turns until no one has anything to do, and
//! in `wait`, which goes from deadline to deadline.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use herd::limits::Limits;
use herd::node::{Ack, Config, Door, Fsync, Level};
use herd::secret::Secrets;
use herd::units::{Mono, Now, SECOND, Wall};

use super::net::{Listener, Net};
use crate::support::disk::Disk;
use crate::support::kernel::{Answer, config, neighbour};
use crate::support::shell::Shell;
use crate::support::shown::shown;
use crate::support::wire::End;

/// Rounds of turns at one moment. More is a storm: two that never stop answering each other.
const ROUNDS_MAX: usize = 100_000;
/// The time on the clocks at the start: a round number, so that differences are easily read.
const WALL_START: i128 = 1000 * SECOND as i128;

/// The settings of a world.
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
    /// Servers of another implementation: the story plays them by hand.
    pub plain: Vec<String>,
    /// The secret of all servers.
    pub secret: Option<Secrets>,
}

/// All there is.
#[derive(Debug)]
pub struct World {
    /// The network, the disks and the workers.
    pub net: Net,
    settings: Settings,
    now: Mono,
    servers: Vec<Server>,
    /// Connections from outside, by name.
    outsiders: BTreeMap<String, End>,
    /// The turns since a reader last asked for them, if one does.
    recorded: Option<Vec<Turn>>,
}

/// A turn of a server in which something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The server.
    pub place: usize,
    /// The number of the turn in the server's life.
    pub number: u64,
    /// The peers of the connections that it wrote to, in order.
    pub wrote: Vec<String>,
    /// The peers of the connections that had something to do after that.
    pub ready: Vec<String>,
}

#[derive(Debug)]
struct Server {
    neighbours: Vec<usize>,
    /// Its wall clock less the true one, in nanoseconds.
    skew: i128,
    lives: u32,
    /// Turns of its present life in which something was done.
    turns: u64,
    shell: Option<Shell>,
    /// Lines of its log that the story has not asked for yet.
    notes: String,
}

/// A mistake of a story's, as text.
pub type Wrong<T = ()> = Result<T, String>;

impl World {
    /// A world of servers that do not run yet. `neighbours` has places in `names`.
    pub fn new(settings: Settings, names: Vec<String>, neighbours: Vec<Vec<usize>>) -> World {
        let server = |neighbours: &Vec<usize>| Server {
            neighbours: neighbours.clone(),
            skew: 0,
            lives: 0,
            turns: 0,
            shell: None,
            notes: String::new(),
        };
        World {
            servers: neighbours.iter().map(server).collect(),
            net: Net::new(names, neighbours, settings.window, settings.pool),
            settings,
            now: Mono(0),
            outsiders: BTreeMap::new(),
            recorded: None,
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

    /// The time since the start.
    pub fn time(&self) -> Mono {
        self.now
    }

    /// The servers that run, by their places.
    pub fn running(&self) -> impl Iterator<Item = (usize, &Shell)> {
        let servers = self.servers.iter().enumerate();
        servers.filter_map(|(place, it)| Some((place, it.shell.as_ref()?)))
    }

    /// The turns since this was last asked. The first time there are none.
    pub fn turns(&mut self) -> Vec<Turn> {
        self.recorded.replace(Vec::new()).unwrap_or_default()
    }

    /// The process of a server.
    pub fn shell(&mut self, place: usize) -> Wrong<&mut Shell> {
        let name = &self.net.names[place];
        let shell = self.servers[place].shell.as_mut();
        shell.ok_or_else(|| format!("{name} does not run"))
    }

    /// The disk of a server that runs.
    pub fn disk(&mut self, place: usize) -> Wrong<&mut Disk> {
        self.shell(place)?;
        Ok(&mut self.net.disks[place])
    }

    /// The log of a server that runs, since it was last asked for.
    pub fn notes(&mut self, place: usize) -> Wrong<String> {
        self.shell(place)?;
        Ok(std::mem::take(&mut self.servers[place].notes))
    }

    /// Starts a server that knows nothing but what its journal holds.
    pub fn start(&mut self, place: usize) -> Wrong {
        let (server, names) = (&mut self.servers[place], &self.net.names);
        let is_plain = |name: &String| self.settings.plain.contains(name);
        if server.shell.is_some() {
            return Err("it runs already".into());
        }
        if is_plain(&names[place]) {
            return Err("it is plain: let an impostor play it".into());
        }
        (server.lives, server.turns) = (server.lives + 1, 0);
        let run = (place as u64 + 1) << 8 | u64::from(server.lives);
        let neighbours = server.neighbours.iter();
        let neighbours = neighbours.map(|&it| neighbour(it, &names[it], is_plain(&names[it])));
        let config = Config {
            ack: self.settings.ack,
            journal: self.settings.journal,
            secret: self.settings.secret.clone(),
            level: Some(Level::Info),
            limits: self.settings.limits.clone(),
            ..config(&names[place], run, neighbours.collect())
        };
        let mut shell = Shell::new(place, server.lives, config);
        if self.settings.journal.is_some() {
            self.net.disks[place].replay(&mut shell.node);
        }
        server.shell = Some(shell);
        self.net.listeners[place] = Listener::Server;
        Ok(())
    }

    /// Ends a process without a word.
    pub fn kill(&mut self, place: usize) -> Wrong {
        self.shell(place)?;
        self.net.listeners[place] = Listener::Nobody;
        self.servers[place].notes.clear();
        self.net.disks[place].abandon();
        if let Some(shell) = self.servers[place].shell.take() {
            shell.exit(&mut self.net);
        }
        Ok(())
    }

    /// Asks a process to end.
    pub fn shut_down(&mut self, place: usize) -> Wrong {
        self.shell(place)?.asked_to_end = true;
        self.net.listeners[place] = Listener::Nobody;
        Ok(())
    }

    /// Somebody comes in at a door.
    pub fn enter(&mut self, name: &str, place: usize, door: Door, from: Option<IpAddr>) -> Wrong {
        if self.net.listeners[place] != Listener::Server {
            return Err("nobody listens there".into());
        }
        let number = self.outsiders.len() as u16 + 1;
        let from = from.unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number as u8)));
        let from = (from, 50_000 + number).into();
        let end = self.net.enter(name, place, door, from);
        self.outsiders.insert(name.to_string(), end);
        Ok(())
    }

    /// Somebody outside, by name.
    pub fn outsider(&self, name: &str) -> Wrong<End> {
        let end = self.outsiders.get(name).copied();
        let end = end.or_else(|| self.net.end_of(name));
        end.ok_or_else(|| format!("there is no connection {name}"))
    }

    /// The answer of a lookup, whether anybody waits or not.
    pub fn answer(&mut self, number: usize, answer: Answer) -> Wrong {
        let lookup = number
            .checked_sub(1)
            .and_then(|it| self.net.lookups.get(it));
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
                busy |= self.turn(place);
            }
            busy |= self.net.outsiders_read();
            if !busy {
                return;
            }
        }
        panic!("a storm: {ROUNDS_MAX} rounds of turns at one moment");
    }

    /// One turn of a server. Whether anything was done; one in which nothing is done would wait.
    fn turn(&mut self, place: usize) -> bool {
        let now = self.now(place);
        let server = &mut self.servers[place];
        let Some(shell) = server.shell.as_mut().filter(|shell| !shell.frozen) else {
            return false;
        };
        let acted = shell.act(now, &mut self.net);
        let wrote = std::mem::take(&mut self.net.wrote);
        shell.list_all();
        let ready = self.recorded.as_ref().map(|_| self.net.ready(shell));
        let observed = shell.observe(now, &mut self.net);
        if acted || observed {
            server.turns += 1;
            if let (Some(turns), Some(ready)) = (&mut self.recorded, ready) {
                turns.push(Turn {
                    place,
                    number: server.turns,
                    wrote,
                    ready,
                });
            }
        }
        server.notes.push_str(shell.node.log().text());
        shell.node.log().clear();
        if shell.stopped {
            self.kill(place).expect("it runs");
        }
        acted || observed
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
            .filter_map(|(server, name)| {
                Some((&name[..], server.shell.as_ref()?.node.inspect().lines()))
            })
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
        let text = &self.net.disks[place].text;
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        lines.map(|line| format!("  {}", shown(line))).collect()
    }

    /// Unsent bytes from one server to another, or to somebody, of that name.
    pub fn owed(&mut self, place: usize, name: &str) -> Wrong<usize> {
        self.shell(place)?;
        let shell = self.servers[place].shell.as_ref().expect("it runs");
        let sockets = shell.sockets.iter().flatten();
        let owed = sockets.filter(|socket| self.net.peer_name(socket.end) == name);
        Ok(owed
            .map(|socket| shell.node.unsent(socket.conn).len())
            .sum())
    }

    fn now(&self, place: usize) -> Now {
        let wall = WALL_START + i128::from(self.now.0) + self.servers[place].skew;
        Now {
            mono: self.now,
            wall: Wall(wall),
        }
    }
}
