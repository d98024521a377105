//! A herd with other implementations among our servers: the doubles in `tests/peers`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::client::ask_text;
use super::herd::{Directory, at_line};
use super::ports::free_port;
use super::process::{Server, send_signal};
use super::wait::{PATIENCE, wait_for};

/// A program of `tests/peers`.
pub fn script(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    folder.join(name)
}

/// Whether the doubles run here. If not, it is said.
pub fn has_python() -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    let status = Command::new("python3").args(["-c", check]).status();
    let is_there = status.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: no python3 of version 3.11 or later");
    }
    is_there
}

/// A server of another implementation, running or not.
pub struct Double {
    pub name: String,
    /// Its clients' door on 127.0.0.1, the only one it has.
    pub clients: u16,
    /// Its program and options, without name and topology.
    command: Vec<String>,
    topology: PathBuf,
    running: Option<(Child, Receiver<String>)>,
}

impl Double {
    /// Starts it, and waits until its door is open.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let [program, options @ ..] = &self.command[..] else {
            panic!("{} has no program", self.name);
        };
        let mut process = Command::new("python3")
            .arg(script(program))
            .arg(&self.name)
            .arg("-t")
            .arg(&self.topology)
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let (sender, said) = mpsc::channel();
        // Reading a pipe has no time-out, receiving has.
        thread::spawn(move || {
            let mut lines = stdout.lines().map_while(Result::ok);
            lines.all(|line| sender.send(line).is_ok())
        });
        self.running = Some((process, said));
        self.says("is open");
    }

    /// Shuts its door, as if it were down; its table stays.
    pub fn shut(&self) {
        self.signal("USR1");
        self.says("is down");
    }

    /// Opens its door again.
    pub fn open(&self) {
        self.signal("USR2");
        self.says("is open");
    }

    /// Ends it with SIGKILL; its table goes.
    pub fn kill(&mut self) {
        let (mut process, _) = self.running.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let (process, _) = self.running.as_ref().expect("it runs");
        assert!(send_signal(signal, &process.id().to_string()), "{signal}");
    }

    fn says(&self, what: &str) {
        let (_, said) = self.running.as_ref().expect("it runs");
        let line = said.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("{} never says that it {what}", self.name));
        assert!(line.contains(what), "{line}");
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        if let Some((mut process, _)) = self.running.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Ours and theirs, all in one topology.
pub struct Mixed {
    // Ended before their directory goes.
    pub ours: Vec<Server>,
    pub theirs: Vec<Double>,
    _directory: Directory,
}

impl Mixed {
    /// A herd of ours by name, theirs by name and command, and links. Nothing runs yet.
    pub fn new(ours: &[&str], theirs: &[(&str, &[&str])], links: &[[&str; 2]]) -> Mixed {
        let directory = Directory::new();
        let ours: Vec<Server> = ours
            .iter()
            .map(|name| Server::new(name, [free_port(), free_port()], directory.0.clone()))
            .collect();
        let double = |(name, command): &(&str, &[&str])| Double {
            name: name.to_string(),
            clients: free_port(),
            command: command.iter().map(|word| word.to_string()).collect(),
            topology: directory.0.join("theirs.txt"),
            running: None,
        };
        let theirs: Vec<Double> = theirs.iter().map(double).collect();
        let mut text = String::new();
        for Server {
            name,
            clients,
            servers,
            ..
        } in &ours
        {
            text += &format!("server {name} 127.0.0.1 clients={clients} servers={servers}\n");
        }
        for Double { name, clients, .. } in &theirs {
            text += &format!("server {name} 127.0.0.1 clients={clients} plain\n");
        }
        for [one, other] in links {
            text += &format!("link {one} {other}\n");
        }
        let files = ours.iter().map(|server| &server.topology);
        for file in files.chain([&directory.0.join("theirs.txt")]) {
            fs::write(file, &text).unwrap();
        }
        Mixed {
            ours,
            theirs,
            _directory: directory,
        }
    }

    /// Likewise, all running.
    pub fn running(ours: &[&str], theirs: &[(&str, &[&str])], links: &[[&str; 2]]) -> Mixed {
        let mut mixed = Mixed::new(ours, theirs, links);
        mixed.theirs.iter_mut().for_each(Double::start);
        mixed.ours.iter_mut().for_each(Server::start);
        mixed
    }

    /// Every server by name, with the port of its clients' door.
    pub fn doors(&self) -> Vec<(String, u16)> {
        let ours = self.ours.iter().map(|it| (it.name.clone(), it.clients));
        let theirs = self.theirs.iter().map(|it| (it.name.clone(), it.clients));
        ours.chain(theirs).collect()
    }

    /// A client says this at that server, and is answered with an AT line.
    pub fn say(&self, server: &str, iamat: &str) {
        let doors = self.doors();
        let (_, port) = doors.iter().find(|(name, _)| name == server).unwrap();
        let reply = ask_text(*port, format!("{iamat}\n"));
        assert!(reply.starts_with(&format!("AT {server} ")), "{reply}");
    }

    /// Asks every server about a client until all have the same in what `of` makes of an AT line,
    /// and that holds `text`. The lines of all, ours first.
    pub fn agreed(&self, client: &str, text: &str, of: impl Fn(&str) -> String) -> Vec<String> {
        let doors = self.doors();
        wait_for(&format!("all have {text} of {client}"), || {
            let lines = doors.iter().map(|(_, port)| at_line(*port, client));
            let lines = lines.collect::<Option<Vec<String>>>()?;
            let first = of(&lines[0]);
            let all = lines.iter().all(|line| of(line) == first);
            (all && first.contains(text)).then_some(lines)
        })
    }
}
