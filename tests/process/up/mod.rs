//! `herd up` with real processes on free ports.

mod beside;
mod follow;
mod fresh;
mod life;
mod traces;
mod typed;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use super::support;
use support::client::Client;
use support::herd::{Directory, at_line};
use support::ports::{free_port, is_open};
use support::process::send_signal;
use support::screen::Screen;
use support::wait::wait_until;

/// Servers in a chain, on ports that were free a moment ago, with a directory of their own.
struct Herd {
    directory: Directory,
    ports: Vec<u16>,
    names: Vec<&'static str>,
}

impl Herd {
    fn new() -> Herd {
        Herd::of(&["A", "B", "C"])
    }

    /// A chain of these.
    fn of(names: &[&'static str]) -> Herd {
        let directory = Directory::new();
        let ports: Vec<u16> = (0..2 * names.len()).map(|_| free_port()).collect();
        let links = names
            .windows(2)
            .map(|it| format!("link {} {}\n", it[0], it[1]));
        let mut text: String = links.collect();
        for (name, ports) in names.iter().zip(ports.chunks(2)) {
            text += &format!(
                "server {name} 127.0.0.1 clients={} servers={}\n",
                ports[0], ports[1]
            );
        }
        fs::write(directory.0.join("t.txt"), text).unwrap();
        Herd {
            directory,
            ports,
            names: names.to_vec(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.directory.0.join(name).display().to_string()
    }

    fn clients(&self, index: usize) -> u16 {
        self.ports[2 * index]
    }

    /// Can its clients' door be dialled?
    fn answers(&self, index: usize) -> bool {
        is_open(self.clients(index))
    }

    fn up(&self) -> Up {
        self.up_with(&[])
    }

    fn up_with(&self, options: &[&str]) -> Up {
        self.start(&["up"], options)
    }

    /// One server, started by itself.
    fn serve(&self, name: &str, options: &[&str]) -> Up {
        let mut server = self.start(&["serve", name], options);
        let line = server.line();
        assert!(line.starts_with(&format!("{name}: clients ")), "{line}");
        server
    }

    /// Starts a verb in this herd's directory.
    fn start(&self, verb: &[&str], options: &[&str]) -> Up {
        let mut process = Command::new(env!("CARGO_BIN_EXE_herd"))
            .args(verb)
            .args(["-t", &self.path("t.txt"), "-d", &self.path("run")])
            // On a busy machine any turn may be slow, and the log would say so.
            .args(["--slow-turn", "0"])
            .args(options)
            .env_remove("GOOGLE_MAPS_API_KEY")
            .env_remove("PLACES_API_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Up {
            stdout: BufReader::new(process.stdout.take().unwrap()),
            stderr: BufReader::new(process.stderr.take().unwrap()),
            process,
        }
    }

    /// Runs `herd up`, which fails before it greets, and returns its words.
    fn refused(&self, options: &[&str]) -> String {
        let mut up = self.up_with(options);
        assert_eq!(up.wait().code(), Some(1));
        assert_eq!(up.rest_of_stdout(), "");
        up.rest_of_stderr()
    }

    /// Tells a server where these clients are.
    fn tell(&self, index: usize, clients: impl IntoIterator<Item = String>) {
        let mut client = Client::of(self.clients(index));
        for name in clients {
            client.say(format!("IAMAT {name} +34.068930-118.445127 1700000000\n"));
            assert!(client.line().starts_with("AT "));
        }
    }

    /// Waits until a server knows a client.
    fn waits_for(&self, index: usize, client: &str) {
        let what = format!("{} knows {client}", self.names[index]);
        wait_until(&what, || at_line(self.clients(index), client).is_some());
    }
}

/// A running `herd up`, or a server; it does not outlive the test.
struct Up {
    process: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Up {
    /// All it says until it says how to end it.
    fn greeting(&mut self) -> String {
        let mut text = String::new();
        while !text.contains("Ctrl-C") {
            let got = self.stdout.read_line(&mut text).unwrap();
            assert!(got > 0, "{text}{}", self.rest_of_stderr());
        }
        text
    }

    /// The next line of standard output.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// The number in the greeting by which a server is to be killed.
    fn pid_in(greeting: &str) -> String {
        let line = greeting.lines().find(|line| line.contains("kill -9"));
        let pid = line.and_then(|line| line.split(' ').next_back());
        pid.unwrap().to_string()
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }

    fn rest_of_stdout(&mut self) -> String {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text
    }

    fn stderr_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    fn rest_of_stderr(&mut self) -> String {
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }

    fn signal(&self, signal: &str) {
        assert!(send_signal(signal, &self.process.id().to_string()));
    }

    fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("herd up has ended", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program on a terminal of script(1), which closes with the test.
struct Script(Child);

impl Script {
    /// None: there is no script(1) here.
    fn start(command: &str, variables: &[(&str, &str)]) -> Option<(Script, ChildStdin, Screen)> {
        let script = Command::new("script")
            .args(["-qec", command, "/dev/null"])
            .env_remove("NO_COLOR")
            .env("SHELL", "/bin/sh")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut script) = script else {
            println!("skipped: no script(1) here");
            return None;
        };
        let keys = script.stdin.take().unwrap();
        let screen = Screen::of(script.stdout.take().unwrap());
        Some((Script(script), keys, screen))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
