//! The clients: one that asks and measures, one that says as much as is taken, one that lives
//! on while a fault goes on. Cheap, for servers and test share two cores.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::sheet::{Form, Sheet, median, short, time};
use super::support::client::{Client, now, seconds};
use super::support::wait::PATIENCE;

/// Between two questions of one who measures.
const PAUSE: Duration = Duration::from_micros(500);

/// An IAMAT of now.
pub fn iamat(client: &str) -> String {
    iamat_at(client, now())
}

/// An IAMAT of some time, in nanoseconds.
pub fn iamat_at(client: &str, nanoseconds: i128) -> String {
    let time = seconds(nanoseconds);
    format!("IAMAT {client} +34.068930-118.445127 {time}\n")
}

/// A connection that waits for nothing for ever.
pub fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// How long each of some answers took.
pub struct Delays(Vec<Duration>);

impl Delays {
    /// The longest of this percentage of the answers.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// Asks `count` times on one connection, one after the other, and measures. A wrong answer fails.
pub fn ask_again_and_again(port: u16, count: usize) -> Delays {
    let mut client = Client::of(port);
    let mut delays = Vec::new();
    for _ in 0..count {
        let line = iamat("asker");
        let start = Instant::now();
        let reply = client.ask(&line);
        delays.push(start.elapsed());
        assert!(reply.starts_with("AT "), "{reply}");
        thread::sleep(PAUSE);
    }
    Delays(delays)
}

/// Batches of turns that are measured at most, until one holds.
const BATCHES: usize = 3;

/// Measures one who asks, alone and beside a fault, turn about, and judges by the middle one of the
/// ratios: a machine that is busy for a while is so for both. Should that be too much, it measures
/// again: what others do to the machine passes, what the fault does to the server stays. `begin`
/// begins the fault, and what it gives ends it when it is dropped.
pub fn beside<T>(sheet: &mut Sheet, port: u16, most: f64, mut begin: impl FnMut() -> T) {
    let (rounds, questions) = (sheet.form.pick(1, 7), sheet.form.pick(200, 1_500));
    let mut batches = Vec::new();
    for _ in 0..sheet.form.pick(1, BATCHES) {
        let turns = (0..rounds).map(|_| {
            let alone = ask_again_and_again(port, questions).percentile(99);
            let fault = begin();
            let there = ask_again_and_again(port, questions).percentile(99);
            drop(fault);
            println!("p99: {} alone, {} beside it", time(alone), time(there));
            (there.as_secs_f64() / alone.as_secs_f64(), alone, there)
        });
        batches.push(median(turns.collect()));
        if batches.last().is_some_and(|(ratio, ..)| *ratio <= most) {
            break;
        }
    }
    let (ratio, alone, there) = *batches.last().unwrap();
    let (times, alone, there) = (short(ratio), time(alone), time(there));
    let text =
        format!("others' p99: {alone} alone, {there} beside it: {times} ×, at most {most} ×");
    sheet.timed(ratio <= most, text);
}

/// Something that goes on in a thread of its own until it is dropped.
pub struct Meanwhile<T = ()> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Meanwhile<T> {
    /// Begins it. It looks at the flag now and then, and ends when that is set.
    pub fn begin(act: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> Meanwhile<T> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let thread = thread::spawn(move || act(&flag));
        Meanwhile {
            stop,
            thread: Some(thread),
        }
    }

    /// Lets it go on for this long, ends it, and returns what it gives.
    pub fn lasting(self, time: Duration) -> T {
        thread::sleep(time);
        self.end()
    }

    /// Ends it, and returns what it gives.
    pub fn end(mut self) -> T {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl<T> Drop for Meanwhile<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its panic is told by its own message; a second one would end the program.
            let failed = thread.join().is_err();
            assert!(!failed || thread::panicking(), "what went on failed");
        }
    }
}

/// Is it over?
pub fn is_over(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}

