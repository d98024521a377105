//! Runs the same rude and polite clients against every step of the guide, and then against the
//! herd, if it is built: `cargo run -q --example probe`. It prints one table:
//!
//! - *served*: how many of twenty who come at once have an answer;
//! - *memory*: the most that the server had in memory after a client offered it 16 MiB of lines and
//!   read no answer;
//! - *median*, *p99*: how long a polite client waits for an answer beside one that sends short
//!   lines as fast as it can, and reads;
//! - *calls*: the system calls for each of a thousand lines, one at a time, as strace counts them.
//!
//! Each figure is of a process of its own, for a rude client may leave a server that serves nobody.
//! A server that does not do its part within a second is counted as one that does not.

mod steps;

use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use steps::{STEPS, s12_peers};

/// The patience of every client.
const SECOND: Duration = Duration::from_secs(1);
/// Bytes that the client offers that does not read.
const OFFERED: usize = 16 << 20;
/// Questions of the polite client, and lines that are counted by strace.
const QUESTIONS: usize = 1000;
const LINES: usize = 1000;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["--serve", number] => return serve(number.parse().unwrap_or_default()),
        _ => return Err(io::Error::other("probe takes no words")),
    }
    println!("| step | served | memory | median | p99 | calls |");
    println!("|---|---|---|---|---|---|");
    let steps = (1..=12).map(Subject::Step);
    for subject in steps.chain(herd().map(Subject::Herd)) {
        println!("{}", row(&subject)?);
    }
    Ok(())
}

/// Serves as a step, at a free port. The other server of step 12 stays away.
fn serve(number: usize) -> io::Result<()> {
    let door = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", door.local_addr()?);
    match STEPS.get(number - 1) {
        Some((_, serve)) => serve(door),
        None => s12_peers::serve(door, 1, ([127, 0, 0, 1], free_port()?).into()),
    }
}

/// The program as it is built beside the examples, if it is.
fn herd() -> Option<PathBuf> {
    let examples = std::env::current_exe().ok()?.parent()?.to_path_buf();
    Some(examples.join("../herd")).filter(|path| path.exists())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// One row of the table.
fn row(subject: &Subject) -> io::Result<String> {
    let name = match subject {
        Subject::Step(12) => "12 peers".to_string(),
        Subject::Step(number) => format!("{number} {}", STEPS[number - 1].0),
        Subject::Herd(_) => "herd serve".to_string(),
    };
    let answer = subject.answer();
    let served = crowd(&Server::start(subject, None)?, answer)?;
    let memory = glutton(&Server::start(subject, None)?, answer)?;
    let waits = beside_a_flood(&Server::start(subject, None)?, answer);
    let [median, p99] = waits.map_or(["none".into(), "none".into()], |waits| {
        waits.map(|wait| format!("{:.0} µs", wait.as_secs_f64() * 1e6))
    });
    let calls = calls(subject).map_or("–".into(), |calls| format!("{calls:.2}"));
    let memory = memory as f64 / 1024.0;
    Ok(format!(
        "| {name} | {served} of 20 | {memory:.1} MiB | {median} | {p99} | {calls} |"
    ))
}

/// A server that is asked.
enum Subject {
    Step(usize),
    Herd(PathBuf),
}

impl Subject {
    /// The answer to `hello`.
    fn answer(&self) -> &'static str {
        match self {
            Subject::Step(1..=3) => "hello\n",
            _ => "? hello\n",
        }
    }

    /// The words that start it. A herd of one has a topology of its own.
    fn words(&self, folder: &Path) -> io::Result<Vec<String>> {
        let number = match self {
            Subject::Step(number) => number.to_string(),
            Subject::Herd(path) => {
                let (clients, servers) = (free_port()?, free_port()?);
                let line = format!("server Probe 127.0.0.1 clients={clients} servers={servers}\n");
                let topology = folder.join("topology.txt");
                fs::write(&topology, line)?;
                let (topology, folder) = (topology.display(), folder.display());
                let words = format!("serve Probe -t {topology} -d {folder} --places offline");
                let words = words.split(' ').map(String::from);
                return Ok([path.display().to_string()]
                    .into_iter()
                    .chain(words)
                    .collect());
            }
        };
        let program = std::env::current_exe()?.display().to_string();
        Ok(vec![program, "--serve".into(), number])
    }
}

