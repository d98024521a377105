//! One `herd serve`: started, stopped, continued, ended, killed, started again; never left behind.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use super::client::Client;
use super::ports::is_open;
use super::wait::{PATIENCE, wait_for, wait_until};

/// A server of a herd, running or not.
pub struct Server {
    pub name: String,
    /// Its clients' door on 127.0.0.1.
    pub clients: u16,
    /// Its servers' door, as it is: others may be told a proxy's.
    pub servers: u16,
    /// Its own topology file.
    pub topology: PathBuf,
    /// Where its log is.
    pub directory: PathBuf,
    /// Further options.
    pub options: Vec<String>,
    /// Variables of its environment; those of keys are not inherited.
    pub variables: Vec<(String, String)>,
    running: Option<Running>,
}

struct Running {
    process: Child,
    /// It ends when this does: also when the test program is killed.
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    /// None: by a signal.
    pub code: Option<i32>,
    pub stderr: String,
}

impl Server {
    /// One that does not run yet.
    pub fn new(name: &str, [clients, servers]: [u16; 2], directory: PathBuf) -> Server {
        Server {
            name: name.to_string(),
            clients,
            servers,
            topology: directory.join(format!("{name}.txt")),
            directory: directory.join("run"),
            options: Vec::new(),
            variables: Vec::new(),
            running: None,
        }
    }

    /// Starts it, without waiting for anything.
    pub fn launch(&mut self) {
        self.launch_as(Command::new(env!("CARGO_BIN_EXE_herd")));
    }

    /// Starts it by a command that ends with the program: a tracer's, for one.
    pub fn launch_as(&mut self, command: Command) {
        self.launch_to(command, Stdio::piped(), Stdio::piped());
    }

    /// Starts it by a command, with these outputs. Its greeting is heard from a pipe only.
    pub fn launch_to(&mut self, mut command: Command, stdout: Stdio, stderr: Stdio) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        command
            .args(["serve", &self.name, "--until-eof", "-t"])
            .arg(&self.topology)
            .arg("-d")
            .arg(&self.directory)
            .args(&self.options)
            .env_remove("GOOGLE_MAPS_API_KEY")
            .env_remove("PLACES_API_KEY")
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr);
        // On a busy machine any turn may be slow, and the log and the status would say so.
        if !self.options.iter().any(|option| option == "--slow-turn") {
            command.args(["--slow-turn", "0"]);
        }
        let mut process = command.spawn().unwrap();
        let (sender, said) = mpsc::channel();
        if let Some(stdout) = process.stdout.take().map(BufReader::new) {
            // Reading a pipe has no time-out, receiving has.
            thread::spawn(move || {
                stdout
                    .lines()
                    .map_while(Result::ok)
                    .all(|l| sender.send(l).is_ok())
            });
        }
        self.running = Some(Running {
            stdin: process.stdin.take(),
            process,
            said,
        });
    }

    /// Its words when both doors are open.
    pub fn greeting(&mut self) -> String {
        let running = self.running.as_mut().expect("it was started");
        match running.said.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("{} does not open its doors", self.name),
            Err(RecvTimeoutError::Disconnected) => {
                let name = self.name.clone();
                panic!("{name} did not start: {:?}", self.ended())
            }
        }
    }

    /// Waits until its doors are open, whatever it says.
    pub fn wait_for_doors(&self) {
        let what = format!("{} opens its doors", self.name);
        wait_until(&what, || is_open(self.clients) && is_open(self.servers));
    }

    /// Starts it, and waits until both doors are open.
    pub fn start(&mut self) {
        self.launch();
        self.greeting();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").process.id()
    }

    /// Sends it a signal: `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, signal: &str) {
        assert!(
            send_signal(signal, &self.pid().to_string()),
            "kill -s {signal}"
        );
    }

    /// Closes its standard input.
    pub fn close_stdin(&mut self) {
        self.running.as_mut().expect("it runs").stdin = None;
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }

    /// Whether it has ended, without waiting.
    pub fn has_ended(&mut self) -> bool {
        let running = self.running.as_mut().expect("it was started");
        running.process.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> Ended {
        wait_until(&format!("{} has ended", self.name), || self.has_ended());
        let mut running = self.running.take().expect("it was started");
        let mut stderr = String::new();
        if let Some(from) = running.process.stderr.as_mut() {
            from.read_to_string(&mut stderr).unwrap();
        }
        Ended {
            code: running.process.wait().unwrap().code(),
            stderr,
        }
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::of(self.clients)
    }

    /// Its log so far, all its lives.
    pub fn log(&self) -> String {
        let path = self.directory.join(format!("{}.log", self.name));
        String::from_utf8(fs::read(path).unwrap_or_default()).unwrap()
    }

    /// How many lines of its log hold this text.
    pub fn count(&self, text: &str) -> usize {
        let log = self.log();
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// Waits until a line of its log holds this text, and returns the first such line.
    pub fn logged(&self, text: &str) -> String {
        let what = format!("{} has logged {text:?}", self.name);
        wait_for(&what, || {
            let log = self.log();
            // The last line may be half written.
            let end = log.rfind('\n')?;
            let line = log[..end].lines().find(|line| line.contains(text));
            line.map(str::to_string)
        })
    }

    /// The contents of a folder of `/proc/PID`.
    pub fn proc_count(&self, folder: &str) -> usize {
        let path = format!("/proc/{}/{folder}", self.pid());
        fs::read_dir(path).unwrap().count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.process.kill();
            let _ = running.process.wait();
        }
        if thread::panicking() {
            let log = self.log();
            let start = log.lines().count().saturating_sub(30);
            eprintln!("--- the end of the log of {}", self.name);
            log.lines().skip(start).for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Sends a signal with kill(1), since std has no other way.
pub fn send_signal(signal: &str, pid: &str) -> bool {
    let status = Command::new("kill").args(["-s", signal, pid]).status();
    status.is_ok_and(|status| status.success())
}
