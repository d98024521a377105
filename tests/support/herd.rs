//! A herd of real processes on free ports, in a directory that goes with it.

use std::fs;
use std::ops::{Index, IndexMut};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::client::{Client, ask_text};
use super::ports::free_port;
use super::process::Server;
use super::proxy::Proxy;
use super::relay::Relay;
use super::wait::{wait_for, wait_until};

/// The three shapes of the course.
pub const HERDS: [&str; 3] = [
    "topology.txt",
    "tests/topologies/alford.txt",
    "tests/topologies/hill.txt",
];

/// A directory that goes with the test, unless it is to be kept and the test fails.
pub struct Directory(pub PathBuf, bool);

impl Directory {
    pub fn new() -> Directory {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("herd-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("run")).unwrap();
        Directory(path, false)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.1 && thread::panicking() {
            return eprintln!("its logs and journals are kept in {}", self.0.display());
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The servers and who talks to whom. Servers are found by name: `herd["Hands"]`.
pub struct Herd {
    // Ended before their directory goes.
    pub servers: Vec<Server>,
    pub links: Vec<[String; 2]>,
    /// Servers that see a neighbour at another port: a proxy's.
    views: Vec<(String, String, u16)>,
    /// Lines of every topology file about neighbours that the test itself plays.
    guests: String,
    directory: Directory,
}

impl Herd {
    /// Keeps logs and journals should the test fail.
    pub fn keep_if_it_fails(&mut self) {
        self.directory.1 = true;
    }

    /// A herd with these servers and links; nothing runs yet.
    pub fn new(names: &[&str], links: &[[&str; 2]]) -> Herd {
        let directory = Directory::new();
        let server =
            |name: &&str| Server::new(name, [free_port(), free_port()], directory.0.clone());
        Herd {
            servers: names.iter().map(server).collect(),
            links: links.iter().map(|link| link.map(String::from)).collect(),
            views: Vec::new(),
            guests: String::new(),
            directory,
        }
    }

    /// The herd of a topology file of the package, on free ports.
    pub fn of(file: &str) -> Herd {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(path).unwrap();
        let (mut names, mut links) = (Vec::new(), Vec::new());
        for line in text.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["server", name, ..] => names.push(name),
                ["link", one, other] => links.push([one, other]),
                _ => {}
            }
        }
        assert!(names.len() == 5 && links.len() >= 5, "{file}: {text}");
        Herd::new(&names, &links)
    }

    /// Likewise, running, all links up.
    pub fn running(file: &str) -> Herd {
        let mut herd = Herd::of(file);
        herd.start();
        herd
    }

    /// A server without neighbours, running.
    pub fn one() -> Herd {
        Herd::one_with(&[])
    }

    /// Likewise, with options.
    pub fn one_with(options: &[&str]) -> Herd {
        let mut herd = Herd::new(&["Goloman"], &[]);
        herd.servers[0].options = options.iter().map(|option| option.to_string()).collect();
        herd.start();
        herd
    }

    /// Has `viewer` reach `seen` through a proxy. Before the start.
    pub fn between(&mut self, viewer: &str, seen: &str) -> Proxy {
        let proxy = Proxy::to(self[seen].servers);
        self.views.push((viewer.into(), seen.into(), proxy.port));
        proxy
    }

    /// Puts neighbours so far apart, each way. Before the start.
    pub fn apart(&mut self, delay: Duration) -> Relay {
        let (mut doors, mut views) = (Vec::new(), Vec::new());
        for [viewer, seen] in self.directions() {
            let port = free_port();
            doors.push((port, seen.servers));
            views.push((viewer.name.clone(), seen.name.clone(), port));
        }
        self.views.extend(views);
        Relay::start(delay, &doors)
    }

    /// Makes a server that the test itself plays, with these doors for clients and servers, a
    /// neighbour of some. Before the start.
    pub fn invite(&mut self, guest: &str, [clients, servers]: [u16; 2], neighbours: &[&str]) {
        self.guests += &format!("server {guest} 127.0.0.1 clients={clients} servers={servers}\n");
        for neighbour in neighbours {
            self.guests += &format!("link {guest} {neighbour}\n");
        }
    }

    /// Starts all servers, and waits until all links are up.
    pub fn start(&mut self) {
        self.start_quietly();
        self.wait_for_links();
    }

    /// Starts all servers, whose logs need not say when the links are up.
    pub fn start_quietly(&mut self) {
        self.write_topologies();
        self.servers.iter_mut().for_each(Server::launch);
        for server in &mut self.servers {
            server.greeting();
        }
    }

    /// Writes each server's topology file.
    pub fn write_topologies(&self) {
        for viewer in &self.servers {
            let mut text = String::new();
            for server in &self.servers {
                let is_it = |(who, whom, _): &&(String, String, u16)| {
                    *who == viewer.name && *whom == server.name
                };
                let view = self.views.iter().find(is_it);
                let servers = view.map_or(server.servers, |(_, _, port)| *port);
                let (name, clients) = (&server.name, server.clients);
                text += &format!("server {name} 127.0.0.1 clients={clients} servers={servers}\n");
            }
            for [one, other] in &self.links {
                text += &format!("link {one} {other}\n");
            }
            fs::write(&viewer.topology, text + &self.guests).unwrap();
        }
    }

    /// Each link in both directions.
    pub fn directions(&self) -> Vec<[&Server; 2]> {
        let both = |[one, other]: &[String; 2]| {
            let (one, other) = (&self[one.as_str()], &self[other.as_str()]);
            [[one, other], [other, one]]
        };
        self.links.iter().flat_map(both).collect()
    }

    /// Waits until every server tells every neighbour its news. For a herd that has just started.
    pub fn wait_for_links(&self) {
        for [from, to] in self.directions() {
            from.logged(&format!("link to {} up", to.name));
        }
    }

    /// Asks every server about a client until all know it and say the same, and returns that.
    pub fn agreed(&self, client: &str) -> String {
        wait_for(&format!("all agree on {client}"), || {
            let mut lines = self
                .servers
                .iter()
                .map(|server| at_line(server.clients, client));
            let first = lines.next()??;
            lines
                .all(|line| line.as_ref() == Some(&first))
                .then_some(first)
        })
    }

    /// The lines about `client` that servers sent to servers, as `(from, to, line)`, once each of
    /// them has come in. From the logs.
    pub fn told(&self, client: &str) -> Vec<(String, String, String)> {
        let mut told = Vec::new();
        wait_until("every line that was sent has come in", || {
            told.clear();
            let mut heard = 0;
            for [one, other] in self.directions() {
                let sent = at_lines(&one.log(), &other.name, '>', client);
                heard += at_lines(&other.log(), &one.name, '<', client).len();
                let line = |line| (one.name.clone(), other.name.clone(), line);
                told.extend(sent.into_iter().map(line));
            }
            heard == told.len()
        });
        told
    }

    /// Everything in the directory of logs.
    pub fn logs(&self) -> Vec<u8> {
        let files = fs::read_dir(self.directory.0.join("run")).unwrap();
        let texts = files.map(|file| fs::read(file.unwrap().path()).unwrap());
        texts.collect::<Vec<_>>().concat()
    }
}

impl Index<&str> for Herd {
    type Output = Server;

    fn index(&self, name: &str) -> &Server {
        let found = self.servers.iter().find(|server| server.name == name);
        found.unwrap_or_else(|| panic!("no {name} in this herd"))
    }
}

impl IndexMut<&str> for Herd {
    fn index_mut(&mut self, name: &str) -> &mut Server {
        let found = self.servers.iter_mut().find(|server| server.name == name);
        found.unwrap_or_else(|| panic!("no {name} in this herd"))
    }
}

/// The AT lines about `client` in a log that went to (`>`) or came from (`<`) a neighbour.
fn at_lines(log: &str, neighbour: &str, way: char, client: &str) -> Vec<String> {
    let start = format!(" [INFO] {neighbour} {way} ");
    let lines = log
        .lines()
        .filter_map(|line| Some(line.split_once(&start)?.1));
    let about = |line: &&str| {
        let mut fields = line.split(' ');
        fields.next() == Some("AT") && fields.nth(2) == Some(client)
    };
    lines.filter(about).map(str::to_string).collect()
}

/// A server's AT line of a client; none if it does not know it.
pub fn at_line(port: u16, client: &str) -> Option<String> {
    let reply = ask_text(port, format!("WHATSAT {client} 0 0\n"));
    let line = reply.split('\n').next().unwrap();
    line.starts_with("AT ").then(|| line.to_string())
}

/// Likewise, on a connection that stays.
pub fn at_line_of(connection: &mut Client, client: &str) -> Option<String> {
    connection.say(format!("WHATSAT {client} 0 0\n"));
    let line = connection.line();
    if !line.starts_with("AT ") {
        return None;
    }
    while !connection.line().is_empty() {}
    Some(line)
}