/// A running server, which ends with this.
struct Server {
    process: Child,
    /// The process that serves; another one if a tracer was started.
    pid: Pid,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    /// Starts it, behind the words of a tracer if there is one.
    fn start(subject: &Subject, tracer: Option<&[String]>) -> io::Result<Server> {
        let folder = std::env::temp_dir().join(format!("probe-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let words = [tracer.unwrap_or_default(), &subject.words(&folder)?].concat();
        let mut process = Command::new(&words[0])
            .args(&words[1..])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut line)?;
        // A step says its address alone, and the herd says that of its clients' door first.
        let mut words = line.split(|char: char| char.is_whitespace() || char == ',');
        let address = words.find_map(|word| word.parse().ok());
        let mut pid = process.id() as i32;
        if tracer.is_some() {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
            let child = children
                .split_whitespace()
                .next()
                .and_then(|word| word.parse().ok());
            pid = child.unwrap_or(pid);
        }
        Ok(Server {
            process,
            pid: Pid::from_raw(pid),
            address: address.ok_or_else(|| io::Error::other(format!("no address: {line}")))?,
            folder,
        })
    }

    fn client(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(SECOND))?;
        stream.set_write_timeout(Some(SECOND))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Its most memory so far, in KiB.
    fn memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number
            .and_then(|word| word.parse().ok())
            .unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Asks once.
fn ask(client: &mut TcpStream, answer: &str) -> io::Result<()> {
    client.write_all(b"hello\n")?;
    let mut heard = vec![0; answer.len()];
    client.read_exact(&mut heard)?;
    match heard == answer.as_bytes() {
        true => Ok(()),
        false => Err(ErrorKind::InvalidData.into()),
    }
}

/// Twenty come while the server stands still: then it wakes, and they are one event.
fn crowd(server: &Server, answer: &str) -> io::Result<usize> {
    kill(server.pid, Signal::SIGSTOP)?;
    let clients: io::Result<Vec<_>> = (0..20).map(|_| server.client()).collect();
    kill(server.pid, Signal::SIGCONT)?;
    let deadline = Instant::now() + SECOND;
    let mut served = 0;
    for mut client in clients? {
        let left = deadline.saturating_duration_since(Instant::now());
        client.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        served += usize::from(ask(&mut client, answer).is_ok());
    }
    Ok(served)
}

/// Offers lines until all are taken, or none for a second, and reads no answer. The server's
/// memory after that, in KiB.
fn glutton(server: &Server, answer: &str) -> io::Result<u64> {
    let mut client = server.client()?;
    let line = format!("{}\n", "x".repeat(1023));
    let _ = (0..OFFERED / line.len()).try_for_each(|_| client.write_all(line.as_bytes()));
    // The kernel may have bytes that are not read yet. While they are read, the server grows.
    let mut polite = server.client()?;
    let mut before = 0;
    while server.memory()? > before {
        before = server.memory()?;
        (0..100).try_for_each(|_| ask(&mut polite, answer))?;
    }
    Ok(before)
}

/// Half of a polite client's questions wait longer than the first, and a hundredth longer than the
/// second.
fn beside_a_flood(server: &Server, answer: &str) -> io::Result<[Duration; 2]> {
    let mut polite = server.client()?;
    ask(&mut polite, answer)?;
    let mut rude = server.client()?;
    let mut reader = rude.try_clone()?;
    thread::spawn(move || io::copy(&mut reader, &mut io::sink()));
    thread::spawn(move || {
        let flood = "a\n".repeat(8 << 10);
        while rude.write_all(flood.as_bytes()).is_ok() {}
    });
    let mut waits = Vec::new();
    for _ in 0..QUESTIONS {
        let start = Instant::now();
        ask(&mut polite, answer)?;
        waits.push(start.elapsed());
    }
    waits.sort();
    Ok([waits[QUESTIONS / 2], waits[QUESTIONS * 99 / 100]])
}

/// System calls for a line, by the difference between a run with lines and one without.
fn calls(subject: &Subject) -> io::Result<f64> {
    let few = count_calls(subject, 1)?;
    let many = count_calls(subject, LINES + 1)?;
    Ok((many - few) / LINES as f64)
}

fn count_calls(subject: &Subject, lines: usize) -> io::Result<f64> {
    let report = std::env::temp_dir().join(format!("probe-calls-{}", std::process::id()));
    let words = format!("strace -f -c -U calls,name -o {}", report.display());
    let words: Vec<String> = words.split(' ').map(String::from).collect();
    let mut server = Server::start(subject, Some(&words))?;
    let mut client = server.client()?;
    let asked = (0..lines).try_for_each(|_| ask(&mut client, subject.answer()));
    // strace writes its report when the server ends.
    kill(server.pid, Signal::SIGKILL)?;
    server.process.wait()?;
    asked?;
    let text = fs::read_to_string(&report)?;
    fs::remove_file(&report)?;
    let total = text
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_suffix("total"));
    let count = total.and_then(|it| it.trim().parse().ok());
    count.ok_or(ErrorKind::InvalidData.into())
}