/// A name as long as that of a real client, `…​.cs.ucla.edu`: one for each number.
pub fn name(mut number: usize) -> String {
    let mut text = *b"00000.cs.ucla.edu";
    for place in (0..5).rev() {
        text[place] = b"0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
        number /= 36;
    }
    String::from_utf8(text.to_vec()).unwrap()
}

/// Has each client of these numbers say where it is, as fast as the server takes it, and returns
/// how many were told AT; the others were told `? `.
pub fn fill(port: u16, clients: Range<usize>) -> usize {
    let stream = connect(port);
    let mut replies = BufReader::with_capacity(1 << 16, stream.try_clone().unwrap());
    let count = clients.len();
    let writer = thread::spawn(move || {
        let mut out = BufWriter::with_capacity(1 << 16, stream);
        let time = now();
        for client in clients {
            out.write_all(iamat_at(&name(client), time + client as i128).as_bytes())
                .unwrap();
        }
        out.flush().unwrap();
    });
    let (mut told, mut line) = (0, Vec::new());
    for _ in 0..count {
        line.clear();
        replies.read_until(b'\n', &mut line).unwrap();
        told += usize::from(line.starts_with(b"AT "));
        assert!(line.ends_with(b"\n"), "the end came instead of a reply");
    }
    writer.join().unwrap();
    told
}

/// One who sends these lines over and over as fast as they are taken, and reads every reply, but
/// does not look at it.
pub fn pipeline(port: u16, lines: Vec<u8>) -> Meanwhile<()> {
    Meanwhile::begin(move |flag| {
        let mut stream = connect(port);
        let mut reader = stream.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while matches!(reader.read(&mut buffer), Ok(1..)) {}
        });
        while !is_over(flag) {
            stream.write_all(&lines).unwrap();
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
        reader.join().unwrap();
    })
}

/// A load: what `bundle` says, with a last line behind it that no server understands, one every
/// `pause`, at these doors in turn. A door that is closed, or that closes, is tried again. Returns
/// how many bundles were answered to their end.
pub fn load(ports: Vec<u16>, pause: Duration, bundle: fn(usize) -> String) -> Meanwhile<u64> {
    Meanwhile::begin(move |flag| {
        let mut streams: Vec<Option<TcpStream>> = ports.iter().map(|_| None).collect();
        let (mut answered, mut due) = (0, Instant::now());
        for turn in 0.. {
            if is_over(flag) {
                break;
            }
            let door = turn % ports.len();
            if streams[door].is_none() {
                streams[door] = TcpStream::connect(("127.0.0.1", ports[door])).ok();
            }
            if let Some(stream) = &mut streams[door] {
                match exchange(stream, &bundle(turn)) {
                    Ok(()) => answered += 1,
                    Err(_) => streams[door] = None,
                }
            }
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        answered
    })
}

/// Says it, and reads until all is answered.
fn exchange(stream: &mut TcpStream, bundle: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{bundle}end\n").as_bytes())?;
    let (mut replies, mut buffer) = (Vec::new(), [0; 1 << 14]);
    while !replies.ends_with(b"? end\n") {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => replies.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(())
}

/// One of a hundred clients moves.
pub fn one_moves(turn: usize) -> String {
    iamat(&format!("load{}", turn % 100))
}

/// One of a hundred clients moves, and somebody asks, or says what is no command.
pub fn mixed(turn: usize) -> String {
    let client = turn % 100;
    let also = match turn % 8 {
        0 => format!("WHATSAT load{client} 10 5\n"),
        1 => format!("WHATSAT load{client} 50 20\n").repeat(4),
        2 => "WHATSAT nobody 1 1\n".to_string(),
        3 => "x".repeat(5_000) + "\n",
        _ => String::new(),
    };
    one_moves(turn) + &also
}

/// Lines that no server understands.
pub fn invalid_lines(form: Form) -> Vec<u8> {
    let line = "this is no command, and so it is answered with itself, which is as long again\n";
    line.repeat(form.pick(1_000, 10_000)).into_bytes()
}
